"""The editors' pages: the list, an issue for a chosen reader in every way of looking, and no way to send."""

from __future__ import annotations

import lxml.html
import pytest
from tests.site import START
from tests.web.asking import asker

from msdigest.render.fitting import SIZE_LIMIT
from msdigest.steps.composing import editing
from msdigest.store import ledger
from msdigest.web.desk.editions import Edition
from msdigest.web.editor import editor_app
from msdigest.web.preview import EVERYTHING, Wanted, preview


def _shown(app, issue, who=EVERYTHING, **more):
    return preview(app, Edition(app, issue, anew=False), Wanted(who, **more))


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


def test_what_is_in_doubt_is_told_with_both_choices(app, issue, ask_editor) -> None:
    """How many, what is known of it, and the two commands; nothing of it where nothing is in doubt."""
    app.freeze(issue)
    before = _words(_page(ask_editor("GET", "/")).find(".//ol"))
    with app.database.writing() as connection:
        batch = ledger.claim(connection, now=START, owner="o", lease_until=START)
        call = {"attempt": "a" * 32, "provider": "file", "payload": b"", "recipients": 3}
        assert ledger.start(connection, batch, **call, now=START, lease_until=START)
        ledger.void_leases(connection, now=START, all_of_them=True)
    after = _words(_page(ask_editor("GET", "/")).find(".//ol"))

    assert "reconcile" not in before
    assert "Nobody knows whether 3 people got it. msdigest reconcile 1 asks the provider." in after
    assert "msdigest reconcile 1 --send-again: some may get it twice;" in after
    assert "msdigest reconcile 1 --count-as-sent: some may not get it." in after
    assert "What is known: the process ended while the provider was being called." in after


def test_an_issue_has_its_frame_and_the_facts(app, issue, ask_editor) -> None:
    """600 px, closed in; sizes in bytes; the outline; one script of our own."""
    page = _page(ask_editor("GET", "/issue/1"))
    shown = _shown(app, issue)
    (frame,) = page.xpath("//iframe")
    facts = {_words(one.find("dt")): _words(one.find("dd")) for one in page.xpath("//dl/div")}

    assert (frame.get("src"), frame.get("sandbox")) == ("/issue/1/html", "allow-same-origin")
    assert page.xpath("//figure/@class") == ["w600"]
    assert facts["Whole source"] == f"{len(shown.source):,} bytes"
    assert facts["HTML part"] == f"{len(shown.html.encode()):,} bytes"
    assert facts["In this message"] == "5 of 5 entries"
    assert facts["State"] == "draft"
    assert f"{SIZE_LIMIT:,} bytes at most" in _words(page.find(".//main"))
    assert [_words(one) for one in page.xpath("//section[h2='Outline']//h3")] == ["Safety 1", "Papers 1", "Also new 3"]
    assert [one.partition("?")[0] for one in page.xpath("//script/@src")] == ["/style/editor.js"]
    assert page.xpath("//script[not(@src)]") == []


def test_exact_sizes_stand_beside_it(app, issue, ask_editor) -> None:
    """Of the smallest, the median and the largest message, each with the way to look at it."""
    page = _page(ask_editor("GET", "/issue/1"))
    sizes = {_words(one.find("dt")): one for one in page.xpath("//dl[@class='sizes']/div")}

    assert list(sizes) == ["smallest", "median", "largest"]
    for which, row in sizes.items():
        shown = _shown(app, issue, which, variant="en.standard")
        count = len(shown.choice.entries)
        assert _words(row.find("dd")) == (
            f"{count} {'entry' if count == 1 else 'entries'}: HTML part {len(shown.html.encode()):,} bytes, "
            f"whole message {len(shown.source):,} bytes"
        )
        assert row.xpath(".//a/@href") == [f"?who={which}&variant=en.standard#message"]


def test_approvals_are_told(app, issue, ask_editor) -> None:
    """Who approved an issue stands beside it."""
    editing.approve(app.database, issue=issue, required=2, name="Robin")
    page = _page(ask_editor("GET", "/issue/1"))

    assert "Approved by Robin." in _words(page.find(".//main"))


def test_every_way_of_looking_is_a_link_that_keeps_the_others(issue, ask_editor, who) -> None:
    """Parts, widths and schemes; what is chosen is marked; the form for another reader carries it on."""
    look = f"/issue/1?who={who['ada']}&width=375&scheme=dark"
    page = _page(ask_editor("GET", look))
    links = {_words(one): one for one in page.xpath("//nav[@class='tools']//a")}

    assert list(links) == [
        "HTML", "Plain text", "Headers", "Whole source", "320 px", "375 px", "600 px", "800 px", "As this screen",
        "Light", "Dark",
    ]  # fmt: skip
    assert [words for words, one in links.items() if one.get("aria-current")] == ["HTML", "375 px", "Dark"]
    assert links["320 px"].get("href") == f"?who={who['ada']}&width=320&scheme=dark#message"
    assert links["600 px"].get("href") == f"?who={who['ada']}&scheme=dark#message"
    assert links["Plain text"].get("href") == f"?who={who['ada']}&view=text&width=375&scheme=dark#message"
    assert page.xpath("//form[@method='get']/input/@value") == ["375", "dark"]
    assert page.xpath("//iframe/@src") == [f"/issue/1/html?who={who['ada']}&scheme=dark"]


@pytest.mark.parametrize("query", ["width=9&scheme=pink&view=all", "width=600", ""])
def test_what_cannot_be_chosen_is_as_usual(issue, ask_editor, query) -> None:
    """An address that was mistyped shows the usual look."""
    page = _page(ask_editor("GET", f"/issue/1?{query}"))

    assert page.xpath("//figure/@class") == ["w600"]
    assert page.xpath("//iframe/@src") == ["/issue/1/html"]


