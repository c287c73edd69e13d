"""The parent's side of one worker process."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msdigest.errors import LimitError, MsdigestError
from msdigest.sandbox.calls import LOOK, result, too_much
from msdigest.sandbox.worker import LENGTH, STAYS

if TYPE_CHECKING:
    from collections.abc import Callable

# No secret of the operator's is among them.
_ENVIRONMENT = ("PATH", "PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_A_MOMENT = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one call may take.

    seconds, seconds_per_mb: of computing; the second for each MB that is to be read. Here, honest feeds of dense HTML
        take 1.2 s a MB.
    patience: times as many seconds may pass, on a machine that does other things, too.
    memory: bytes of address space. The worker itself has 80 MB, and took 220 MB for the largest honest answers.
    told: bytes that the result comes to. calls: after so many a new worker is better than an old one.
    """

    seconds: float = 4.0
    seconds_per_mb: float = 2.0
    patience: float = 5.0
    memory: int = 512 * 2**20
    told: int = 32 * 2**20
    calls: int = 1_000

    def seconds_for(self, size: int) -> float:
        """Return the seconds of computing for ``size`` bytes."""
        return self.seconds + self.seconds_per_mb * size / 2**20


class Worker:
    """One process, for one call at a time.

    stays: it can be asked again.
    """

    def __init__(self, limits: Limits, packages: tuple[str, ...]) -> None:
        """Start the process; raises OSError if the system has none left."""
        self._limits = limits
        self._packages = packages
        ours, theirs = socket.socketpair()
        self._link = _Link(ours)
        try:
            with theirs:
                self._process = _started(theirs.fileno(), limits)
        except OSError:
            self._link.close()
            raise
        self.stays = True

    @property
    def is_alive(self) -> bool:
        """Tell whether the process runs."""
        return self._process.poll() is None

    def call(self, function: Callable[..., Any], args: tuple[object, ...]) -> Any:
        """Return what ``function`` returned or raise what it raised; LimitError if the worker has to be given up."""
        self.stays = False  # until its answer is understood
        stays, said = self._asked(function, args)
        try:
            found = result(said, self._packages)
        except LimitError:  # it had no memory left, and may have lost some
            raise
        except MsdigestError:
            self.stays = stays
            raise
        except ValueError as error:
            message = f"Reading the answer led to nonsense, so it was given up: {LOOK}"
            raise LimitError(message) from error
        self.stays = stays
        return found

    def kill(self) -> None:
        """End the process; whoever waits for its answer learns that it is gone."""
        self._process.kill()

    def end(self) -> None:
        """End the process and forget it."""
        self._process.kill()
        self._process.wait()
        self._link.close()

    def _asked(self, function: Callable[..., Any], args: tuple[object, ...]) -> tuple[bool, bytearray]:
        """Return whether the worker stays, and the packed answer."""
        link, seconds = self._link, self._limits.seconds
        link.written = 0
        link.give(self._limits.patience * seconds)
        try:
            # Written as it is made: a body of 10 MB is not copied.
            pickle.Pickler(link, protocol=5).dump((function, args))
            seconds = self._limits.seconds_for(link.written)
            pickle.Pickler(link, protocol=5).dump(seconds)
            link.give(self._limits.patience * seconds)
            head = link.read(LENGTH + len(STAYS))
            size = int.from_bytes(head[:LENGTH])
            if size > self._limits.told:
                told = f"{size / 2**20:,.0f} MB to tell"
                raise too_much(told)
            return head[LENGTH:] == STAYS, link.read(size)
        except TimeoutError:
            passed = f"more than {self._limits.patience * seconds:.1f} seconds"
            raise too_much(passed) from None
        except (EOFError, ConnectionError):
            raise self._broken(seconds) from None

    def _broken(self, seconds: float) -> LimitError:
        """Tell why the process ended in the middle of a call."""
        try:
            status = self._process.wait(_A_MOMENT)
        except subprocess.TimeoutExpired:
            self.kill()
            status = self._process.wait()
        if status == -signal.SIGPROF:
            return too_much(f"more than {seconds:.1f} seconds of computing")
        name = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        return LimitError(f"Reading the answer broke the process that read it ({name}), so it was given up: {LOOK}")


class _Link:
    """A socket whose every wait ends at the same moment.

    written: bytes since that moment was set first.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._until = 0.0
        self.written = 0

    def give(self, seconds: float) -> None:
        """Set the moment: ``seconds`` from now."""
        self._until = time.monotonic() + seconds

    def write(self, data: bytes | memoryview) -> None:
        """Send all of ``data``."""
        self._wait_at_most()
        self._socket.sendall(data)
        self.written += len(data)

    def read(self, size: int) -> bytearray:
        """Return the next ``size`` bytes; raises EOFError if there are none to come."""
        data = bytearray(size)
        rest = memoryview(data)
        while rest:
            self._wait_at_most()
            got = self._socket.recv_into(rest)
            if not got:
                raise EOFError
            rest = rest[got:]
        return data

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _wait_at_most(self) -> None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)


def _started(socket_number: int, limits: Limits) -> subprocess.Popen[bytes]:
    """Start a worker that shares nothing with us but the socket and the places where modules are found.

    Nothing that it prints is kept: its words may be a source's. A stop from the terminal is for us alone.
    """
    command = [sys.executable, "-B", "-P", "-m", "msdigest.sandbox.worker"]
    places = os.pathsep.join(str(Path(place).absolute()) for place in sys.path if place)
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    return subprocess.Popen(  # noqa: S603 - nothing in it comes from outside
        [*command, str(socket_number), str(limits.memory), str(limits.calls)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[socket_number],
        env={**kept, "PYTHONPATH": places},
        cwd="/",
        process_group=0,
    )
