"""The form for entries: the one thing that the preview writes, and only for its own page."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

import lxml.html
import pytest
from tests.web.asking import asker

from msdigest.model.source import Source
from msdigest.store import entries as entry_store
from msdigest.web.editor import editor_app
from msdigest.web.forms import LARGEST_BODY

HERE = "http://127.0.0.1:8401"
MANUAL = Source(id="manual", kind="editor", url="https://digest.example", name="Typed")
CALL = {
    "kind": "event", "title": "Ask a neurologist", "url": "https://example.org/call", "at": "2026-12-03 19:00",
    "city": "London", "topics": "fatigue, ocrelizumab", "speakers": "Ada Example (GB)\r\n\r\nBo Sample\r\n",
    "text": "One.\r\n\r\nTwo.",
}  # fmt: skip


@pytest.fixture
def desk(app):
    """The site with a source for entries that are typed."""
    object.__setattr__(app.settings, "sources", (*app.settings.sources, MANUAL))
    return app


@pytest.fixture
def ask(desk):
    """Ask the editors' application; the form of one page can only be sent to the process that made it."""
    return asker(editor_app(desk), HERE)


def _page(reply) -> lxml.html.HtmlElement:
    return lxml.html.document_fromstring(reply.text)


def _words(element) -> str:
    return " ".join(element.text_content().split())


def _send(ask, told=CALL, *, token=None, **headers):
    sent = token if token is not None else _page(ask("GET", "/add")).xpath("//input[@name='token']/@value")[0]
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": HERE}
    return ask("POST", "/add", content=urlencode({**told, "token": sent}), headers=form | headers)


def _typed(desk) -> list:
    with desk.database.reading() as connection:
        return entry_store.newest(connection, source="manual")


def test_the_form_asks_one_question_a_line(ask) -> None:
    """Each with a label and, where it helps, a hint that is tied to it; nothing is a script."""
    page = _page(ask("GET", "/add"))
    labels = {one.get("for") for one in page.xpath("//label")}
    fields = page.xpath("//form//*[self::input or self::select or self::textarea][@id]")

    assert {one.get("id") for one in fields} == labels
    assert all(page.xpath(f"//*[@id='{one.get('aria-describedby')}']") for one in fields if one.get("aria-describedby"))
    assert [_words(one) for one in page.xpath("//details/summary")] == [
        "Only for an event", "Only for a recording", "Only for a figure",
    ]  # fmt: skip
    assert [_words(one) for one in page.xpath("//details[@open]/summary")] == ["Only for an event"]
    assert not page.xpath("//script")
    assert page.xpath("//select[@id='kind']/option/@value")[0] == "event"


def test_a_kind_may_be_chosen_in_the_address(ask) -> None:
    """A link can lead to the form for a recording, whose own part is open."""
    page = _page(ask("GET", "/add?kind=recording"))

    assert page.xpath("//option[@selected]/@value") == ["recording"]
    assert [_words(one) for one in page.xpath("//details[@open]/summary")] == ["Only for a recording"]


def test_a_kind_is_told_in_a_few_words(ask) -> None:
    """Its name first, so short that a phone shows all of it."""
    choices = _page(ask("GET", "/add")).xpath("//select[@id='kind']/option")

    assert all(_words(one).startswith(f"{one.get('value')}: ") for one in choices)
    assert max(len(_words(one)) for one in choices) <= 32


def test_what_is_sent_again_is_told_apart(ask) -> None:
    """Changed where something is different, else unchanged."""
    _send(ask)
    again = [_send(ask, CALL | {"text": "One.\n\nThree."}).headers["Location"] for _ in range(2)]

    assert [one.partition("=")[0] for one in again] == ["/add?changed", "/add?same"]
    told = [_words(_page(ask("GET", one)).find(".//*[@role='status']")) for one in again]
    assert [one.partition(":")[0] for one in told] == ["Changed", "Unchanged"]


