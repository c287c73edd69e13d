"""Worker processes: reused, limited, replaced, and gone when their parent is."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import pytest
from tests.collect.feed.visiting import SOURCE
from tests.sandbox import reading

from msdigest.collect.feed import reading as feed
from msdigest.errors import CollectError, LimitError
from msdigest.sandbox.parent import Limits, _Link
from msdigest.sandbox.workers import Workers

MB = 2**20
SHORT = Limits(seconds=0.3, patience=20.0)


@pytest.fixture
def new_workers():
    opened = []

    def make(limits=SHORT, **options):
        opened.append(Workers(**{"count": 1, "limits": limits, "packages": ("msdigest", "tests"), **options}))
        return opened[-1]

    yield make
    for workers in opened:
        workers.close()


@pytest.fixture
def workers(new_workers):
    return new_workers()


def is_there(process: int) -> bool:
    """Tell whether a process runs, or waits for its parent to hear that it has ended."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def gone(process: int) -> bool:
    """Wait until a process has ended, whoever's child it is."""
    for _ in range(500):
        if not is_there(process):
            return True
        time.sleep(0.01)
    return False


# Who works


def test_none_is_started_before_it_is_needed(new_workers) -> None:
    """A process that collects nothing has no workers."""
    workers = new_workers(count=2)

    assert not workers._resting
    workers.run(reading.process)
    assert len(workers._resting) == 1


def test_a_worker_is_used_again(workers) -> None:
    """Also after an error of the source's: starting one takes a quarter of a second."""
    first = workers.run(reading.process)
    with pytest.raises(CollectError):
        workers.run(reading.breaks, "x")

    assert workers.run(reading.process) == first != os.getpid()


def test_as_many_as_there_are_places(new_workers) -> None:
    """Whoever finds all workers busy waits for one."""
    workers = new_workers(count=2)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: workers.run(reading.waits, 0.05), range(8)))
        processes = set(threads.map(lambda _: workers.run(reading.process), range(8)))

    assert 1 <= len(processes) <= 2
    assert len(workers._resting) == 2


def test_a_worker_leaves_after_many_calls(new_workers) -> None:
    """And the next call does not notice."""
    workers = new_workers(Limits(calls=3))

    processes = [workers.run(reading.process) for _ in range(7)]
    assert [processes.count(each) for each in dict.fromkeys(processes)] == [3, 3, 1]


def test_a_worker_that_has_grown_leaves(workers) -> None:
    """What one answer leaves behind does not stay for ever."""
    processes = []
    for _ in range(4):
        processes.append(workers.run(reading.process))
        workers.run(reading.keeps, 80 * MB)

    assert processes[0] == processes[1] != processes[2] == processes[3]


def test_a_worker_that_died_at_rest_is_replaced(workers) -> None:
    """The answer that comes next is not to blame."""
    process = workers.run(reading.process)
    os.kill(process, signal.SIGKILL)
    os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)

    assert workers.run(reading.echo, 1) == (1,)


# Limits


TOO_MUCH = {
    "computing": (reading.computes, (), SHORT, "more than 0.3 seconds of computing"),
    "computing in C": (reading.computes_in_c, (), SHORT, "more than 0.3 seconds of computing"),
    "waiting": (reading.waits, (30,), Limits(seconds=0.1, patience=3.0), "more than 0.3 seconds,"),
    "limits taken off": (reading.takes_off_its_limits, (), Limits(seconds=0.1, patience=3.0), "more than 0.3 seconds,"),
    "memory": (reading.fills_memory, (), Limits(memory=256 * MB), "more memory than it may have"),
    "telling": (reading.tells_much, (3 * MB,), Limits(told=2 * MB), "3 MB to tell"),
    "abort": (reading.aborts, (), SHORT, r"broke the process that read it \(SIGABRT\)"),
    "fault of memory": (reading.reads_nowhere, (), SHORT, r"broke the process that read it \(SIGSEGV\)"),
    "exit": (reading.leaves, (0,), SHORT, r"broke the process that read it \(exit status 0\)"),
    "hanging up": (reading.hangs_up, (), SHORT, r"broke the process that read it \(SIGKILL\)"),
    "files": (reading.opens_many_files, (), SHORT, r"fault of msdigest \(OSError\)"),
}  # fmt: skip


