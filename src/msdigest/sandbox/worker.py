"""The process that reads hostile bytes: ``python -m msdigest.sandbox.worker SOCKET BYTES CALLS``.

It knows nothing but what it is asked, can open next to nothing, and ends with the socket to its parent.
"""

from __future__ import annotations

import pickle
import resource
import signal
import socket
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msdigest.sandbox.calls import answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# What came of a call: its length, then whether the worker goes on, then that many bytes.
LENGTH = 8
STAYS, LEAVES = b"\1", b"\0"
# With so much more memory than after its first call, a worker leaves.
_MOST_GROWTH = 128 * 2**20
_OPEN_FILES = 32


def serve(link: socket.socket, most_calls: int) -> None:
    """Answer one call after the other until the parent is gone or it is time to go."""
    calls = link.makefile("rb")
    before = None
    for number in range(1, most_calls + 1):
        try:
            # What comes from the parent can be trusted; reading it imports the function.
            function, args = pickle.load(calls)  # noqa: S301
            seconds = pickle.load(calls)  # noqa: S301 - as above
        except EOFError:
            return
        with _at_most(seconds):
            said = answer(function, args)
        del args
        held = _held()
        before = held if before is None else before
        leaves = number == most_calls or held - before > _MOST_GROWTH
        link.sendall(len(said).to_bytes(LENGTH) + (LEAVES if leaves else STAYS))
        link.sendall(said)
        if leaves:
            return


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """End this process, whatever it is doing, when it has computed for so long: SIGPROF is left to the system."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _held() -> int:
    """Return the bytes of memory that are in use now; where only the peak is known, the peak."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS counts bytes


def _limit(memory: int) -> None:
    """Take away what reading does not need: processes, files, core dumps, and memory without end."""
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
        resource.RLIMIT_AS: memory,
    }
    for kind, most in limits.items():
        hard = resource.getrlimit(kind)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(kind, (allowed, allowed))
        except (ValueError, OSError):
            # macOS refuses RLIMIT_AS, or takes it and forgets it: time is the only limit there.
            if kind != resource.RLIMIT_AS:
                raise


def main(arguments: Sequence[str]) -> None:
    """Serve the parent at the other end of the inherited socket."""
    number, memory, calls = arguments
    # A stop is the parent's business: it finishes its round, then we are told by the socket's end.
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPROF})
    _limit(int(memory))
    with socket.socket(fileno=int(number)) as link:
        serve(link, int(calls))


if __name__ == "__main__":
    main(sys.argv[1:])