def test_a_figure_needs_its_number(desk, ask) -> None:
    """As an event needs its time; the field is shown."""
    reply = _send(ask, {"kind": "figure", "title": "Register"})

    assert reply.status_code == 422
    assert _page(reply).xpath("//details[@open]//*[@aria-invalid]/@id") == ["number"]
    assert _typed(desk) == []


def test_what_is_sent_is_kept(desk, ask) -> None:
    """The answer leads on, so that loading again sends nothing; the page says what was kept."""
    reply = _send(ask)
    (entry,) = _typed(desk)
    told = _page(ask("GET", reply.headers["Location"]))

    assert reply.status_code == 303
    assert reply.headers["Location"] == f"/add?added={entry.id}"
    assert (entry.kind, entry.topics[:2]) == ("event", ("fatigue", "ocrelizumab"))
    assert [one.name for one in entry.event.speakers] == ["Ada Example", "Bo Sample"]
    assert entry.html == "<p>One.</p><p>Two.</p>"
    assert _words(told.find(".//*[@role='status']")) == f"Added: Ask a neurologist (msdigest entry show {entry.id[:8]})"


@pytest.mark.parametrize("added", ["", "x", "0" * 36, "%3Cscript%3E"])
def test_nothing_is_told_of_an_entry_that_is_none(ask, added) -> None:
    """Whatever the address says."""
    reply = ask("GET", f"/add?added={added}")

    assert reply.status_code == 200
    assert 'role="status"' not in reply.text
    assert "<script" not in reply.text


def test_faults_stand_above_and_beside_their_fields(desk, ask) -> None:
    """What was typed stays; a part with a fault is open; the title counts them."""
    reply = _send(ask, CALL | {"title": "", "url": '"><script>', "city": "Gotham", "number": "x"})
    page = _page(reply)

    assert reply.status_code == 422
    assert _words(page.find(".//title")) == "4 to correct: Add an entry – preview"
    assert page.xpath("//*[@id='faults']//a/@href") == ["#title", "#url", "#city", "#number"]
    assert _words(page.find(".//*[@id='city-fault']")).startswith("To correct: no clock of 'Gotham' is known")
    assert page.xpath("//*[@aria-invalid='true']/@id") == ["title", "url", "city", "number"]
    assert page.xpath("//*[@id='city']/@aria-describedby") == ["city-hint city-fault"]
    assert page.xpath("//*[@id='city']/@value") == ["Gotham"]
    assert page.xpath("//*[@id='url']/@value") == ['"><script>']
    assert page.xpath("//textarea[@id='text']")[0].text.split() == ["One.", "Two."]
    assert [_words(one.find("summary")) for one in page.xpath("//details[@open]")] == [
        "Only for an event", "Only for a figure",
    ]  # fmt: skip
    assert not page.xpath("//script")
    assert _typed(desk) == []


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Origin": "https://evil.example"}, id="another site"),
        pytest.param({"Origin": "http://127.0.0.1:9999"}, id="another port"),
        pytest.param({"Origin": "https://127.0.0.1:8401"}, id="another scheme"),
        pytest.param({"Origin": "null"}, id="a page that hides"),
        pytest.param({"Origin": ""}, id="nothing"),
        pytest.param({"Content-Type": "text/plain"}, id="no form"),
        pytest.param({"Content-Type": "multipart/form-data; boundary=b"}, id="another kind of form"),
    ],
)
def test_only_our_own_page_may_send(desk, ask, headers) -> None:
    """Even with the right token."""
    reply = _send(ask, **headers)

    assert reply.status_code == 403
    assert "Nothing was added" in reply.text
    assert _typed(desk) == []


