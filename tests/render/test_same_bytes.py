"""What is joined for a subscriber is, byte for byte, what the naive way would have made for them alone."""

from __future__ import annotations

import email
import email.policy
import json
from random import Random

import pytest
from tests.rendering import NAMES, Reader, random_reader

from msdigest.model.delivery import Letter, Recipient
from msdigest.render.email import reference
from msdigest.render.mime import message
from msdigest.render.program import Assembly, Keys, join
from msdigest.render.values import selection_values

READERS = 40


@pytest.fixture(scope="module", params=range(5), ids=lambda place: f"issue {place}")
def readers(request, random_issues) -> list[tuple[object, object, Reader]]:
    """Forty random subscribers of one of the issues: 200 in all."""
    view, compiled = random_issues[request.param]
    dice = Random(request.param)  # noqa: S311  # the same people each time; no secret
    return [(view, compiled, random_reader(dice, view, compiled)) for _ in range(READERS)]


def _bodies(compiled, reader, coding) -> dict[str, bytes]:
    keys = Keys(compiled)
    values, mask = selection_values(compiled, reader.choice), keys.mask(reader.choice)
    return {
        program.form: join(
            Assembly(program, keys, coding=coding).parts(mask, values), reader.person, form=program.form, coding=coding
        )
        for program in (compiled.html, compiled.text)
    }


def test_assembled_equals_the_naive_way_byte_for_byte(templates, readers) -> None:
    """HTML and text of 200 people: by topics and by any part, with notices, clocks, more on the web, hostile names."""
    for view, compiled, reader in readers:
        html, text = reference(
            templates,
            view.only(reader.choice),
            compiled.variant,
            selection=selection_values(compiled, reader.choice),
            person=reader.person,
        )

        assert _bodies(compiled, reader, "plain") == {"html": html.encode(), "text": text.encode()}


def test_joined_in_one_go_or_in_parts_is_the_same(readers) -> None:
    """Values that were written once for everybody are joined to the same bytes."""
    for _, compiled, reader in readers:
        keys = Keys(compiled)
        for coding in ("plain", "json", "mime"):
            expected = _bodies(compiled, reader, coding)
            for program in (compiled.html, compiled.text):
                body = Assembly(program, keys, coding=coding)
                values = selection_values(compiled, reader.choice) | reader.person
                written = {name: body.value(name, value) for name, value in values.items()}

                assert body.join(keys.mask(reader.choice), written) == expected[program.form]


def test_json_is_what_the_library_writes(readers) -> None:
    """Within quotes it is the JSON string of the same body."""
    for _, compiled, reader in readers:
        plain, coded = _bodies(compiled, reader, "plain"), _bodies(compiled, reader, "json")

        assert {form: b'"%s"' % body for form, body in coded.items()} == {
            form: json.dumps(body.decode(), ensure_ascii=False).encode() for form, body in plain.items()
        }


def test_a_whole_message_decodes_to_the_same_bodies(readers) -> None:
    """The standard library reads both parts back as they are, and no line is longer than 76 characters."""
    for _, compiled, reader in readers:
        raw = message(_letter(compiled, reader), _recipient(reader))
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        text, html = mail.iter_parts()

        assert _bodies(compiled, reader, "plain") == {
            part.get_content_subtype().replace("plain", "text"): part.get_payload(decode=True).replace(b"\r\n", b"\n")
            for part in (text, html)
        }
        assert [mail.defects, text.defects, html.defects] == [[], [], []]
        assert max(map(len, raw.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 76
        assert raw.count(b"\n") == raw.count(b"\r") == raw.count(b"\r\n")


def test_the_people_drawn_are_all_sorts(random_issues) -> None:
    """Each thing that may be told to some is told to some of them: else the rest would prove little."""
    drawn = []
    for place, (view, compiled) in enumerate(random_issues):
        dice = Random(place)  # noqa: S311  # the same people as above
        drawn += [(compiled, random_reader(dice, view, compiled)) for _ in range(READERS)]
    clocked = {place for place, (compiled, _) in enumerate(drawn) if compiled.meetings}

    assert len(drawn) == 200
    assert {reader.name for _, reader in drawn} == set(NAMES)
    assert sum(bool(reader.choice.notices) for _, reader in drawn) > 40
    assert sum(bool(reader.choice.more) for _, reader in drawn) > 40
    assert sum(not reader.choice.entries for _, reader in drawn) > 5
    assert sum(len(reader.choice.entries) > 3 for _, reader in drawn) > 60
    assert len(clocked) == 200
    assert {compiled.variant.language for compiled, _ in drawn} == {"en", "de"}


def _letter(compiled, reader) -> Letter:
    keys = Keys(compiled)
    values, mask = selection_values(compiled, reader.choice), keys.mask(reader.choice)
    return Letter(
        issue=7,
        sender="MS Digest <digest@mail.example.org>",
        subject=compiled.subject,
        list_id="weekly.mail.example.org",
        html=Assembly(compiled.html, keys, coding="mime").parts(mask, values),
        text=Assembly(compiled.text, keys, coding="mime").parts(mask, values),
        coding="mime",
        date="Fri, 20 Nov 2026 12:00:00 +0000",
    )


def _recipient(reader) -> Recipient:
    return Recipient(
        subscriber="s",
        delivery="d1",
        address="p1@example.org",
        name=reader.name,
        leave_url=reader.person["leave_url"],
        values=reader.person,
    )