@pytest.mark.parametrize("view", ["text", "headers", "source"])
def test_the_other_parts_stand_on_the_page(app, issue, ask_editor, view) -> None:
    """As they are sent, but for the address of who gets it."""
    page, shown = _page(ask_editor("GET", f"/issue/1?view={view}")), _shown(app, issue)
    told = {
        "text": lambda: page.findtext(".//pre") == shown.text.removeprefix("\n"),
        "headers": lambda: (
            [(_words(one.find("dt")), one.findtext("dd")) for one in page.xpath("//dl[@class='headers']/div")]
            == shown.headers
        ),
        "source": lambda: page.findtext(".//pre") == shown.shown_source,
    }

    assert told[view]()
    assert not page.xpath("//iframe")


@pytest.mark.parametrize("view", ["headers", "source"])
def test_beside_the_headers_it_is_said_that_the_token_stands_in(app, issue, who, ask_editor, view) -> None:
    """Where somebody in particular is looked at; the address on the page ends nobody's subscription."""
    for reader, said in ((who["bo"], True), ("everything", False)):
        text = ask_editor("GET", f"/issue/1?view={view}&who={reader}").text

        assert ("only stands in for the reader’s own" in text) is said
    token = app.vault.sign("leave", subscriber=who["bo"], digest="weekly")
    assert token not in ask_editor("GET", f"/issue/1?view={view}&who={who['bo']}").text.replace("=\n", "")


@pytest.mark.parametrize("number", ["2147483648", "9" * 23, "9" * 5000, "-1", "x", "١"])
@pytest.mark.parametrize("part", ["", "/html", "/text"])
def test_a_number_that_no_issue_has_is_no_page(issue, ask_editor, number, part) -> None:
    """However long it is."""
    assert ask_editor("GET", f"/issue/{number}{part}").status_code == 404


def test_a_reader_is_chosen_by_id_alone(issue, ask_editor, who) -> None:
    """The page tells which entries they do not get; no address, name or topic stands on it or in a link."""
    page = _page(ask_editor("GET", f"/issue/1?who={who['ada']}"))
    text = lxml.html.tostring(page, encoding="unicode")
    options = page.xpath("//select[@id='who']//option")

    assert [one.get("value") for one in options] == [
        "everything", "largest", "median", "smallest", "topics", *sorted(who.values())
    ]  # fmt: skip
    assert [one.get("value") for one in options if one.get("selected") is not None] == [who["ada"]]
    assert len(page.xpath("//li[@class='entry left-out']")) == 4
    for personal in ("Ada", "Łucja", "reader.example"):
        assert personal not in text


@pytest.mark.parametrize("name", ["ada", "bo", "cy", "everything"])
def test_the_frame_is_the_message_byte_for_byte(app, issue, ask_editor, who, name) -> None:
    """HTML and text as they are sent; the page may show styles of its own and do nothing else."""
    asked = who.get(name, EVERYTHING)
    shown = _shown(app, issue, asked)
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
def test_nothing_can_be_done_where_one_looks(issue, ask_editor, path, method) -> None:
    """It reads, and that is all; forms have an address of their own."""
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
    """Under the digest's id, when its title is no longer configured; nothing can be done to it."""
    object.__setattr__(app.settings, "digests", ())
    page = _page(ask_editor("GET", "/issue/1"))

    assert "weekly No 1" in _words(page)
    assert "can only be looked at" in _words(page)
    assert page.xpath("//form/@method") == ["get"]
    assert ask_editor("GET", "/issue/1/html").status_code == 200


@pytest.mark.parametrize(
    ("name", "sort"), [("site.css", "text/css"), ("editor.css", "text/css"), ("editor.js", "text/javascript")]
)
def test_the_page_has_its_styles_and_its_script(ask_editor, name, sort) -> None:
    """All are ours and answered here."""
    reply = ask_editor("GET", f"/style/{name}")

    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == f"{sort}; charset=utf-8"


def test_only_an_issue_s_page_may_run_our_script(issue, ask_editor) -> None:
    """Its policy names this very origin; a message, the list and the form may run nothing."""
    policies = {
        path: ask_editor("GET", path).headers["Content-Security-Policy"]
        for path in ("/", "/issue/1", "/issue/1/html", "/issue/1/text", "/add", "/sources")
    }

    assert [path for path, policy in policies.items() if "script-src" in policy] == ["/issue/1"]
    assert "script-src 'self'; connect-src 'self';" in policies["/issue/1"]


def test_a_broken_page_tells_file_and_line(app, issue) -> None:
    """Whose own templates cannot be used is told where, without a template."""
    folder = app.settings.templates / "web"
    folder.mkdir(parents=True)
    (folder / "editor-issues.html.jinja").write_text("<p>\n{{ mistyped }}", encoding="utf-8")
    reply = asker(editor_app(app), "http://127.0.0.1:8401")("GET", "/")

    assert reply.status_code == 500
    assert f"{folder}/editor-issues.html.jinja, line 2:" in reply.text
    assert "script" not in reply.headers["Content-Security-Policy"]


def test_trouble_is_told_without_details(app, issue, monkeypatch) -> None:
    """Whatever else breaks is a page of last resort."""
    application = editor_app(app)
    monkeypatch.setitem(vars(app), "database", None)
    reply = asker(application, "http://127.0.0.1:8401", raises=False)("GET", "/")

    assert reply.status_code == 500
    assert "Something is broken on our side" in reply.text
    assert "reading" not in reply.text