def test_an_origin_must_be_told_once(desk, ask) -> None:
    """Neither none nor two."""
    token = _page(ask("GET", "/add")).xpath("//input[@name='token']/@value")[0]
    body = urlencode({**CALL, "token": token})
    form = ("Content-Type", "application/x-www-form-urlencoded")

    assert ask("POST", "/add", content=body, headers=[form]).status_code == 403
    twice = [form, ("Origin", HERE), ("Origin", "https://evil.example")]
    assert ask("POST", "/add", content=body, headers=twice).status_code == 403
    assert _typed(desk) == []


@pytest.mark.parametrize("token", ["", "x", "ü", "x" * 10_000])
def test_a_form_of_another_process_is_looked_over_again(desk, ask, token) -> None:
    """What was typed stays, and the button sends it with the right token."""
    reply = _send(ask, token=token)
    page = _page(reply)

    assert reply.status_code == 403
    assert "The preview was started anew since this form was opened" in _words(page)
    assert page.xpath("//*[@id='title']/@value") == ["Ask a neurologist"]
    assert _typed(desk) == []
    assert _send(ask, token=page.xpath("//input[@name='token']/@value")[0]).status_code == 303


def test_every_process_has_its_own_token(desk) -> None:
    """Nobody can know it beforehand."""
    tokens = {
        _page(asker(editor_app(desk), HERE)("GET", "/add")).xpath("//input[@name='token']/@value")[0] for _ in range(3)
    }

    assert len(tokens) == 3
    assert min(map(len, tokens)) >= 40


def test_too_much_is_refused(desk, ask) -> None:
    """A body or a form larger than any of ours."""
    large = _send(ask, CALL | {"text": "a" * LARGEST_BODY})
    many = _send(ask, {f"x{number}": "1" for number in range(60)})

    assert (large.status_code, many.status_code) == (413, 413)
    assert _typed(desk) == []


def test_rubbish_adds_nothing(desk, ask) -> None:
    """Bytes that are no form."""
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": HERE}

    assert ask("POST", "/add", content=b"\xff\xfe=\x00%&&&=", headers=form).status_code == 403
    assert _typed(desk) == []


def test_several_sources_are_a_question(desk, ask) -> None:
    """Asked only where there is a choice."""
    object.__setattr__(desk.settings, "sources", (MANUAL, replace(MANUAL, id="calls", name="Calls")))
    page = _page(ask("GET", "/add"))

    assert page.xpath("//select[@id='source']/option/@value") == ["manual", "calls"]
    assert _send(ask, CALL | {"source": "calls"}).status_code == 303
    assert _typed(desk) == []
    with desk.database.reading() as connection:
        assert len(entry_store.newest(connection, source="calls")) == 1


def test_a_source_that_is_none_is_told(desk, ask) -> None:
    """In one sentence."""
    reply = _send(ask, CALL | {"source": "fen-notes"})

    assert reply.status_code == 404
    assert "there is no source &#39;fen-notes&#39; of kind editor; known: manual" in reply.text


def test_without_a_source_the_form_says_what_to_add(desk, ask) -> None:
    """The lines for the configuration, and no form; what is sent all the same is not kept."""
    token = _page(ask("GET", "/add")).xpath("//input[@name='token']/@value")[0]
    object.__setattr__(desk.settings, "sources", ())
    page = _page(ask("GET", "/add"))

    assert not page.xpath("//form")
    assert 'kind = "editor"' in page.findtext(".//pre/code")
    assert _send(ask, token=token).status_code == 409


def test_the_form_is_sent_with_its_origin(ask) -> None:
    """A browser that may tell no referrer at all would hide it; nobody else is told."""
    reply = ask("GET", "/add")

    assert reply.headers["Referrer-Policy"] == "same-origin"
    assert _page(reply).xpath("//meta[@name='referrer']/@content") == ["same-origin"]
    assert reply.headers["Cache-Control"] == "no-store"
    assert "form-action 'self'" in reply.headers["Content-Security-Policy"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(ask, method) -> None:
    """Reading and posting is all there is."""
    assert ask(method, "/add").status_code == 405
