"""Functions that tests have run in the sandbox: well-behaved ones and others."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from msdigest.errors import StatusError, StoreError


@dataclass
class Loose:
    """A dataclass that is not frozen."""

    value: int = 1


VALUES = {
    "object": object(),
    "generator": (number for number in ()),
    "loose": Loose(),
    "tuples as keys": {(1,): 2},
    "a set of tuples": {(1, 2)},
    "class": Loose,
}


def echo(*args):
    return args


def value(name):
    return VALUES[name]


def reverse(numbers):
    numbers.reverse()
    return numbers


def raises(kind, *args, **more):
    raise kind(*args, **more)


def asks_too_much(word):
    message = f"429, {word}"
    raise StatusError(429, message, retry_after=7.5)


def breaks(word):
    raise KeyError(word)


def touches_the_store():
    raise StoreError


def loses_its_memory():
    raise MemoryError


def process():
    return os.getpid()


def surroundings():
    """Return what the worker was told in its environment, how many files it holds open, and where it is."""
    return dict(os.environ), len(list(Path("/dev/fd").iterdir())), str(Path.cwd())


# Too much


def computes():
    while True:
        pass


def computes_for(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def computes_in_c():
    return re.match(r"(a+)+$", "a" * 60 + "b")


def waits(seconds):
    time.sleep(seconds)


def fills_memory():
    held = []
    while True:
        held.append(bytearray(2**24))


def keeps(size, kept=[]):  # noqa: B006 - what it keeps is the point
    kept.append(b"x" * size)


def tells_much(size):
    return "x" * size


# Broken or evil


def aborts():
    os.abort()


def reads_nowhere():
    return ctypes.string_at(0)


def leaves(status):
    os._exit(status)


def babbles(word):
    print(word)
    print(word, file=sys.stderr, flush=True)
    sys.stdin.read()
    os.write(2, word.encode())


def _link():
    """Return the socket to the parent, as somebody would find it who took the worker over."""
    (number,) = [path.name for path in Path("/dev/fd").iterdir() if path.is_socket()]
    return socket.socket(fileno=os.dup(int(number)))


def answers_by_itself(said):
    """Write ``said`` to the parent before the worker does."""
    with _link() as link:
        link.sendall(said)


def hangs_up():
    """Leave the parent alone, and live on."""
    with _link() as link:
        link.shutdown(socket.SHUT_RDWR)
    time.sleep(60)


def takes_off_its_limits():
    """Do what somebody would who took the worker over."""
    signal.setitimer(signal.ITIMER_PROF, 0)
    time.sleep(60)


def writes_a_file(folder):
    (Path(folder) / "written").write_text("words")


def opens_many_files():
    return len([open("/dev/null") for _ in range(100)])  # noqa: PTH123 - left open on purpose


def ignores_stops():
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(os.getpid(), name)
    return True
