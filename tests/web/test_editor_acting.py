"""What an editor does to a draft: buttons that work without a script, only from this page, only on what was seen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.web.asking import asker
from tests.web.editing import HERE, fields, page_of, press, send, words

from msdigest.lint.finding import Finding
from msdigest.steps.composing import editing
from msdigest.store import issues as issue_store
from msdigest.web.editor import editor_app


@pytest.fixture
def entries(issue) -> dict[str, str]:
    """Return the ids of the section with three entries, in the order of print."""
    return dict(zip(("first", "second", "third"), issue.sections[-1][1], strict=True))


def _order(app) -> list[str]:
    return [entry for _, section in app.issue(1).sections for entry in section]


@pytest.mark.parametrize(
    ("do", "whose", "fragment"),
    [
        ("up", "second", "second"),
        ("up", "third", "third-up"),
        ("down", "first", "first-down"),
        ("down", "second", "second"),
        ("pin", "third", "third"),
        ("hide", "second", "second"),
    ],
)
def test_a_button_does_one_thing(app, issue, entries, ask_editor, do, whose, fragment) -> None:
    """The draft is composed so; the answer leads back to the same look, to the button if it can be pressed again."""
    title = app.compiled(issue)["en.standard"].titles[entries[whose]]
    reply = press(ask_editor, do, entries[whose], at="/issue/1?width=375&scheme=dark")
    expected = editing.moved(issue, do, entries[whose])
    name, _, button = fragment.partition("-")
    target = f"entry-{entries[name]}" + (f"-{button}" if button else "")

    assert reply.status_code == 303
    assert reply.headers["Location"] == (f"/issue/1?width=375&scheme=dark&done={do}&at={entries[whose]}#{target}")
    assert app.issue(1).edits == expected
    page = page_of(ask_editor("GET", reply.headers["Location"].partition("#")[0]))
    assert page.xpath(f"//*[@id='{target}']"), "where the keyboard goes on"
    assert words(page.find(".//*[@role='status']")).endswith(title)


def test_what_was_done_is_undone(app, issue, entries, ask_editor) -> None:
    """Unpin and show are there for what is pinned or hidden, and nothing else is then."""
    press(ask_editor, "pin", entries["third"])
    press(ask_editor, "hide", entries["first"])
    page = page_of(ask_editor("GET", "/issue/1"))
    pinned, hidden = (page.xpath(f"//li[@id='entry-{entries[one]}']")[0] for one in ("third", "first"))

    assert pinned.xpath(".//form/button/@value")[:2] == ["unpin", "hide"]
    assert hidden.xpath(".//form/button/@value")[:1] == ["show"]
    assert "pinned" in words(pinned)
    press(ask_editor, "unpin", entries["third"])
    press(ask_editor, "show", entries["first"])
    assert _order(app) == list(issue.entries)


def test_a_note_and_an_intro_are_kept(app, issue, entries, ask_editor) -> None:
    """They stand in the message at once, and in their fields."""
    press(ask_editor, "note", entries["first"], note="Our own\r\nwords.")
    reply = press(ask_editor, "intro", intro="Hello *all*.\r\n\r\n- a point")
    page = page_of(ask_editor("GET", "/issue/1"))

    assert reply.headers["Location"] == "/issue/1?done=intro#intro"
    assert app.issue(1).edits.intro == "Hello *all*.\n\n- a point"
    assert app.issue(1).edits.notes == {entries["first"]: "Our own words."}
    assert page.findtext(f".//textarea[@id='note-{entries['first']}']").strip() == "Our own words."
    assert page.findtext(".//textarea[@id='intro']").strip() == "Hello *all*.\n\n- a point"
    html = ask_editor("GET", "/issue/1/html").text
    assert "Our own words." in html
    assert "Hello <em>all</em>" in html


def test_what_was_typed_is_not_lost_when_somebody_was_faster(app, issue, entries, ask_editor) -> None:
    """Another editor's change comes first: nothing is kept, the words stand in the field, and can be sent again."""
    stale = fields(page_of(ask_editor("GET", "/issue/1")), "intro") | {"intro": "Long words."}
    app.edit(issue, editing.moved(issue, "hide", entries["first"]))
    reply = send(ask_editor, stale)
    page = page_of(reply)

    assert reply.status_code == 409
    assert "changed in the meantime" in words(page.find(".//*[@role='alert']"))
    assert page.findtext(".//textarea[@id='intro']").strip() == "Long words."
    assert app.issue(1).edits.intro == ""
    send(ask_editor, fields(page, "intro") | {"intro": "Long words."})
    assert app.issue(1).edits.intro == "Long words."
    assert app.issue(1).edits.hidden == (entries["first"],)


