"""The editor's page: the list, an issue for a chosen reader, and no way to act."""

from __future__ import annotations

import lxml.html
import pytest
from tests.web.asking import asker

from msdigest.render.email import SIZE_LIMIT
from msdigest.steps import composing
from msdigest.web.editor import editor_app
from msdigest.web.preview import EVERYTHING, preview


def _page(reply) -> lxml.html.HtmlElement:
    assert reply.status_code == 200, reply.text
    return lxml.html.document_fromstring(reply.text)


def _words(element) -> str:
    return " ".join(element.text_content().split())


def test_without_an_issue_the_way_to_one_is_told(ask_editor) -> None:
    """The first page of a new site says what to do."""
    assert "There is no issue yet. msdigest issue compose DIGEST makes a draft." in _words(
        _page(ask_editor("GET", "/"))
    )


def test_issues_are_listed(app, issue, ask_editor) -> None:
    """A draft with its number and entries; a frozen one with its account besides."""
    draft = _words(_page(ask_editor("GET", "/")).find(".//ol"))
    app.freeze(issue)
    frozen = _page(ask_editor("GET", "/")).find(".//ol")

    assert "Issue 1 · Fen Weekly No 1 · 5 entries draft 20 November 2026, 12:00 UTC" in draft
    assert "candidates" not in draft
    assert "3 candidates: 0 excluded, 3 pending, 0 in flight, 0 accepted, 0 rejected, 0 unknown sending" in _words(
        frozen
    )
    assert frozen.find(".//a").get("href") == "/issue/1"


def test_an_issue_has_both_frames_and_the_facts(app, issue, ask_editor) -> None:
    """375 and 600 px, closed in; sizes in bytes; the outline; the headers."""
    page = _page(ask_editor("GET", "/issue/1"))
    shown = preview(app, issue, EVERYTHING)
    frames = page.xpath("//iframe")
    facts = {one.findtext("dt"): _words(one.find("dd")) for one in page.xpath("//dl/div")}

    assert [frame.get("src") for frame in frames] == ["/issue/1/html?who=everything"] * 2
    assert [frame.get("sandbox") for frame in frames] == ["", ""]
    assert page.xpath("//figure/@class") == ["w375", "w600"]
    assert facts["Whole source"] == f"{len(shown.source):,} bytes"
    assert facts["HTML part"] == f"{len(shown.html.encode()):,} bytes (limit {SIZE_LIMIT:,})"
    assert facts["In this message"] == "5 of 5 entries"
    assert facts["State"] == "draft"
    assert facts["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [_words(one) for one in page.xpath("//section[h2='Outline']//h3")] == ["Safety", "Papers", "Also new"]
    assert not page.xpath("//script")


def test_approvals_are_facts(app, issue, ask_editor) -> None:
    """Who approved an issue stands beside it."""
    composing.approve(app.database, issue=issue, required=2, name="Robin")
    page = _page(ask_editor("GET", "/issue/1"))

    assert page.xpath("//dl/div[dt='Approved by']/dd/text()") == ["Robin"]


@pytest.mark.parametrize("number", ["2147483648", "9" * 23, "9" * 5000, "-1", "x", "١"])
@pytest.mark.parametrize("part", ["", "/html", "/text"])
def test_a_number_that_no_issue_has_is_no_page(issue, ask_editor, number, part) -> None:
    """However long it is."""
    assert ask_editor("GET", f"/issue/{number}{part}").status_code == 404


@pytest.mark.parametrize(("width", "frames"), [("375", ["w375"]), ("600", ["w600"]), ("9", ["w375", "w600"])])
def test_plain_links_choose_the_width(issue, ask_editor, who, width, frames) -> None:
    """The chosen width is marked, keeps the reader, and is kept when another reader is chosen."""
    page = _page(ask_editor("GET", f"/issue/1?who={who['ada']}&width={width}"))
    links = {_words(one): one for one in page.xpath("//nav[@class='tools']//a")}

    assert page.xpath("//figure/@class") == frames
    assert links["375 px"].get("href") == f"?who={who['ada']}&width=375"
    marked = [words for words, link in links.items() if link.get("aria-current")]
    assert marked == [f"{width} px" if len(frames) == 1 else "Both"]
    assert page.xpath("//form/input/@value") == ([width] if len(frames) == 1 else [])


def test_a_reader_is_chosen_by_id_alone(issue, ask_editor, who) -> None:
    """The page tells which entries they do not get; no address, name or topic stands on it or in a link."""
    page = _page(ask_editor("GET", f"/issue/1?who={who['ada']}"))
    text = lxml.html.tostring(page, encoding="unicode")
    options = page.xpath("//select/option")

    assert [one.get("value") for one in options] == ["everything", *sorted(who.values())]
    assert [one.get("value") for one in options if one.get("selected") is not None] == [who["ada"]]
    assert len(page.xpath("//li[@class='left-out']")) == 4
    assert page.xpath("//form/@method") == ["get"]
    for personal in ("Ada", "Łucja", "reader.example"):
        assert personal not in text


@pytest.mark.parametrize("name", ["ada", "bo", "cy", "everything"])
def test_the_frame_is_the_message_byte_for_byte(app, issue, ask_editor, who, name) -> None:
    """HTML and text as they are sent; the page may show styles of its own and do nothing else."""
    asked = who.get(name, EVERYTHING)
    shown = preview(app, issue, asked)
    html = ask_editor("GET", f"/issue/1/html?who={asked}")
    text = ask_editor("GET", f"/issue/1/text?who={asked}")

    assert html.content == shown.html.encode()
    assert text.content == shown.text.encode()
    assert html.headers["Content-Type"] == "text/html; charset=utf-8"
    assert text.headers["Content-Type"] == "text/plain; charset=utf-8"
    for reply in (html, text):
        policy = reply.headers["Content-Security-Policy"].split("; ")
        assert {"default-src 'none'", "style-src 'unsafe-inline'", "img-src data:"} <= set(policy)
        assert "script" not in reply.headers["Content-Security-Policy"]
        assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/issue/9", "there is no issue 9"),
        ("/issue/9/html", "there is no issue 9"),
        ("/issue/1/html?who=ada@reader.example", "Nobody with that id ever subscribed to this digest."),
        ("/issue/1?who=ada@reader.example", "Nobody with that id ever subscribed to this digest."),
        ("/issue/one", "There is no such page here."),
        ("/issue/1/source", "There is no such page here."),
        ("/nothing", "There is no such page here."),
    ],
)
def test_what_is_not_there_is_told(issue, ask_editor, path, sentence) -> None:
    """In one sentence, without repeating what was asked for."""
    reply = ask_editor("GET", path)

    assert reply.status_code == 404
    assert sentence in reply.text
    assert "reader.example" not in reply.text


