"""`msdigest reconcile`: what is in doubt is asked about, listed, and decided; and who stops or waits is told of it."""

from __future__ import annotations

import json
import re
import shutil
import signal
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.cli.calling import Told, call, start
from tests.sinks.engine import Engine
from tests.sinks.mailgun import KEY, MailgunService, service
from tests.site import opened, write_site
from tests.steps.scene import ENTRIES, PEOPLE, ROWS, bring

from msdigest.cli import issues
from msdigest.engines.clock import SystemClock
from msdigest.model.clock import FixedClock
from msdigest.providers.fake import LOST, FakeProvider, accepting, replying
from msdigest.store import keeping

DAY = timedelta(days=1)
NOWHERE = "http://127.0.0.1:9"
# Seconds within which a process that is asked to stop has ended.
AT_MOST = 5.0


class Site:
    """The commands of one site, whose provider is an engine with faults."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config" / "msdigest.toml"

    def aim(self, engine: Engine) -> Site:
        """Let the provider be there where ``engine`` listens."""
        text = self.config.read_text(encoding="utf-8")
        self.config.write_text(re.sub(r'base_url = ".*"', f'base_url = "{engine.base_url}"', text), encoding="utf-8")
        return self

    def call(self, *words: object) -> Told:
        return call("--config", self.config, *words)

    def json(self, *words: object) -> Any:
        told = self.call(*words, "--json")
        assert told.status == 0, told.err
        return json.loads(told.out)

    @property
    def account(self) -> dict[str, int]:
        return self.json("deliveries", 1)["account"]


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator's key is in the environment."""
    monkeypatch.setenv("SINK_KEY", KEY)


@pytest.fixture(scope="module")
def drafted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a site with a draft of yesterday's entries and 25 people, who are two calls."""
    folder = tmp_path_factory.mktemp("drafted")
    clock = SystemClock()
    with opened(write_site(folder, provider="mailgun", base_url=NOWHERE), clock) as app:
        bring(app, ROWS.replace(",large,", ",standard,").replace(",yes\n", ",no\n"))
        with app.database.writing() as connection:
            yesterday = clock.now() - timedelta(days=1)
            found = [keeping.Found(entry=replace(each, published=yesterday), shown="", marks=()) for each in ENTRIES]
            keeping.keep(connection, found, source="blog", gone=(), now=clock.now())
        assert app.compose(app.digest("weekly"))
    return folder


@pytest.fixture
def site(drafted: Path, tmp_path: Path) -> Site:
    """A copy of it."""
    shutil.copytree(drafted, tmp_path / "site")
    return Site(tmp_path / "site")


@pytest.fixture(scope="module")
def lost(drafted: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, MailgunService]:
    """The folder of a site of which both calls ended in doubt, and the provider that took them all the same."""
    folder = tmp_path_factory.mktemp("lost") / "site"
    shutil.copytree(drafted, folder)
    with (
        pytest.MonkeyPatch.context() as environment,
        Engine(service(), plan=lambda _: "read_then_close acted") as engine,
    ):
        environment.setenv("SINK_KEY", KEY)
        made = Site(folder).aim(engine)
        for words in (("issue", "send", 1), ("run", "--once")):
            told = made.call(*words)
            assert told.status == 0, told.err
        assert made.account["unknown"] == PEOPLE == engine.accepted.total()
    return folder, engine.service


@pytest.fixture
def doubtful(lost: tuple[Path, MailgunService], tmp_path: Path) -> Site:
    """A copy of it."""
    shutil.copytree(lost[0], tmp_path / "site")
    return Site(tmp_path / "site")


# --------------------------------------------------------------------------------------------------------- asking


def test_what_the_provider_knows_is_settled(doubtful, lost) -> None:
    """Told in one line; then nothing is in doubt, and nobody was sent anything again."""
    with Engine(lost[1]) as engine:
        told = doubtful.aim(engine).call("reconcile")
        again = doubtful.call("reconcile", 1)

    assert (told.status, told.err) == (0, "")
    assert told.out == f"The provider was asked: {PEOPLE} accepted.\nNothing is in doubt.\n"
    assert (again.status, again.out) == (0, "Nothing is in doubt.\n")
    assert doubtful.account["accepted"] == PEOPLE
    assert (engine.sent_calls, engine.troubles) == (0, [])