@pytest.mark.parametrize(
    ("told", "headers", "status"),
    [
        ({"token": "forged"}, {}, 403),
        ({"token": ""}, {}, 403),
        ({}, {"Origin": "https://evil.example"}, 403),
        ({}, {"Origin": "null"}, 403),
        ({}, {"Content-Type": "text/plain"}, 403),
        ({"intro": "a" * 2_000_000}, {}, 413),
        ({"do": "send"}, {}, 409),
        ({"hash": "0"}, {}, 409),
        ({"intro": "a" * 5_001}, {}, 409),
    ],
)
def test_what_this_page_did_not_send_changes_nothing(app, issue, ask_editor, told, headers, status) -> None:
    """No token, another origin, another sort of body, too much, a button that is none."""
    before = fields(page_of(ask_editor("GET", "/issue/1")), "intro") | {"intro": "Words."}
    reply = send(ask_editor, before | told, headers)

    assert reply.status_code == status
    assert app.issue(1) == issue


def test_a_way_back_leads_to_this_page_alone(issue, ask_editor) -> None:
    """Whatever stands in the form, the answer leads to this issue."""
    told = fields(page_of(ask_editor("GET", "/issue/1")), "intro")
    reply = send(ask_editor, told | {"intro": "A.", "back": "who=https://evil.example/&view=text"})

    assert reply.headers["Location"] == "/issue/1?who=nobody&view=text&done=intro#intro"


@pytest.mark.parametrize("state", ["approved", "sending", "held", "cancelled"])
def test_only_a_draft_has_buttons(app, issue, ask_editor, state) -> None:
    """What is final can be looked at; a form of before is refused."""
    told = fields(page_of(ask_editor("GET", "/issue/1")), "intro") | {"intro": "Late words."}
    with app.database.writing() as connection:
        issue_store.set_state(connection, 1, state, only_from=("draft",))
    page = page_of(ask_editor("GET", "/issue/1"))

    assert set(page.xpath("//form[@method='post']//button/@value")) <= {"override"}
    assert send(ask_editor, told).status_code == 409
    assert app.issue(1).edits.intro == ""


def test_an_issue_is_never_left_empty(app, issue, entries, ask_editor) -> None:
    """The last entry cannot be hidden."""
    for entry in issue.entries[1:]:
        press(ask_editor, "hide", entry)
    reply = press(ask_editor, "hide", issue.entries[0])

    assert reply.status_code == 409
    assert "nothing would be left" in reply.text


@pytest.mark.parametrize(("required", "names"), [(0, [""]), (1, ["Ada"]), (2, ["Ada", "Bo"])])
def test_as_many_as_configured_approve(app, issue, ask_editor, required, names) -> None:
    """With the last of them nobody may change it any more."""
    _require(app, required)
    states = []
    for name in names:
        reply = press(ask_editor, "approve", name=name)
        assert reply.headers["Location"] == "/issue/1?done=approve#approval"
        states.append(app.issue(1).state)

    assert states == [*["draft"] * (len(names) - 1), "approved"]
    assert app.issue(1).approvals == tuple(filter(None, names))


def _require(app, required: int) -> None:
    digests = tuple(replace(digest, approval=required) for digest in app.settings.digests)
    object.__setattr__(app.settings, "digests", digests)


@pytest.mark.parametrize("name", ["", "  ", "\t"])
def test_an_approval_has_a_name(app, issue, ask_editor, name) -> None:
    """Where one is asked for, nobody approves namelessly."""
    _require(app, 1)
    reply = press(ask_editor, "approve", name=name)

    assert reply.status_code == 409
    assert app.issue(1).state == "draft"


def test_two_are_two(app, issue, ask_editor) -> None:
    """The same name in another spelling is one person, and what they typed stands there still."""
    _require(app, 2)
    press(ask_editor, "approve", name="Ada")
    reply = press(ask_editor, "approve", name="ADA")

    assert reply.status_code == 409
    assert "somebody else must be the second" in reply.text
    assert page_of(reply).xpath("//input[@id='name']/@value") == ["ADA"]


def test_what_was_looked_at_is_what_is_approved(app, issue, entries, ask_editor) -> None:
    """An issue that was edited since this page was opened is not approved by it."""
    told = fields(page_of(ask_editor("GET", "/issue/1")), "approve") | {"name": "Ada"}
    app.edit(issue, editing.moved(issue, "hide", entries["first"]))
    reply = send(ask_editor, told)

    assert reply.status_code == 409
    assert "was changed in the meantime: look at it again" in reply.text
    assert app.issue(1).approvals == ()


