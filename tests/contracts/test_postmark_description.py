"""Postmark's calls as its documentation describes them; it gives no description to check by, so the checks are ours."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import jsonschema
import pytest
from tests.providers.test_postmark import HOSTILE, LETTER, person, postmark, shipment

from msdigest.model.delivery import Doubt
from msdigest.ports import Request

ADDRESS = r"[^\s<>\"]+@[^\s<>\"]+"
MAILBOX = {"type": "string", "pattern": rf'^("([^"\\]|\\.)*" <{ADDRESS}>|{ADDRESS})$', "maxLength": 255}
MESSAGE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["From", "To", "Subject", "HtmlBody", "TextBody", "MessageStream", "TrackOpens", "TrackLinks"],
    "properties": {
        "From": MAILBOX,
        "To": MAILBOX,
        "Subject": {"type": "string", "maxLength": 2_000},
        "Tag": {"type": "string", "maxLength": 1_000},
        "HtmlBody": {"type": "string", "minLength": 1, "maxLength": 5_242_880},
        "TextBody": {"type": "string", "minLength": 1, "maxLength": 5_242_880},
        "Headers": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["Name", "Value"],
                "properties": {
                    "Name": {"type": "string", "pattern": "^[A-Za-z0-9-]+$"},
                    "Value": {"type": "string", "pattern": "^[\\x20-\\x7e]+$"},
                },
            },
        },
        "TrackOpens": {"const": False},
        "TrackLinks": {"enum": ["None", "HtmlAndText", "HtmlOnly", "TextOnly"]},
        "Metadata": {
            "type": "object",
            "maxProperties": 10,
            "propertyNames": {"maxLength": 20},
            "additionalProperties": {"type": "string", "maxLength": 80},
        },
        "MessageStream": {"type": "string", "maxLength": 30},
    },
}
BATCH = jsonschema.Draft202012Validator({"type": "array", "minItems": 1, "maxItems": 500, "items": MESSAGE})
SEARCHED_BY = {"recipient", "fromemail", "tag", "status", "todate", "fromdate", "subject", "messagestream"}


def faults(request: Request) -> list[str]:
    return [error.message[:200] for error in BATCH.iter_errors(json.loads(request.body))]


@pytest.mark.parametrize("word", ["Ada", *HOSTILE])
def test_a_call_is_as_documented(word: str) -> None:
    """Path, headers and every field, for whoever is in it."""
    request = postmark().build(shipment(person(1, greeting=f"Hello {word},", name=word), person(2)))

    assert (request.method, urlsplit(request.url).path) == ("POST", "/email/batch")
    assert set(request.headers) == {"Accept", "Content-Type", "X-Postmark-Server-Token"}
    assert faults(request) == []


def test_as_many_as_we_put_into_a_call_are_allowed() -> None:
    """And no larger than it may be."""
    caps = postmark().caps
    request = postmark().build(shipment(*map(person, range(caps.max_recipients))))

    assert faults(request) == []
    assert caps.max_bytes <= 50_000_000


def test_our_marks_fit_into_metadata() -> None:
    """32 digits each, as they are in practice."""
    marks = {"delivery": "d" * 32, "attempt": "a" * 36}
    schema = MESSAGE["properties"]["Metadata"]

    assert jsonschema.Draft202012Validator(schema).is_valid(marks)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"Headers": {"List-Id": "x"}},
        {"Headers": [{"Name": "List-Id", "Value": "é"}]},
        {"From": None},
        {"TrackOpens": True},
        {"TrackLinks": None},
        {"Unknown": 1},
        {"Metadata": {"delivery": 5}},
    ],
)
def test_the_checks_find_what_is_wrong(spoilt: dict[str, object]) -> None:
    """A check that finds nothing checks nothing."""
    (message,) = json.loads(postmark().build(shipment(person(1))).body)

    assert not BATCH.is_valid([message | spoilt])
    assert not BATCH.is_valid([message] * 501)
    assert not BATCH.is_valid(message)


@pytest.mark.parametrize("page", ["", "500", "9500"])
def test_a_search_is_as_documented(page: str) -> None:
    """With what is required, within the limits, and by one field of the metadata only."""
    doubt = Doubt(issue=LETTER.issue, attempt="a", started_at=datetime(2026, 11, 27, tzinfo=UTC), recipients=[])
    query = dict(parse_qsl(urlsplit(postmark().search(doubt, page=page).url).query))
    count, offset = int(query.pop("count")), int(query.pop("offset"))
    metadata = [name for name in query if name.startswith("metadata_")]

    assert count <= 500
    assert count + offset <= 10_000
    assert len(metadata) == 1
    assert set(query) - set(metadata) <= SEARCHED_BY
