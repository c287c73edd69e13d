"""Being asked to stop: Ctrl-C and SIGTERM end long work in order instead of in the middle of it."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(slots=True)
class Stop:
    """Whether this process was asked to stop. No lock: a signal handler must never wait for one."""

    asked: bool = False


@contextmanager
def stoppable(*actions: Callable[[], None]) -> Iterator[Stop]:
    """Call ``actions`` at the first signal and go on; the second one ends the process where it stands.

    That is safe: what was begun and not written down is undone or listed as unknown at the next start.
    """
    stop = Stop()

    def handle(_signal: int, _frame: object) -> None:
        if stop.asked:
            os._exit(1)
        stop.asked = True
        for action in actions:
            action()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