def test_what_it_does_not_know_is_listed_with_what_can_be_decided(doubtful) -> None:
    """A line a call: its issue, how many, when they are asked about next, and what is known; nobody's address."""
    with Engine(service()) as engine:
        told = doubtful.aim(engine).call("reconcile")
    lines = told.out.splitlines()

    assert (told.status, told.err) == (0, "")
    assert re.split(r"  +", lines[0]) == ["issue", "called", "unknown", "asked again", "what is known"]
    assert sorted(int(re.split(r"  +", line.strip())[2]) for line in lines[1:3]) == [9, 16]
    assert all("asked 1 x, mailgun does not know of it (last 20" in line for line in lines[1:3])
    assert "`msdigest deliveries 1 --state unknown` lists them one by one." in told.out
    assert "`msdigest reconcile 1 --send-again` (some may get it twice)" in told.out
    assert "`--count-as-sent` (some may not get it)" in told.out
    assert "@" not in told.out


def test_the_document(doubtful, lost) -> None:
    """What was settled and decided, and each call with its people, when it was made and what was found out."""
    with Engine(service()) as engine:
        before = doubtful.aim(engine).json("reconcile")
        one = doubtful.json("reconcile", 1)
    with Engine(lost[1]) as engine:
        after = doubtful.aim(engine).json("reconcile", 1)
    unknown = doubtful.json("deliveries", 1)["deliveries"]
    (call_, _) = before["unknown"]

    assert (before["settled"], before["decided"]) == ({}, 0)
    assert set(call_) == {"issue", "provider", "attempt", "called_at", "asked", "ask_at", "evidence", "subscribers"}
    assert (call_["issue"], call_["provider"], call_["asked"]) == (1, "mailgun", 1)
    assert re.fullmatch(r"[0-9a-f]{32}", call_["attempt"])
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", call_["called_at"])
    assert call_["ask_at"] > call_["called_at"]
    assert sorted(who for each in before["unknown"] for who in each["subscribers"]) == sorted(
        each["subscriber"] for each in unknown
    )
    assert [each["asked"] for each in one["unknown"]] == [2, 2]
    assert after == {"settled": {"accepted": PEOPLE}, "decided": 0, "unknown": []}


def test_a_provider_that_cannot_be_reached_is_no_fault_of_the_command(doubtful) -> None:
    """What stood in the way is what is known; it does not count as an answer."""
    with Engine(service()) as engine:
        told = doubtful.aim(engine).json
        doubtful.config.write_text(doubtful.config.read_text().replace(engine.base_url, engine.closed_url))
        calls = told("reconcile")["unknown"]

    assert [each["asked"] for each in calls] == [0, 0]
    assert all("127.0.0.1" in each["evidence"] for each in calls)


def test_a_key_that_is_refused_is_told_with_the_call(doubtful, monkeypatch) -> None:
    """With what to look at, and without the key."""
    monkeypatch.setenv("SINK_KEY", "another-key")
    with Engine(service()) as engine:
        told = doubtful.aim(engine).call("reconcile")

    assert (told.status, told.err) == (0, "")
    assert "401" in told.out
    assert "another-key" not in told.out


def test_where_nothing_is_in_doubt(site) -> None:
    """Neither of an issue that was not sent yet, nor of any."""
    assert site.call("reconcile") == (0, "Nothing is in doubt.\n", "")
    assert site.json("reconcile", 1) == {"settled": {}, "decided": 0, "unknown": []}


# -------------------------------------------------------------------------------------------------------- deciding


def test_sending_again(doubtful) -> None:
    """Who is unknown is queued, and got by the next run; those whom the provider knew are not."""
    with Engine(service()) as engine:
        told = doubtful.aim(engine).call("reconcile", 1, "--send-again")
        queued = doubtful.account
        ran = doubtful.call("run", "--once")

    assert (told.status, told.err) == (0, "")
    assert told.out == f"{PEOPLE} deliveries queued again, for `msdigest run` to send.\nNothing is in doubt.\n"
    assert (queued["pending"], queued["unknown"]) == (PEOPLE, 0)
    assert (ran.status, doubtful.account["accepted"]) == (0, PEOPLE)
    assert (engine.accepted.total(), set(engine.accepted.values())) == (PEOPLE, {1})


