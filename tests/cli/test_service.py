"""What stays: preview, serve and run listen where they should, and end in order when they are asked to."""

from __future__ import annotations

import json
import re
import signal
import socket
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest
from tests.cli.calling import call, start
from tests.sinks.mailgun import KEY, MailgunSink
from tests.site import opened, write_site

from msdigest.demo.world import subscribers_csv
from msdigest.engines.clock import SystemClock
from msdigest.store import issues as issue_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STAYING = ("preview", "serve", "run")
# Seconds within which a process that is asked to stop has ended.
AT_MOST = 5.0


def address(process) -> str:
    """Read standard error up to the line that tells where the process listens."""
    for line in process.stderr:
        if found := re.search(r"http://\S+", line):
            return found[0]
    raise AssertionError("it ended without listening")


def ended(process, number) -> tuple[int, float, str]:
    """Ask a process to stop; return its status, how long it took, and what it said last."""
    began = time.monotonic()
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    return process.returncode, time.monotonic() - began, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
@pytest.mark.parametrize("command", STAYING)
def test_it_answers_and_ends_in_order(copy, command, number) -> None:
    """It answers at the address it tells, and a signal ends it with status 0 and without a trace."""
    with start("--config", copy, command, "--port", "0") as process:
        with urlopen(address(process), timeout=20) as answer:
            status = answer.status
        code, seconds, err = ended(process, number)

    assert status == 200
    assert (code, err) == (0, "")
    assert seconds < AT_MOST


@pytest.mark.parametrize("command", STAYING)
def test_a_port_in_use_is_one_sentence(copy, command) -> None:
    """A port that somebody else has: status 1 and one sentence, before anything is begun."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        status, out, err = call("--config", copy, command, "--port", port)

    assert (status, out) == (1, "")
    assert err == (
        f"msdigest: 127.0.0.1, port {port}: cannot listen there (Address already in use): choose another with --port\n"
    )


def test_preview_listens_on_loopback_only(copy) -> None:
    """Nobody but this machine can reach the preview, and there is no option that changes that."""
    with start("--config", copy, "preview", "--port", "0") as process:
        port = int(address(process).rstrip("/").rpartition(":")[2])
        with open("/proc/net/tcp", encoding="ascii") as table:  # noqa: PTH123  # a file of the kernel's
            listening = [line.split()[1] for line in table if line.split()[3] == "0A"]
        status, *_ = ended(process, signal.SIGTERM)

    assert f"0100007F:{port:04X}" in listening
    assert not [each for each in listening if each == f"00000000:{port:04X}"]
    assert status == 0
    assert call("--config", copy, "preview", "--host", "0.0.0.0").status == 2


@contextmanager
def silent_server() -> Iterator[tuple[str, threading.Event]]:
    """Accept connections and never answer; tell when the first one came."""
    asked, held = threading.Event(), []
    with socket.create_server(("127.0.0.1", 0)) as door:

        def accept() -> None:
            while True:
                try:
                    held.append(door.accept()[0])
                except OSError:
                    return
                asked.set()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{door.getsockname()[1]}/feed", asked
        door.shutdown(socket.SHUT_RDWR)
        for each in held:
            each.close()


def test_run_ends_while_a_source_keeps_it_waiting(tmp_path) -> None:
    """A visit that would take a minute is cut off; the web answers meanwhile; the next start visits again."""
    with silent_server() as (url, asked):
        config = write_site(tmp_path, sources=[{"id": "slow", "kind": "feed", "url": url}])
        with start("--config", config, "run", "--port", "0") as process:
            place = address(process)
            assert asked.wait(20)
            with urlopen(f"{place}style/site.css", timeout=20) as answer:
                status = answer.status
            code, seconds, err = ended(process, signal.SIGTERM)

    assert status == 200
    assert (code, err) == (0, "A task was cut off; the next start takes it up.\n")
    assert seconds < AT_MOST
    assert call("--config", config, "collect", "--due", "--source", "slow", "--json").status in {0, 1}


@pytest.fixture
def composed(demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[MailgunSink], Path]:
    """A site with 25 people and a draft, whose provider is a sink: takes the sink, returns the main file."""
    monkeypatch.setenv("SINK_KEY", KEY)

    def aimed_at(sink: MailgunSink) -> Path:
        base_url = re.search(r"http://127\.0\.0\.1:\d+", (demo / "config" / "sources.toml").read_text())[0]
        source = {"id": "kestrel", "kind": "feed", "url": f"{base_url}/kestrel/feed/"}
        config = write_site(tmp_path, sources=[source], provider="mailgun", base_url=sink.base_url)
        people = tmp_path / "people.csv"
        people.write_text(subscribers_csv(SystemClock().now().date()), encoding="utf-8")
        for words in (["collect"], ["subscribers", "import", people], ["issue", "compose", "weekly"]):
            status, _, err = call("--config", config, *words)
            assert status == 0, err
        return config

    return aimed_at


def account(config: Path) -> dict[str, int]:
    return json.loads(call("--config", config, "deliveries", "1", "--json").out)["account"]


def noticed(sink: MailgunSink) -> threading.Event:
    """Return what is set when the sink is called for the first time."""
    answer, called = sink.answer, threading.Event()

    def notice(number: int, to: list[str]) -> object:
        called.set()
        return answer(number, to)

    sink.answer = notice
    return called


def test_run_waits_for_the_answer_of_the_provider(composed) -> None:
    """Asked to stop during a call, it waits for the answer: nobody becomes unknown, and the status is 0."""
    with MailgunSink(delay=4.0) as sink:
        config, called = composed(sink), noticed(sink)
        assert call("--config", config, "issue", "send", "1").status == 0
        with start("--config", config, "run", "--port", "0") as process:
            assert called.wait(30)
            code, _, err = ended(process, signal.SIGTERM)
    told = account(config)

    assert code == 0
    assert "Waiting for the provider's answer" in err
    assert told["accepted"] == sink.accepted.total() > 0
    assert told["in_flight"] == told["unknown"] == 0


def test_a_second_signal_ends_it_at_once(composed) -> None:
    """Who does not want to wait asks twice: those in the call are unknown, one by one, at the next start."""
    with MailgunSink(delay=30.0) as sink:
        config, called = composed(sink), noticed(sink)
        with start("--config", config, "issue", "send", "1", "--wait") as process:
            assert called.wait(30)
            process.send_signal(signal.SIGINT)
            said = next(line for line in process.stderr if "Stopping" in line)
            code, seconds, _ = ended(process, signal.SIGINT)
        sink.delay = 0.0
        before = account(config)
        after_start = call("--config", config, "run", "--once")
    told = account(config)

    assert "once more: at once" in said
    assert code == 1
    assert seconds < AT_MOST
    assert told["unknown"] == before["in_flight"] > 0
    assert "`msdigest reconcile` tells what it says" in after_start.err


def test_a_waiting_sender_can_be_stopped(composed) -> None:
    """`issue send --wait` that waits for its provider's pleasure ends with 1 and says how to go on."""
    with MailgunSink(answer=lambda _number, _to: (429, {"Retry-After": "600"}, {"message": "too many"})) as sink:
        config, called = composed(sink), noticed(sink)
        with start("--config", config, "issue", "send", "1", "--wait") as process:
            assert called.wait(30)
            code, seconds, err = ended(process, signal.SIGINT)
    told = account(config)

    assert code == 1
    assert seconds < AT_MOST
    assert re.search(
        rf"msdigest: stopped with {told['pending']} messages of issue 1 queued: "
        r"`msdigest issue send 1 --wait` sends the rest\n$", err
    )  # fmt: skip
    assert told["in_flight"] == told["unknown"] == 0


