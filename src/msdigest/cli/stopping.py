"""Being asked to stop: Ctrl-C and SIGTERM end long work in order instead of in the middle of it."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


CALLS_END_FIRST = "Stopping when the calls under way have ended (once more: at once) …"


@dataclass(slots=True)
class Stop:
    """Whether this process was asked to stop. No lock: a signal handler must never wait for one."""

    asked: bool = False


@contextmanager
def stoppable(*actions: Callable[[], None], say: str = "") -> Iterator[Stop]:
    """Call ``actions`` and ``say`` so at the first signal, and go on; the second one ends the process at once.

    That is safe: what was begun and not written down is undone or listed as unknown at the next start.
    """
    stop = Stop()

    def handle(_signal: int, _frame: object) -> None:
        if stop.asked:
            os._exit(1)
        stop.asked = True
        for action in actions:
            action()
        if say:
            # The process may be in the middle of writing: nothing that takes a lock is used.
            os.write(sys.stderr.fileno(), f"{say}\n".encode())

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