@pytest.fixture
def faulty(app, issue, entries, monkeypatch):
    """Return the issue with two findings, as the checks would tell them."""
    findings = (
        Finding(id="words.hard", level="warning", message="A hard word", place="entry", entry=entries["second"]),
        Finding(
            id="size.clip", level="error", message="It is too long", place="HTML part of the median selection",
            variant="en.large", way_out="Hide an entry.", excerpt="<b>9</b>",
        ),
        Finding(id="size.clip", level="error", message="This too", place="text", part="text"),
        Finding(id="head.subject", level="info", message="Short", place="headers", part="headers"),
        Finding(id="order.odd", level="info", message="Odd", place="the order", part="issue"),
    )  # fmt: skip
    monkeypatch.setattr(app, "lint", lambda _issue: findings)
    return issue


def test_findings_are_sentences_with_a_way_to_their_place(faulty, entries, ask_editor) -> None:
    """Errors first, remarks folded; each shows its entry, its message, its text, its headers or the outline."""
    page = page_of(ask_editor("GET", "/issue/1?width=375"))
    shown = [(words(one), one.xpath(".//a/@href")) for one in page.xpath("//ol[@class='findings']/li")]

    assert [where for _, where in shown] == [
        ["/issue/1?who=median&variant=en.large&width=375#message"],
        ["/issue/1?view=text&width=375#message"],
        [f"/issue/1?width=375#entry-{entries['second']}"],
        ["/issue/1?view=headers&width=375#message"],
        ["/issue/1?width=375#outline"],
    ]
    assert shown[0][0].startswith(
        "error It is too long HTML part of the median selection · size.clip <b>9</b> Hide an entry."
    )
    assert [words(one) for one in page.xpath("//details[@class='remarks'][not(@open)]/summary")] == [
        "2 remarks that need nothing"
    ]
    assert [len(one) for one in page.xpath("//ol[@class='findings']")] == [3, 2]
    assert page.xpath("count(//details[@class='remarks']/ol/li)") == 2
    assert "2 errors, 1 warning, 2 remarks" in words(page.find(".//nav[@class='parts']"))
    for _, (where,) in shown:
        found = page_of(ask_editor("GET", where.partition("#")[0]))
        assert found.xpath(f"//*[@id='{where.partition('#')[2]}']")


def test_an_error_is_overridden_with_a_reason(app, faulty, ask_editor) -> None:
    """Once for a check; the reason and who gave it stand there afterwards."""
    page = page_of(ask_editor("GET", "/issue/1"))
    assert len(page.xpath("//button[@value='override']")) == 1
    reply = press(ask_editor, "override", reason="It is meant so.", by="Ada")
    after = page_of(ask_editor("GET", "/issue/1"))

    assert reply.headers["Location"] == "/issue/1?done=override#checks"
    (kept,) = app.issue(1).overrides
    assert (kept.check, kept.reason, kept.by) == ("size.clip", "It is meant so.", "Ada")
    assert "Overridden by Ada: It is meant so." in words(after)
    assert not after.xpath("//button[@value='override']")
    assert "cannot be sent" in words(page)
    assert "cannot be sent while" not in words(after)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"reason": "  ", "by": "Ada"}, "Say in a few words why"),
        ({"reason": "so", "check": "words.hard"}, "nothing to override"),
        ({"reason": "so", "check": "nonsense"}, "nothing to override"),
    ],
)
def test_an_override_says_why_and_what(app, faulty, ask_editor, typed, sentence) -> None:
    """Without a reason, or for what is no error, nothing is overridden."""
    reply = press(ask_editor, "override", **typed)

    assert reply.status_code == 409
    assert sentence in reply.text
    assert app.issue(1).overrides == ()


def test_every_process_has_its_own_token(app, issue, ask_editor) -> None:
    """A form of a preview that was started before is shown again with what was typed, and then works."""
    told = fields(page_of(ask_editor("GET", "/issue/1")), "intro") | {"intro": "Words."}
    other = asker(editor_app(app), HERE)
    reply = send(other, told)

    assert reply.status_code == 403
    assert "started anew" in reply.text
    assert page_of(reply).findtext(".//textarea[@id='intro']").strip() == "Words."
    assert send(other, fields(page_of(reply), "intro") | {"intro": "Words."}).status_code == 303
