"""A preview is the message itself: compared with what lies in the outbox afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from tests.web.scene import ENTRIES

from msdigest.errors import RefusedError, TokenError
from msdigest.steps.subscribing import subscribing
from msdigest.store import keeping
from msdigest.web.desk.editions import Edition
from msdigest.web.preview import EVERYTHING, SELECTIONS, TOPICS, Wanted, readers
from msdigest.web.preview import preview as preview_of


def preview(app, issue, who, *, own_token=False, **more):
    """Return what somebody gets of an issue, made of what is kept."""
    return preview_of(app, Edition(app, issue, anew=False), Wanted(who, **more), own_token=own_token)


def _titles(shown) -> set[str]:
    return {shown.titles[entry].split()[0] for entry in shown.choice.entries}


def _outbox(app, issue, shown) -> bytes:
    return Path(app.settings.data_dir, "outbox", str(issue.id), f"{shown.recipient.delivery}.eml").read_bytes()


def _part(message, sort: str) -> str:
    """Return a part with line ends as a program writes them: mail has its own, and always one at the end."""
    return message.get_body((sort,)).get_content().replace("\r\n", "\n").rstrip("\n")


@pytest.mark.parametrize("name", ["ada", "bo", "cy"])
def test_a_draft_is_shown_as_it_will_be_sent(app, issue, who, name) -> None:
    """Chosen without writing anything, it is byte for byte the message that the outbox gets later."""
    shown = preview(app, issue, who[name], own_token=True)
    assert app.issue(issue.id).state == "draft"
    app.freeze(issue)
    app.deliver()
    sent = _outbox(app, issue, shown)
    parts = message_from_bytes(sent, policy=default)

    assert shown.source == sent
    assert _part(parts, "html") == shown.html.rstrip("\n")
    assert _part(parts, "plain") == shown.text.rstrip("\n")


@pytest.mark.parametrize("name", ["ada", "bo", "cy"])
def test_an_editor_sees_the_message_but_for_the_token(app, issue, who, name) -> None:
    """Token for token it is what is sent, of the same size and broken into the same lines; what is seen opens nothing."""
    own, seen = preview(app, issue, who[name], own_token=True), preview(app, issue, who[name])
    token, stand_in = (one.recipient.leave_url.rpartition("/")[2] for one in (own, seen))

    assert app.vault.read(token, purpose="leave", digests=["weekly"]) == (who[name], "weekly")
    with pytest.raises(TokenError):
        app.vault.read(stand_in, purpose="leave", digests=["weekly"])
    assert (own.html.replace(token, stand_in), own.text.replace(token, stand_in)) == (seen.html, seen.text)
    assert [len(line) for line in own.source.split(b"\r\n")] == [len(line) for line in seen.source.split(b"\r\n")]
    everywhere = f"{seen.html}{seen.text}{seen.headers}{seen.shown_source}".replace("=\n", "")
    assert (token in everywhere, stand_in in everywhere) == (False, True)


@pytest.mark.parametrize("name", ["ada", "bo", "cy"])
def test_a_sent_issue_is_shown_as_it_was_sent(app, issue, who, name) -> None:
    """Also when the person chose other topics and another theme since."""
    app.freeze(issue)
    app.deliver()
    subscribing.import_people(
        app.database, app.vault, app.clock, lines=["email,topics,theme\n", f"{name}@reader.example,vaccination,large\n"],
        file="later.csv", digests=["weekly"], vocabulary=app.settings.vocabulary,
    )  # fmt: skip
    shown = preview(app, app.issue(issue.id), who[name])

    parts = message_from_bytes(_outbox(app, issue, shown), policy=default)
    titles = {shown.titles[entry] for entry in shown.choice.entries}
    assert shown.variant == {"ada": "en.large", "bo": "en.standard", "cy": "en.low-glare"}[name]
    # Lines are broken there, the longest word too.
    text = "".join(parts.get_body(("plain",)).get_content().split())
    assert all("".join(title.split()) in text for title in titles)
    assert len(titles) == {"ada": 1, "bo": 5, "cy": 2}[name]


def test_different_people_see_different_entries(app, issue, who) -> None:
    """Each by their topics and in their theme; everything is all entries in the standard theme."""
    assert _titles(preview(app, issue, who["ada"])) == {"Ocrelizumab:"}
    assert _titles(preview(app, issue, who["cy"])) == {"Fatigue", "Vaccines"}
    assert preview(app, issue, who["cy"]).variant == "en.low-glare"
    everything = preview(app, issue, EVERYTHING)
    assert everything.choice.entries == issue.entries == preview(app, issue, who["bo"]).choice.entries
    assert everything.variant == "en.standard"
    assert everything.notes == ()


def test_headers_are_the_messages_but_for_the_address(app, issue, who) -> None:
    """Every header that is sent, and nobody's name or address."""
    headers = dict(preview(app, issue, who["cy"]).headers)

    assert headers["To"] == "the subscriber’s address"
    assert headers["List-Unsubscribe"].startswith("<https://digest.example/leave/")
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Id"] == "<weekly.digest.example>"
    assert {"From", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"} <= headers.keys()
    assert "reader.example" not in str(headers)


def test_readers_are_told_by_number_and_theme(app, issue, who) -> None:
    """An opaque id, how many topics, which theme; who left is not offered."""
    subscribing.leave(app.database, app.clock, subscriber=who["bo"], digest="weekly")
    found = {reader.who: reader.words for reader in readers(app, issue)}

    assert found == {
        who["ada"]: f"{who['ada'][:8]} · 1 topic · en · large",
        who["cy"]: f"{who['cy'][:8]} · 2 topics · en · low-glare",
    }


@pytest.mark.parametrize("asked", ["0" * 32, "ada@reader.example", "", "' or 1=1", "x" * 32])
def test_nobody_is_nobody(app, issue, asked) -> None:
    """An unknown id and an address are refused alike, and not repeated."""
    with pytest.raises(RefusedError) as refused:
        preview(app, issue, asked)

    assert str(refused.value) == "Nobody with that id ever subscribed to this digest."


def test_who_gets_nothing_is_told_why(app, issue, who) -> None:
    """Nothing in their topics before freezing, excluded after it."""
    subscribing.import_people(
        app.database, app.vault, app.clock, lines=["email,frequency,topics\n", "ada@reader.example,safety,ocrelizumab\n"],
        file="later.csv", digests=["weekly"], vocabulary=app.settings.vocabulary,
    )  # fmt: skip
    with pytest.raises(RefusedError, match="none of its entries is new to them and in their topics"):
        preview(app, issue, who["ada"])
    app.freeze(issue)
    with pytest.raises(RefusedError, match=rf"`msdigest deliveries {issue.id} --state excluded` tells why"):
        preview(app, app.issue(issue.id), who["ada"])


def test_who_is_left_out_is_shown_with_the_reason(app, issue, who) -> None:
    """A suppressed address and a subscription that ended: the message is shown, and that it does not go out."""
    subscribing.suppress(app.database, app.vault, app.clock, address="ada@reader.example", reason="bounced")
    subscribing.leave(app.database, app.clock, subscriber=who["bo"], digest="weekly")

    assert "suppressed" in preview(app, issue, who["ada"]).notes[0]
    assert "has left" in preview(app, issue, who["bo"]).notes[0]
    app.freeze(issue)
    for name in ("ada", "bo"):
        with pytest.raises(RefusedError):
            preview(app, app.issue(issue.id), who[name])


def test_who_left_after_freezing_is_told(app, issue, who) -> None:
    """What was queued for them was withdrawn."""
    app.freeze(issue)
    subscribing.leave(app.database, app.clock, subscriber=who["bo"], digest="weekly")

    assert "has left" in preview(app, app.issue(issue.id), who["bo"]).notes[0]


def test_who_is_not_due_is_told(app, issue, who) -> None:
    """Somebody who chose weekly, and had an issue yesterday, is shown what they would get and that they do not."""
    subscribing.import_people(
        app.database, app.vault, app.clock, lines=["email,frequency\n", "bo@reader.example,weekly\n"],
        file="later.csv", digests=["weekly"], vocabulary=app.settings.vocabulary,
    )  # fmt: skip
    app.freeze(issue)
    app.deliver()
    app.clock.advance(timedelta(days=1))
    fresh = replace(ENTRIES[0], key="k9", title="One more letter", url="https://fen.example/9")
    with app.database.writing() as connection:
        found = [keeping.Found(entry=fresh, shown=fresh.text, marks=())]
        keeping.keep(connection, found, source="fen-notes", gone=(), now=app.clock.now())
    app.clock.advance(timedelta(minutes=1))
    second = app.compose(app.digest("weekly"))

    assert preview(app, second, who["bo"]).notes == ("This subscriber chose weekly and is not due yet.",)
    assert _titles(preview(app, second, who["bo"])) == {"One"}


@pytest.mark.parametrize("which", SELECTIONS)
def test_a_selection_is_what_the_checks_look_at(app, issue, which) -> None:
    """The largest, median and smallest message, byte for byte, in the variant that is asked for."""
    example = next(one for one in app.examples(issue) if one.which == which)
    shown = preview(app, issue, which, variant=example.variant)
    usual = preview(app, issue, which)

    assert (shown.html, shown.text, shown.source) == (example.html, example.text, example.source)
    assert usual.choice == shown.choice
    assert (example.variant, usual.variant) == ("en.large", "en.standard")


def test_topics_choose_entries_as_a_subscriber_would(app, issue, who) -> None:
    """By id or by name; what is chosen is what Cy gets, who chose the same two."""
    shown = preview(app, issue, TOPICS, topics="Fatigue, vaccination")

    assert shown.choice == preview(app, issue, who["cy"]).choice
    assert shown.variant == "en.standard"


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"topics": "nonsense"}, "There is no topic 'nonsense'"),
        ({"topics": " , "}, "Name one topic at least"),
        ({"topics": "cladribine"}, "No entry of this issue has these topics"),
        ({"topics": "fatigue", "variant": "tlh.standard"}, "Nobody reads this issue in that variant"),
    ],
)
def test_a_selection_of_nothing_is_refused(app, issue, wanted, sentence) -> None:
    """With what is wrong."""
    with pytest.raises(RefusedError, match=sentence):
        preview(app, issue, TOPICS, **wanted)


def test_the_shown_source_hides_the_address_and_nothing_else(app, issue, who) -> None:
    """The whole message as it is sent, but for one line."""
    shown = preview(app, issue, who["cy"])
    lines = shown.source.decode("ascii").replace("\r\n", "\n").split("\n")
    differing = [(one, other) for one, other in zip(lines, shown.shown_source.split("\n"), strict=True) if one != other]

    assert [other for _, other in differing] == ["To: the subscriber’s address"]
    assert "reader.example" not in shown.shown_source