def test_what_the_provider_knows_needs_no_decision(doubtful, lost) -> None:
    """It is asked first: nobody gets it twice because somebody decided in haste."""
    with Engine(lost[1]) as engine:
        told = doubtful.aim(engine).json("reconcile", 1, "--send-again")
        doubtful.call("run", "--once")

    assert told == {"settled": {"accepted": PEOPLE}, "decided": 0, "unknown": []}
    assert engine.sent_calls == 0


@pytest.mark.parametrize(("name", "who"), [(["--as", "Ada"], "Ada"), ([], "an editor")])
def test_counting_as_sent(doubtful, name, who) -> None:
    """Everybody who is unknown has it, with the reason and who said so; nobody is asked or sent again."""
    with Engine(service()) as engine:
        told = doubtful.aim(engine).call("reconcile", 1, "--count-as-sent", *name)
        again = doubtful.json("reconcile", 1, "--count-as-sent")
    people = doubtful.json("deliveries", 1)["deliveries"]

    assert (told.status, told.err) == (0, "")
    assert told.out == f"{PEOPLE} deliveries counted as sent.\nNothing is in doubt.\n"
    assert {(each["state"], each["reason"]) for each in people} == {("accepted", f"counted as sent by {who}")}
    assert again == {"settled": {}, "decided": 0, "unknown": []}
    assert engine.sent_calls == 0


def test_what_is_held_says_how_it_goes_on(doubtful) -> None:
    """`msdigest run` alone would not send it."""
    with opened(doubtful.config, SystemClock()) as app, app.database.writing() as connection:
        connection.exec_driver_sql("update issues set state = 'held'")
    with Engine(service()) as engine:
        told = doubtful.aim(engine).call("reconcile", 1, "--send-again")

    assert told.out.startswith(f"{PEOPLE} deliveries queued again, for `msdigest issue resume 1` to send.\n")


def test_what_nobody_is_sent_any_more_is_not_sent_again(doubtful) -> None:
    """One sentence with the state; everybody stays unknown."""
    with opened(doubtful.config, SystemClock()) as app, app.database.writing() as connection:
        connection.exec_driver_sql("update issues set state = 'cancelled'")
    with Engine(service()) as engine:
        told = doubtful.aim(engine).call("reconcile", 1, "--send-again")

    assert (told.status, told.out) == (1, "")
    assert told.err == "msdigest: issue 1 is cancelled: nobody is sent it any more\n"
    assert doubtful.account["unknown"] == PEOPLE


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["1", "--send-again", "--count-as-sent"], 2, "are two decisions: take one"),
        (["--send-again"], 2, "Name the issue: `msdigest reconcile N --send-again`"),
        (["--count-as-sent", "--as", "Ada"], 2, "whom to decide about?"),
        (["1", "--as", "Ada"], 2, "--as NAME belongs to a decision"),
        (["seven"], 2, "Invalid value for"),
        (["0"], 2, "Invalid value for"),
        (["9" * 30], 2, "Invalid value for"),
        (["1", "2"], 2, "unexpected extra argument"),
        (["7"], 1, "msdigest: there is no issue 7: `msdigest issue list` shows those that exist"),
        (["7", "--send-again"], 1, "msdigest: there is no issue 7"),
    ],
)
def test_wrong_words(site, words, status, sentence) -> None:
    """Told before anything is asked or decided."""
    told = site.call("reconcile", *words)

    assert (told.status, told.out) == (status, "")
    assert sentence in re.sub(r"[\s│]+", " ", told.err)


# ----------------------------------------------------------------------------------------------- what others tell


def test_who_waits_for_the_mail_waits_until_it_was_asked_once(site) -> None:
    """An answer that was lost is found out before the command ends: nobody has to look after it."""
    with Engine(service(), plan=lambda number: "read_then_close acted" if number == 0 else None) as engine:
        told = site.aim(engine).call("issue", "send", 1, "--wait")
        deliveries = site.call("deliveries", 1)

    assert told.status == 0
    assert "unknown:" not in told.err + deliveries.err
    assert site.account["accepted"] == PEOPLE == engine.accepted.total()
    assert set(engine.accepted.values()) == {1}


