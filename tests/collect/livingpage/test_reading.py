"""A page is read from its HTML, or without its theme from WordPress's REST interface."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace

import pytest
from tests.collect.livingpage.visiting import BLOCKS, SOURCE, URL, Desk, OneAnswer, page

from msdigest.collect.livingpage.collecting import collect
from msdigest.collect.livingpage.reading import address, read
from msdigest.errors import AnswerError, LayoutError, StatusError
from msdigest.ports import Memory, Reply
from msdigest.sandbox.fake import InProcess

REST = replace(SOURCE, options={"rest": True})
ASKED = "https://centre.example/wp-json/wp/v2/pages?slug=living&_fields=link,title,content"


def _row(html: str = BLOCKS, **changes) -> dict[str, object]:
    return {"link": URL, "title": {"rendered": "Living &amp; page"}, "content": {"rendered": html}} | changes


def _answer(*rows: object) -> str:
    return json.dumps(rows)


def test_the_interface_gives_the_same_entries() -> None:
    """The same words give the same keys and texts, whichever way they came."""
    itself, interface = Desk(), Desk(REST)
    told = interface.visit(_answer(_row()))

    assert [replace(one, language="en") for one in told.values()] == list(itself.visit(page()).values())
    assert list(itself.visit(page())) == list(told)


def test_what_the_interface_is_asked() -> None:
    """The page is asked for by the last part of its address; what is shown is the page itself, wherever we asked."""
    http = OneAnswer(_answer(_row()), moved_to="https://elsewhere.example/wp-json/")
    collected = collect(REST, Memory(), http, InProcess())

    assert http.asked == [(ASKED, "application/json")]
    assert {entry.url for entry in collected.entries} == {URL}
    assert collected.moved_to is None


@pytest.mark.parametrize(
    ("url", "slug"),
    [
        ("https://a.example/x/living", "living"),
        ("https://a.example:8080/living/?a=1#b", "living"),
        ("https://a.example/f%C3%BCr/", "f%C3%BCr"),
    ],
)
def test_addresses(url: str, slug: str) -> None:
    """The name of a page is the last part of its path, spelled as in addresses."""
    asked = address(replace(REST, url=url))

    assert asked.startswith(url[: url.index("/", 8)] + "/wp-json/wp/v2/pages?slug=" + slug + "&")


def test_a_site_is_no_page() -> None:
    """A whole site has no content of its own in the interface."""
    with pytest.raises(LayoutError, match="rest needs the address of a page"):
        Desk(replace(REST, url="https://centre.example/")).visit("[]")


def test_settings_hold_for_the_interface_too() -> None:
    """A selector chooses a part of the content."""
    source = replace(REST, options={"rest": True, "content": ".log"})
    (entry,) = Desk(source).visit(_answer(_row("<p>not this</p><div class=log><p>but this</p></div>"))).values()

    assert entry.text == "but this"
    assert entry.html == "<p>but this</p>"


def test_of_several_pages_of_one_name() -> None:
    """The one with the source's own address is meant; of others none is."""
    other = _row("<p>Another page.</p>", link="https://centre.example/other/living/")
    desk = Desk(REST)

    assert len(desk.visit(_answer(other, _row()))) == 13
    with pytest.raises(AnswerError, match="gives no content of a page"):
        desk.visit(_answer(other, other))


@pytest.mark.parametrize(
    "answer",
    [
        "[]", "{}", "null", "7", "[7]", "[{}]", "[[]]",
        _answer(_row(content={"protected": True, "rendered": "<p>x</p>"})),
        _answer(_row(content={"rendered": None})), _answer(_row(content="<p>x</p>")),
        "<html>no such page</html>", "[" * 100_000, '"\\ud800', "\ufeff[",
    ],
)  # fmt: skip
def test_what_is_no_answer_of_the_interface(answer: str) -> None:
    """Whatever else comes is an error that says what to do."""
    with pytest.raises(AnswerError, match="leave out rest"):
        Desk(REST).visit(answer)


def test_odd_titles_and_links_do_no_harm() -> None:
    """What is not needed may be anything."""
    assert len(Desk(REST).visit(_answer(_row(title=7, link=None)))) == 13


def test_a_closed_interface() -> None:
    """Its refusal is told with the address that was asked."""
    with pytest.raises(StatusError, match="wp-json"):
        Desk(REST).visit("{}", status=401)


def test_what_is_read_travels_well() -> None:
    """It is handed from one process to another: whole, and not much larger than the words."""
    content = read(SOURCE, Reply(status=200, url=URL, headers={}, body=page().encode()))
    packed = pickle.dumps(content)

    assert pickle.loads(packed) == content  # noqa: S301 - our own bytes
    assert content.language == "en"
    assert content.headings == {"Calls", "Registries", "Science", "Blood tests", "For patients"}
    assert len(packed) < 2.5 * sum(len(piece.text) + len(piece.html) for piece in content.pieces)
