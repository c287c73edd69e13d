"""What a worker answers, as its parent takes it: values, errors that a source can have, and nothing else."""

from __future__ import annotations

import math

import pytest
from tests.sandbox import reading

from msdigest.errors import CollectError, FetchError, LimitError, StatusError
from msdigest.sandbox.calls import Answer, answer, result
from msdigest.sandbox.values import packed

OURS = ("msdigest", "tests")


@pytest.mark.parametrize(
    ("function", "args", "error", "words"),
    [
        (reading.asks_too_much, ("slowly",), StatusError, "429, slowly"),
        (reading.raises, (FetchError, "https://x.example/"), FetchError, "x.example"),
        (reading.breaks, ("secret",), CollectError, r"fault of msdigest \(KeyError\)$"),
        (reading.touches_the_store, (), CollectError, r"fault of msdigest \(StoreError\)$"),
        (reading.value, ("object",), CollectError, r"fault of msdigest \(NotPlainError\)$"),
        (reading.loses_its_memory, (), LimitError, "more memory than it may have"),
    ],
)
def test_what_was_raised(function, args, error, words) -> None:
    """Whatever happens in a call, an answer can be made of it."""
    with pytest.raises(error, match=words) as caught:
        result(answer(function, args), OURS)
    assert type(caught.value) is error


def test_what_was_returned() -> None:
    """A value that looks like an answer is a value."""
    assert result(answer(reading.echo, (Answer("fault", "x"),)), OURS) == (Answer("fault", "x"),)


LIES = {
    "no answer": "value",
    "a value alone": ("value", 1),
    "another outcome": Answer("wish", 1),
    "memory, with words": Answer("memory", "give me more"),
    "a fault that is no name": Answer("fault", "Key Error: hostile words"),
    "a fault that is no text": Answer("fault", 7),
    "an error in other parts": Answer("error", ("StatusError", ("x",))),
    "an error of nobody's": Answer("error", ("NoSuchError", ("x",), {})),
    "an error that stops the round": Answer("error", ("StoreError", ("x",), {})),
    "an error that is a function": Answer("error", ("dataclass", ("x",), {})),
    "an exception of Python's": Answer("error", ("TYPE_CHECKING", ("x",), {})),
    "an error that holds more": Answer("error", ("StatusError", (("x",),), {})),
    "an error with a state that holds more": Answer("error", ("StatusError", ("x",), {"retry_after": [1]})),
    "an error that waits for ever": Answer("error", ("StatusError", ("x",), {"status": 429, "retry_after": math.inf})),
    "an error that waits for no number": Answer("error", ("StatusError", ("x",), {"retry_after": math.nan})),
}


@pytest.mark.parametrize("said", LIES.values(), ids=LIES)
def test_what_no_worker_of_ours_says(said) -> None:
    """It is refused, and nothing is raised or made of it."""
    with pytest.raises(ValueError, match="this is no"):
        result(packed(said), OURS)


def test_a_long_name() -> None:
    """A fault's name is a name, not a message."""
    with pytest.raises(CollectError) as caught:
        result(packed(Answer("fault", "x" * 1_000)), OURS)

    assert len(str(caught.value)) < 150
