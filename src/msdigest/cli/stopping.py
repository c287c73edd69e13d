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
_CUT_OFF = "A call that would not end was cut off: the next start asks the provider what became of it.\n"
# Whoever stops a service waits a few seconds, then kills.
LONGEST = 4.0


@dataclass(slots=True)
class Stop:
    """Whether this process was asked to stop. No lock: a signal handler must never wait for one."""

    asked: bool = False


@contextmanager
def stoppable(*actions: Callable[[], None], say: str = "") -> Iterator[Stop]:
    """Call ``actions`` and ``say`` so at the first signal, and go on; the second one ends the process at once.

    So does time: what has not ended after ``LONGEST`` seconds is cut off. Both are safe: what was begun and not written
    down is undone or listed as unknown at the next start.
    """
    stop = Stop()

    def cut_off(_signal: int, _frame: object) -> None:
        os.write(sys.stderr.fileno(), _CUT_OFF.encode())
        os._exit(1)

    def handle(_signal: int, _frame: object) -> None:
        if stop.asked:
            os._exit(1)
        stop.asked = True
        for action in actions:
            action()
        if say:
            # The process may be in the middle of writing: nothing that takes a lock is used.
            os.write(sys.stderr.fileno(), f"{say}\n".encode())
            signal.setitimer(signal.ITIMER_REAL, LONGEST)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    before[signal.SIGALRM] = signal.signal(signal.SIGALRM, cut_off)
    try:
        yield stop
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