@pytest.mark.parametrize("path", ["/", "/issue/1", "/issue/1/html", "/style/editor.css"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_done_here(issue, ask_editor, path, method) -> None:
    """It reads, and that is all."""
    assert ask_editor(method, path).status_code == 405


def test_a_preview_needs_no_provider(app, issue, ask_editor) -> None:
    """Whatever was looked at, the provider was never made and nothing was written."""
    for path in ("/", "/issue/1", "/issue/1/html", "/issue/1/text"):
        assert ask_editor("GET", path).status_code == 200
    editor_app(app)

    assert "provider" not in vars(app)
    assert "http" not in vars(app)
    assert not (app.settings.data_dir / "outbox").exists()


def test_an_issue_of_a_digest_that_is_gone_is_shown(app, issue, ask_editor) -> None:
    """Under the digest's id, when its title is no longer configured."""
    object.__setattr__(app.settings, "digests", ())

    assert "weekly No 1" in _words(_page(ask_editor("GET", "/issue/1")))


@pytest.mark.parametrize("name", ["site.css", "editor.css"])
def test_the_page_has_its_styles(ask_editor, name) -> None:
    """Both stylesheets are ours and answered here."""
    reply = ask_editor("GET", f"/style/{name}")

    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == "text/css; charset=utf-8"


def test_trouble_is_told_without_details(app, issue) -> None:
    """A broken template of the site is a page of last resort."""
    folder = app.settings.templates / "web"
    folder.mkdir(parents=True)
    (folder / "editor-issues.html.jinja").write_text("{{ secret_of_ours }}", encoding="utf-8")
    reply = asker(editor_app(app), "http://127.0.0.1:8401", raises=False)("GET", "/")

    assert reply.status_code == 500
    assert "secret" not in reply.text