def test_who_waited_in_vain_is_told_what_to_do(site) -> None:
    """The provider was asked and does not know: the command ends all the same, and says where to read on."""
    with Engine(service(), plan=lambda number: "read_then_close" if number == 0 else None) as engine:
        told = site.aim(engine).call("issue", "send", 1, "--wait")
    unknown = site.account["unknown"]
    listed = site.call("deliveries", 1)

    assert told.status == 0
    assert unknown in {9, 16}
    for err in (told.err, listed.err):
        assert f"{unknown} deliveries unknown: `msdigest reconcile 1` asks the provider, as `msdigest run` does" in err
    assert engine.accepted.total() == PEOPLE - unknown


@pytest.mark.parametrize(
    ("first", "then", "wait"),
    [
        pytest.param(
            replying(429, retry_after="600"), accepting, 600, id="it asks to wait: so do those who were not called"
        ),
        pytest.param(LOST, accepting, 2, id="one in doubt: until it is asked"),
        pytest.param(LOST, replying(429, retry_after="7"), 7, id="nor is it asked before it may be called"),
        pytest.param(accepting, accepting, None, id="nothing"),
    ],
)
def test_how_long_a_waiting_sender_sleeps(site, first, then, wait) -> None:
    """Until something may be done: it does not look again and again while the provider asked for a pause."""
    answers = iter([first, then])
    with opened(site.config, FixedClock(SystemClock().now())) as app:
        app.__dict__["provider"] = FakeProvider(lambda ids: _answered(next(answers, accepting), ids), remembers=DAY)
        app.freeze(app.issue(1))
        app.deliver(issue=1)
        due = issues._next_due(app, 1)
        now = app.clock.now()

    assert due == (None if wait is None else now + timedelta(seconds=wait))


def test_a_waiting_sender_does_not_wait_for_what_is_in_doubt_for_long(site) -> None:
    """Three calls that were lost make a pause of five seconds; then each is asked about once, and nobody waits more."""
    began = SystemClock().now()
    with opened(site.config, FixedClock(began)) as app:
        app.__dict__["provider"] = provider = FakeProvider(lambda _: LOST, remembers=DAY)
        app.freeze(app.issue(1))
        app.deliver(issue=1)
        while due := issues._next_due(app, 1):
            app.clock.instant = due
            app.deliver(issue=1)
        waited = (app.clock.now() - began).total_seconds()
        left = app.account(1).unknown

    assert (waited, len(provider.asked), left) == (5.0, 3, PEOPLE)


def _answered(answer, ids):
    return answer(ids) if callable(answer) else answer


def test_a_service_finds_out_by_itself(doubtful, lost) -> None:
    """The next round asks what the last one left in doubt."""
    with Engine(lost[1]) as engine:
        ran = doubtful.aim(engine).call("run", "--once")

    assert ran.status == 0
    assert (doubtful.account["accepted"], engine.sent_calls) == (PEOPLE, 0)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("issue", "send", 1, "--wait"), 1, "A call that would not end was cut off: the next start asks the provider"),
        (("run", "--once"), 1, "A call that would not end was cut off: the next start asks the provider"),
        (("run", "--port", 0), 0, "A task was cut off; the next start takes it up."),
    ],
    ids=["issue send --wait", "run --once", "run"],
)
def test_a_provider_that_hangs_keeps_nobody_from_stopping(site, words, status, said) -> None:
    """One SIGTERM, and it ends in time; the next start lists those who are unknown, asks, and sends the rest."""
    with Engine(service(), plan=lambda number: "read_then_hang acted" if number < 2 else None) as engine:
        assert site.aim(engine).call("issue", "send", 1).status == 0
        with start("--config", site.config, *words) as process:
            assert engine.wait_until_played(2)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=30)
            seconds = time.monotonic() - began
        left = site.account
        following = site.call("run", "--once")

    assert (process.returncode, seconds < AT_MOST) == (status, True)
    assert said in err
    assert left["in_flight"] == PEOPLE
    assert f"{PEOPLE} deliveries unknown: a process ended while the provider was being called" in following.err
    assert site.account["accepted"] == PEOPLE == engine.accepted.total()
    assert set(engine.accepted.values()) == {1}
