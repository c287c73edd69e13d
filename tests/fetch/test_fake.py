"""The fake does as it is told, and remembers it."""

from __future__ import annotations

import pytest

from msdigest.errors import TooLargeError, UnreachableError
from msdigest.fetch.fake import FakeHttp
from msdigest.fetch.manners import Manners
from msdigest.model.source import Validators
from msdigest.ports import Failure, Reply, Request

URL = "https://blog.example/feed"
NEWS = Reply(status=200, url=URL, headers={"etag": "a"}, body=b"news")
SAME = Reply(status=304, url=URL, headers={}, body=b"")


def test_a_function_answers_by_what_it_is_asked() -> None:
    """A page may change, or know its own validator."""
    http = FakeHttp({URL: lambda asked: SAME if asked.headers.get("if-none-match") == "a" else NEWS})

    assert http.get(URL) is NEWS
    assert http.get(URL, validators=Validators("a"), manners=Manners(source_url=URL)) is SAME
    assert [(call.url, call.source_url) for call in http.asked] == [(URL, None), (URL, URL)]


def test_an_error_is_raised() -> None:
    """What a server may do to us, the script may."""
    with pytest.raises(TooLargeError):
        FakeHttp({URL: TooLargeError(URL)}).get(URL)


def test_what_is_not_in_the_script() -> None:
    """A test that forgot an address is told so."""
    http = FakeHttp()
    with pytest.raises(UnreachableError, match="script has no answer"):
        http.get(URL)

    assert http.send(Request(method="POST", url=URL)) == Failure("no", "the script has no answer for this address")


def test_calls_are_remembered_and_answered_by_functions() -> None:
    """A provider may change its mind."""
    answers = [Failure("maybe", "it hung"), NEWS]
    http = FakeHttp(endpoints={URL: lambda _: answers.pop(0)})
    request = Request(method="POST", url=URL, body=b"letter")

    assert [http.send(request), http.send(request)] == [Failure("maybe", "it hung"), NEWS]
    assert http.sent == [request, request]
