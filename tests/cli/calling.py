"""Calling the operators' door: in this process, which is fast, or in one of its own."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock

from msdigest.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Iterator


class Told(NamedTuple):
    """What a command came to."""

    status: int
    out: str
    err: str


class Screen(io.StringIO):
    """A terminal to write on."""

    def isatty(self) -> bool:
        return True


def call(*words: object, terminal: bool = False) -> Told:
    """Run ``msdigest WORDS`` in this process; its results go to no terminal unless ``terminal``."""
    out, err = Screen() if terminal else io.StringIO(), io.StringIO()
    named = ["msdigest", *map(str, words)]
    with mock.patch.object(sys, "argv", named), redirect_stdout(out), redirect_stderr(err), _logging_restored():
        try:
            main()
        except SystemExit as ended:
            return Told(int(ended.code or 0), out.getvalue(), err.getvalue())
    message = "a command ends with a status"
    raise AssertionError(message)


@contextmanager
def _logging_restored() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("msdigest")
    before, levels = root.handlers[:], (root.level, ours.level)
    try:
        yield
    finally:
        root.handlers[:] = before
        root.setLevel(levels[0])
        ours.setLevel(levels[1])


def start(*words: object, **more: object) -> subprocess.Popen[str]:
    """Start ``python -m msdigest WORDS`` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "msdigest", *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1", "SINK_KEY": "key-of-the-sink"},
        **more,
    )
