"""This machine and its address, judged: room, clock, site and webhook; and that no check hides another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from msdigest.errors import DeadlineError, RefusedError, UnreachableError
from msdigest.fetch.fake import FakeHttp
from msdigest.ports import Failure, Reply
from msdigest.steps.examining import machine, web
from msdigest.steps.examining.rounds import Round
from msdigest.steps.examining.verdicts import bad, good, warning

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SITE = "https://digest.example.org"
TITLE = "MS & Research"
VAR = Path("/srv/ms/var")


@pytest.mark.parametrize(
    ("free", "level", "words"),
    [
        (81_940_000_000, "good", "81.9 GB are free"),
        (1_000_000_000, "good", "1.0 GB are free"),
        (999_999_999, "warning", "999 MB are free"),
        (100_000_000, "warning", "100 MB are free"),
        (99_999_999, "bad", "99 MB are free"),
        (0, "bad", "0 MB are free"),
    ],
)
def test_room(free, level, words) -> None:
    """Less than a gigabyte is told, less than a tenth of it is bad."""
    found = machine.judge_room(free, folder=VAR)

    assert (found.level, found.subject) == (level, "disk")
    assert words in found.sentence
    assert str(VAR) in found.sentence


def test_room_where_nothing_is_yet(tmp_path) -> None:
    """A folder that will be made has the room of the one above it."""
    assert machine.there(tmp_path / "a" / "b") == tmp_path
    assert machine.room(tmp_path / "a" / "b") > 0


def called(date: str | None, *, after: timedelta = timedelta(0)) -> machine.Called:
    headers = {} if date is None else {"date": date}
    return machine.Called(
        reply=Reply(status=200, url="", headers=headers, body=b""), before=NOW, after=NOW + after
    )  # fmt: skip


OFFSETS = {
    "none asked": ([], None),
    "no time told": ([called(None), called("soon"), called("")], None),
    "no answer": ([machine.Called(reply=Failure("no", "lost"), before=NOW, after=NOW)], None),
    "the same": ([called("Fri, 20 Nov 2026 12:00:00 GMT")], timedelta(0)),
    "without a zone": ([called("Fri, 20 Nov 2026 12:00:00 -0000")], timedelta(0)),
    "in another zone": ([called("Fri, 20 Nov 2026 13:00:00 +0100")], timedelta(0)),
    "ahead of us": ([called("Fri, 20 Nov 2026 12:02:00 GMT")], 120 * SECOND),
    "behind us": ([called("Fri, 20 Nov 2026 11:59:00 GMT")], -60 * SECOND),
    "the middle of the call": ([called("Fri, 20 Nov 2026 12:00:10 GMT", after=20 * SECOND)], timedelta(0)),
    "the quickest answer": (
        [called("Fri, 20 Nov 2026 12:01:00 GMT", after=30 * SECOND), called("Fri, 20 Nov 2026 12:00:05 GMT", after=2 * SECOND)],
        4 * SECOND,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", OFFSETS)
def test_the_clocks_offset(case) -> None:
    """It is measured by what the provider says beside its answers."""
    calls, expected = OFFSETS[case]

    assert machine.offset(calls) == expected


@pytest.mark.parametrize(
    ("off", "level", "words"),
    [
        (None, "warning", "could not be compared"),
        (0 * SECOND, "good", "agrees"),
        (-60 * SECOND, "good", "agrees"),
        (61 * SECOND, "warning", "61 s behind the provider's"),
        (-300 * SECOND, "warning", "300 s ahead of the provider's"),
        (301 * SECOND, "bad", "301 s behind the provider's: signatures fail"),
        (-301 * SECOND, "bad", "301 s ahead of"),
    ],
)
def test_the_clock(off, level, words) -> None:
    """More than a minute is told, more than five are bad."""
    (found,) = machine.judge_clock(off)

    assert (found.level, found.subject) == (level, "clock")
    assert words in found.sentence


# The site


def page(status: int, body: str = "") -> Reply:
    return Reply(status=status, url=f"{SITE}/", headers={}, body=body.encode())


SITES = {
    "as it should be": (SITE, page(200, "<h1>MS &amp; Research</h1>"), [("good", "shows this site")]),
    "its title as it is": (SITE, page(200, "MS & Research"), [("good", "shows this site")]),
    "somebody else's": (SITE, page(200, "This domain is for sale"), [("warning", "not with the page of this site")]),
    "nothing there": (SITE, page(404), [("bad", "answers 404: run `msdigest publish`")]),
    "a fault": (SITE, page(502), [("bad", "answers 502")]),
    "not reached": (SITE, UnreachableError(SITE), [("bad", "readers cannot reach the site")]),
    "no TLS": (
        "http://digest.example.org",
        page(200, TITLE),
        [("bad", "must begin with https://"), ("good", "shows this site")],
    ),
}


@pytest.mark.parametrize("case", SITES)
def test_the_site(case) -> None:
    """Readers get to it by TLS, and find it."""
    url, answer, expected = SITES[case]
    found = list(web.judge_site(url, answer, title=TITLE))

    assert [each.level for each in found] == [level for level, _ in expected]
    assert all(words in each.sentence for each, (_, words) in zip(found, expected, strict=True))


def test_asking_the_site() -> None:
    """The first page is asked for; what cannot be had is a value, too."""
    network = FakeHttp({f"{SITE}/": page(200, TITLE)})

    assert web.gather_site(network, SITE).status == 200
    assert isinstance(web.gather_site(network, "https://gone.example"), UnreachableError)


HOOK = f"{SITE}/hooks/mailgun"
HOOKS = {
    "refused": (page(403), "good", "refuses a call that proves nothing (403)"),
    "not understood": (page(400), "good", "(400)"),
    "without credentials": (page(401), "good", "(401)"),
    "not there": (page(404), "bad", "answers 404: see that `msdigest run` is up and that /hooks leads to it"),
    "not to be called": (page(405), "bad", "answers 405"),
    "a fault": (page(503), "bad", "answers 503: see that `msdigest run` is up"),
    "taken": (page(200), "warning", "is it msdigest that answers?"),
    "too slow": (DeadlineError(HOOK), "bad", "cannot tell of bounces and complaints: The whole answer did not arrive"),
}


@pytest.mark.parametrize("case", HOOKS)
def test_the_webhook(case) -> None:
    """An empty call must be refused, by us."""
    answer, level, words = HOOKS[case]

    found = web.judge_hook(HOOK, answer)

    assert (found.level, found.subject) == (level, "webhook")
    assert words in found.sentence


def test_calling_the_webhook() -> None:
    """The call is empty and goes to the provider's own place."""
    network = FakeHttp({HOOK: page(403)})

    assert web.hook_url(f"{SITE}/", "mailgun") == HOOK
    assert web.gather_hook(network, HOOK).status == 403
    assert [(call.url, call.body) for call in network.asked] == [(HOOK, b"")]
    assert isinstance(web.gather_hook(network, f"{SITE}/hooks/other"), UnreachableError)