@pytest.mark.parametrize(("function", "args", "limits", "words"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_too_much(new_workers, function, args, limits, words) -> None:
    """It ends with a sentence, soon, and the next call finds a worker."""
    workers = new_workers(limits)
    started = time.monotonic()

    with pytest.raises(CollectError, match=words) as caught:
        workers.run(function, *args)
    assert isinstance(caught.value, LimitError) is ("fault" not in words)
    assert time.monotonic() - started < 5
    assert workers.run(reading.echo, "next") == ("next",)


def test_larger_answers_have_more_time() -> None:
    """Honest answers of 10 MB took 12 s of computing."""
    assert Limits().seconds_for(0) == 4
    assert Limits().seconds_for(10 * MB) == 24


def test_the_time_is_each_calls_own(workers) -> None:
    """Many short calls are no long one, and the time at rest does not count."""
    processes = {workers.run(reading.process)}
    for _ in range(5):
        workers.run(reading.computes_for, 0.1)
        processes.add(workers.run(reading.process))

    assert len(processes) == 1


def test_nothing_is_written(workers, tmp_path) -> None:
    """Files can be made, but hold nothing."""
    with pytest.raises(CollectError, match="OSError"):
        workers.run(reading.writes_a_file, str(tmp_path))

    assert not any(file.stat().st_size for file in tmp_path.iterdir())


def test_it_knows_no_secrets(workers, monkeypatch) -> None:
    """Neither the operator's environment nor our files are handed down."""
    monkeypatch.setenv("MSDIGEST_KEY", "hidden")
    environment, files, folder = workers.run(reading.surroundings)

    assert "hidden" not in environment.values()
    assert files <= 5  # three of nothing, the socket, and the folder that is being listed
    assert folder == "/"


def test_its_words_go_nowhere(workers, capfd) -> None:
    """A source's words must not get into our output or logs."""
    workers.run(reading.babbles, "hostile words")

    assert capfd.readouterr() == ("", "")


def test_a_stop_is_for_the_parent(workers) -> None:
    """Ctrl-C and a service's stop leave the round to be finished."""
    assert workers.run(reading.ignores_stops) is True
    assert os.getpgid(workers.run(reading.process)) != os.getpgid(0)


LIES = {
    "noise": b"\xff" * 100,
    "no JSON": (4).to_bytes(8) + b"\1" + b"nope",
    "endless": (2**62).to_bytes(8) + b"\1",
    "pickle": (9).to_bytes(8) + b"\1" + b"\x80\x04Nr\0\0\0\x08.",
    "nothing": (0).to_bytes(8) + b"\1",
}


@pytest.mark.parametrize("said", LIES.values(), ids=LIES)
def test_a_worker_that_is_no_longer_ours(workers, said) -> None:
    """Whatever it says, it cannot do more than lose its place."""
    process = workers.run(reading.process)

    with pytest.raises(LimitError, match="given up"):
        workers.run(reading.answers_by_itself, said)
    assert gone(process)
    assert workers.run(reading.process) != process


def test_a_worker_that_drips() -> None:
    """A byte does not buy more time."""
    ours, theirs = socket.socketpair()
    link = _Link(ours)
    with theirs:
        theirs.sendall(b"x")
        link.give(-1.0)
        for ask in (lambda: link.read(2), lambda: link.write(b"x")):
            with pytest.raises(TimeoutError):
                ask()
        link.close()


# The end


def test_close_ends_all(new_workers) -> None:
    """Those at rest, and those that are busy; nobody waits for them."""
    workers = new_workers(Limits(), count=2)
    processes, errors, under_way = [], [], Event()
    processes.append(workers.run(reading.process))

    def ask():
        under_way.set()
        try:
            workers.run(reading.waits, 30)
        except CollectError as error:
            errors.append(str(error))

    asking = Thread(target=ask)
    asking.start()
    assert under_way.wait(10)
    while not workers._busy:
        time.sleep(0.001)
    workers.close()
    asking.join(10)

    assert not asking.is_alive()
    assert "SIGKILL" in errors[0]
    assert all(map(gone, processes))
    with pytest.raises(RuntimeError, match="closed"):
        workers.run(reading.process)


PARENT = """
import sys
from msdigest.sandbox.workers import Workers
from tests.collect.feed.visiting import SOURCE
from tests.sandbox import reading
workers = Workers(packages=("msdigest", "tests"))
print(workers.run(reading.process), flush=True)
sys.stdin.read()
"""


def test_workers_end_with_their_parent() -> None:
    """However it ends."""
    places = os.pathsep.join(place for place in sys.path if place)
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"PYTHONPATH": places}
    )
    with parent:
        process = int(parent.stdout.readline())
        assert is_there(process)
        parent.kill()

    assert gone(process)


def test_no_process_can_be_had(workers, monkeypatch) -> None:
    """A machine that is full says so in one sentence."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    with pytest.raises(CollectError, match="No process could be started to read the answer: No such file"):
        workers.run(reading.process)


def test_a_function_that_the_worker_cannot_find(workers) -> None:
    """A worker that cannot even begin is one that broke."""
    reading.echo.__module__, module = "tests.sandbox.nowhere", reading.echo.__module__
    try:
        with pytest.raises(Exception, match="nowhere"):
            workers.run(reading.echo)
    finally:
        reading.echo.__module__ = module
    assert workers.run(reading.echo, json.dumps(1)) == ("1",)


def test_what_cannot_be_sent(workers) -> None:
    """Arguments that are no plain values are our own mistake, and the worker is not left in the middle of them."""
    with pytest.raises(Exception, match="pickle"):
        workers.run(reading.echo, "x" * 100_000, lambda: 1)

    assert workers.run(reading.echo, 2) == (2,)


def test_loading_the_reader_is_no_reading(new_workers) -> None:
    """The first call has as much time as the others: feedparser takes longer to load than this."""
    workers = new_workers(Limits(seconds=0.1, patience=100.0))

    with pytest.raises(CollectError, match="is no feed but a page"):
        workers.run(feed.read, b"<html>", "text/html", "https://x.example/", SOURCE)