def test_one_round_can_be_stopped(composed) -> None:
    """`run --once` that is asked to stop lets the calls under way end, and says that it is not done."""
    with MailgunSink(delay=1.0) as sink:
        config, called = composed(sink), noticed(sink)
        assert call("--config", config, "issue", "send", "1").status == 0
        with start("--config", config, "run", "--once") as process:
            assert called.wait(30)
            code, seconds, err = ended(process, signal.SIGTERM)
    told = account(config)

    assert code == 1
    assert seconds < AT_MOST
    assert "msdigest: stopped before everything was done: the next run takes it up" in err
    assert told["accepted"] == sink.accepted.total()
    assert told["in_flight"] == told["unknown"] == 0


def test_one_round_tells_what_it_sent(composed) -> None:
    """`run --once` tells each issue that it moved, and the account adds up."""
    with MailgunSink() as sink:
        config = composed(sink)
        assert call("--config", config, "issue", "send", "1").status == 0
        status, out, err = call("--config", config, "run", "--once")
    told = account(config)

    assert status == 0, err
    assert f"Issue 1 is sent: {told['candidates']} candidates" in out
    assert f"{told['accepted']} accepted" in out
    assert told["accepted"] == sink.accepted.total() > 0


def test_one_round_in_which_a_task_failed(composed) -> None:
    """`run --once` does the rest all the same, and ends with 1 and the fault: cron then writes to the operator."""
    with MailgunSink(answer=lambda _number, _to: (401, {}, {"message": "Invalid private key"})) as sink:
        config = composed(sink)
        assert call("--config", config, "issue", "send", "1").status == 0
        status, _, err = call("--config", config, "run", "--once")

    assert status == 1
    assert "401" in err
    assert "Traceback" not in err
    assert account(config)["pending"] > 0


def test_an_issue_composed_long_ago_is_sent_by_hand(composed) -> None:
    """`latest` holds what the timetable sends too late; an editor who sends an old draft wants it sent."""
    with MailgunSink() as sink:
        config = composed(sink)
        with opened(config) as app, app.database.writing() as connection:
            issue_store.postpone(connection, 1, not_later_than=datetime(2020, 1, 1, tzinfo=UTC))
        status, out, err = call("--config", config, "issue", "send", "1", "--wait", "--json")

    assert status == 0, err
    assert json.loads(out)["state"] == "sent"
    assert sink.accepted.total() > 0


def test_only_one_process_delivers(composed) -> None:
    """While `run` is at work, another `run` and `send --wait` are refused with the way out; `send` queues."""
    with MailgunSink() as sink:
        config = composed(sink)
        with start("--config", config, "run", "--port", "0") as process:
            address(process)
            second = call("--config", config, "run", "--once")
            waiting = call("--config", config, "issue", "send", "1", "--wait")
            draft = call("--config", config, "issue", "show", "1")
            queued = call("--config", config, "issue", "send", "1")
            code, *_ = ended(process, signal.SIGTERM)

    assert (second.status, second.err) == (
        1, "msdigest: Another msdigest process holds this database: stop it first.\n",
    )  # fmt: skip
    assert (waiting.status, waiting.err) == (
        1, "msdigest: another msdigest process delivers already: leave out --wait, and that one sends the issue\n",
    )  # fmt: skip
    assert ", draft" in draft.out
    assert queued.status == 0
    assert code == 0