def test_a_provider_without_a_webhook() -> None:
    """It is told what to do instead."""
    assert "smtp tells nothing by webhook" in web.no_hook("smtp").sentence


# A round


def failing(error: Exception):
    def check():
        yield good("first", "it is fine")
        raise error

    return check


def test_a_check_that_fails_hides_nothing() -> None:
    """What it found is kept, why it failed is told, and the next one is made."""
    subjects: list[str] = []
    looking = Round({}, subjects.append)
    looking.look("ours", failing(RefusedError("this cannot be done")))
    looking.look("a mistake", failing(ZeroDivisionError("of the key 12345678")))
    looking.look("the next", lambda: [warning("the next", "look there")])

    assert looking.verdicts == [
        good("first", "it is fine"),
        bad("ours", "this cannot be done"),
        bad("a mistake", "it could not be looked at: the check itself failed (ZeroDivisionError)"),
        warning("the next", "look there"),
    ]
    assert subjects == ["ours", "a mistake", "the next"]


def test_nothing_is_told_twice() -> None:
    """What two questions find alike is one verdict."""
    looking = Round({}, lambda _: None)
    for _ in range(2):
        looking.look("disk", lambda: [good("disk", "fine")])

    assert looking.verdicts == [good("disk", "fine")]


def test_no_secret_and_no_address_is_told() -> None:
    """Whatever an answer repeats of our own key or of somebody's address is taken out."""
    options = {"api_key": "key-1234", "webhook_password": "p-4321-p", "domain": "mail.example.org", "port": "587"}
    looking = Round(options, lambda _: None)
    looking.look("x", lambda: [bad("x", "key-1234 of ada@example.org (p-4321-p) is refused by mail.example.org:587")])

    assert [each.sentence for each in looking.verdicts] == ["… of [address] (…) is refused by mail.example.org:587"]
