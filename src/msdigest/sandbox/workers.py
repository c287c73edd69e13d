"""The real ``Sandbox``: a few processes, each ended when it exceeds its limits."""

from __future__ import annotations

from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Self, TypeVar, cast

from msdigest.errors import CollectError
from msdigest.sandbox.calls import OURS, refuse_unless_named
from msdigest.sandbox.parent import Limits, Worker

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_USUAL = Limits()


class Workers:
    """Close it, or use it as a context manager. Any number of threads may share one; each waits for a free worker."""

    def __init__(self, *, count: int = 2, limits: Limits = _USUAL, packages: tuple[str, ...] = OURS) -> None:
        """Start nothing yet: the first calls do.

        count: of processes. packages: whose functions may be called.
        """
        self._limits = limits
        self._packages = packages
        self._places = BoundedSemaphore(count)
        self._lock = Lock()
        self._resting: list[Worker] = []
        self._busy: set[Worker] = set()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all workers; who waits for a busy one gets a LimitError."""
        with self._lock:
            self._closed = True
            resting, self._resting = self._resting, []
            for worker in self._busy:
                worker.kill()
        for worker in resting:
            worker.end()

    def run(self, function: Callable[..., T], *args: object) -> T:
        """Return ``function(*args)`` as ``Sandbox.run`` says."""
        refuse_unless_named(function, self._packages)
        with self._places:
            worker = self._rested() or self._started()
            try:
                return cast("T", worker.call(function, args))
            finally:
                self._give_back(worker)

    def _rested(self) -> Worker | None:
        """Return the worker that rested last, if there is one: its memory is warm."""
        with self._lock:
            while self._resting:
                worker = self._resting.pop()
                if worker.is_alive:
                    self._busy.add(worker)
                    return worker
                worker.end()
        return None

    def _started(self) -> Worker:
        try:
            worker = Worker(self._limits, self._packages)
        except OSError as error:
            message = f"No process could be started to read the answer: {error.strerror}"
            raise CollectError(message) from error
        with self._lock:
            if not self._closed:
                self._busy.add(worker)
                return worker
        worker.end()
        message = "the sandbox is closed"
        raise RuntimeError(message)

    def _give_back(self, worker: Worker) -> None:
        with self._lock:
            self._busy.discard(worker)
            if worker.stays and not self._closed:
                self._resting.append(worker)
                return
        worker.end()
