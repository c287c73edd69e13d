"""What every ``Sandbox`` keeps: worker processes, and the fake that runs in this one."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.collect.feed.visiting import POST, SOURCE, rss_document
from tests.sandbox import reading

from msdigest.collect.feed import reading as feed
from msdigest.errors import (
    AnswerError,
    CollectError,
    EmptyAnswerError,
    FetchError,
    LayoutError,
    LimitError,
    NotAFeedError,
    RobotsError,
    StatusError,
    UnreachableError,
)
from msdigest.markup.page import page
from msdigest.model.dates import PartialDate
from msdigest.model.entry import Enclosure, Entry, Fact, Identifier
from msdigest.ports import Reply
from msdigest.sandbox.fake import InProcess
from msdigest.sandbox.workers import Workers

PACKAGES = ("msdigest", "tests")
NOON = datetime(2026, 11, 20, 12, 0, 0, 5, tzinfo=UTC)
URL = "https://page.example/"
HTML = (
    "<html lang='en'><title>Page</title><main><h2>Calls</h2><p>[Updated 2024/05/20]<br>Words “with” marks.</p></main>"
)


@pytest.fixture(scope="module", params=["in process", "workers"])
def sandbox(request):
    if request.param == "in process":
        yield InProcess(packages=PACKAGES)
        return
    with Workers(packages=PACKAGES) as workers:
        yield workers


VALUES = {
    "nothing": None,
    "numbers": (0, -1, 2**80, 1.5, -0.0, float("inf"), True, False),
    "texts": ("", "MS – “é” 多发性硬化 🧠", "\ud800", "\0\x0b", '{"": "list"}', "x" * 199, "é" * 200, "🧠" * 5_000),
    "bytes": (b"", bytes(range(256)) * 4),
    "lists": [1, [2, (3, [4])], ()],
    "maps": {"": {"a": [1]}, "told": ("b",), "list": None, 7: "seven", -1: ""},
    "sets": ({"a", "b"}, frozenset({"c"}), set()),
    "times": (NOON, datetime(1, 1, 1), date(2026, 12, 31), timedelta(days=-1, microseconds=7)),  # noqa: DTZ001 - naive on purpose
    "facts": (PartialDate(2026, 12), Identifier("doi", "10.1/x"), Reply(status=200, url=URL, headers={"a": "b"}, body=b"\xff")),
    "entry": Entry(
        key="1", source="blog", title="T", url=URL, html="<p>é</p>" * 100, text="é\n" * 300, published=NOON, precision="minute",
        section=("A", "B"), enclosures=(Enclosure(URL, "audio/mpeg", 7),), same_as=(Identifier("pmid", "1"),),
        facts=(Fact(name="status", value="open", label="status", change="status"),), doubts=("why?",),
    ),
    "page": page(HTML, base_url=URL),
}  # fmt: skip


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_values_arrive_as_they_are(sandbox, value) -> None:
    """Plain and model values go there and come back: equal, of the same type, and another object."""
    (back,) = sandbox.run(reading.echo, value)

    assert back == value
    assert repr(back) == repr(value) or isinstance(value, tuple)
    assert type(back) is type(value)


def test_collectors_read_there(sandbox) -> None:
    """What a collector reads is the same as without a sandbox."""
    asked = (rss_document(POST), "application/rss+xml", SOURCE.url, SOURCE)

    assert sandbox.run(feed.read, *asked) == feed.read(*asked)


def test_the_callers_values_stay_as_they_are(sandbox) -> None:
    """A function gets values of its own."""
    numbers = [1, 2, 3]

    assert sandbox.run(reading.reverse, numbers) == [3, 2, 1]
    assert numbers == [1, 2, 3]


ERRORS = [
    (CollectError,),
    (CollectError, "none of the 3 rows has a date"),
    (StatusError, 503, "503, not now"),
    (NotAFeedError, "no feed but a page titled “<b>”"),
    (EmptyAnswerError,),
    (LimitError, "too large"),
    (AnswerError, "no JSON"),
    (LayoutError, "other headings"),
    (FetchError, URL),
    (UnreachableError, URL, "cut short"),
    (RobotsError, URL),
]


@pytest.mark.parametrize("parts", ERRORS, ids=lambda parts: parts[0].__name__)
def test_errors_of_sources_come_back_as_themselves(sandbox, parts) -> None:
    """Class, words and what they carry: their constructors are not asked again."""
    kind, *args = parts
    error = kind(*args)

    with pytest.raises(kind) as caught:
        sandbox.run(reading.raises, kind, *args)

    assert type(caught.value) is kind
    assert (str(caught.value), vars(caught.value)) == (str(error), vars(error))


@pytest.mark.parametrize(
    ("function", "args", "name"),
    [
        (reading.breaks, ("secret words",), "KeyError"),
        (reading.touches_the_store, (), "StoreError"),
        (reading.echo, (1, 2, object), "NotPlainError"),
        *((reading.value, (name,), "NotPlainError") for name in reading.VALUES),
    ],
)
def test_other_exceptions_are_named_and_no_more(sandbox, function, args, name) -> None:
    """The words of a fault may be the source's; and only what all processes understand comes back."""
    with pytest.raises(
        CollectError, match=rf"^Reading the answer failed through a fault of msdigest \({name}\)$"
    ) as caught:
        sandbox.run(function, *args)
    assert type(caught.value) is CollectError


def test_no_memory_left(sandbox) -> None:
    """Whoever runs out of memory is told so as one of ours."""
    with pytest.raises(LimitError, match="more memory than it may have"):
        sandbox.run(reading.loses_its_memory)


@pytest.mark.parametrize(
    "function",
    [lambda: 1, os.getpid, "".join, reading.Loose().__init__, feed._web_page, len],
    ids=["lambda", "of another package", "method of a value", "method", "private", "built in"],
)  # fmt: skip
def test_what_does_not_run_there(sandbox, function) -> None:
    """Only public functions of our modules do: a worker must find them again."""
    with pytest.raises(TypeError, match="only public functions of msdigest and tests run in the sandbox"):
        sandbox.run(function)


def test_many_threads(sandbox) -> None:
    """Each gets its own answer, after errors, too."""

    def ask(number):
        if number % 7:
            return sandbox.run(reading.echo, number, "x" * 1_000 * number)
        with pytest.raises(StatusError, match=str(number)) as caught:
            sandbox.run(reading.asks_too_much, number)
        return caught.value.retry_after

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, range(100)))

    assert answers == [(number, "x" * 1_000 * number) if number % 7 else 7.5 for number in range(100)]
