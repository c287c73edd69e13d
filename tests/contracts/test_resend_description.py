"""Resend's calls against its own description: the excerpt kept here, and the whole file where that is at hand."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jsonschema
import pytest
from tests.data.descriptions.cut import OPERATIONS, cut, read
from tests.providers.test_resend import call_of, ours, person, shipment
from tests.sinks.resend import KINDS, TOLD, hook, service

from msdigest.ports import Request

ROOT = Path(__file__).resolve().parents[2]
EXCERPT = ROOT / "tests/data/descriptions/resend.json"
WHOLE = ROOT.parent / "shared/specs/resend.json"
NOW = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)
NAMES = ["Ada", 'Ada "A" \\', "<b>Ada</b>", "{{x}} %s", "Ada\r\nBcc: x", "Jürgen", "🙂"]


@pytest.fixture(scope="module", params=[EXCERPT, WHOLE], ids=["excerpt", "whole"])
def description(request: pytest.FixtureRequest) -> dict[str, Any]:
    if not request.param.exists():
        pytest.skip("the whole description is not at hand; the excerpt is checked in any case")
    return read(request.param)


def strict(description: dict[str, Any]) -> dict[str, Any]:
    """Return a description in which no unknown property passes, and no more messages than the documentation allows."""
    found = copy.deepcopy(description)
    for each in _objects(found):
        if "properties" in each and "allOf" not in each:
            each["additionalProperties"] = False
    batch = found["paths"]["/emails/batch"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    batch["maxItems"] = 100
    return found


def _objects(schema: object) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        schema = list(schema.values())
    if isinstance(schema, list):
        for each in schema:
            yield from _objects(each)


def faults(description: dict[str, Any], schema: dict[str, Any], document: object) -> list[str]:
    """Return what is wrong with a document."""
    whole = {**schema, "components": description["components"]}
    checker = jsonschema.Draft202012Validator(whole, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    return [error.message[:120] for error in checker.iter_errors(document)]


def of_call(description: dict[str, Any], request: Request) -> list[str]:
    """Return what is wrong with a call that hands over messages."""
    tight = strict(description)
    operation = tight["paths"][urlsplit(request.url).path][request.method.lower()]
    (key,) = operation["parameters"]
    wrong = faults(tight, key["schema"], request.headers[key["name"]])
    schema = operation["requestBody"]["content"][request.headers["Content-Type"]]["schema"]
    return wrong + faults(tight, schema, json.loads(request.body))


@pytest.mark.parametrize("name", NAMES)
def test_a_call_is_as_described(description: dict[str, Any], name: str) -> None:
    """Every field, for whoever is in it."""
    request = ours().build(shipment(person(1, name=name, greeting=f"Hello {name},"), person(2)))

    assert of_call(description, request) == []


def test_as_many_as_we_put_into_a_call_are_allowed(description: dict[str, Any]) -> None:
    """A hundred, and not one more."""
    many = ours().caps.max_recipients

    assert of_call(description, ours().build(shipment(*map(person, range(many))))) == []
    assert of_call(description, ours().build(shipment(*map(person, range(many + 1)))))


@pytest.mark.parametrize(
    "spoilt",
    [
        {"from": None},
        {"to": []},
        {"to": ["a@example.org"] * 51},
        {"subject": 7},
        {"headers": "none"},
        {"tags": {"issue": "7"}},
        {"tags": [{"key": "issue", "value": "7"}]},
        {"unknown": 1},
    ],
    ids=lambda each: f"{each}"[:40],
)
def test_the_checks_find_what_is_wrong(description: dict[str, Any], spoilt: dict[str, Any]) -> None:
    """A check that finds nothing checks nothing."""
    request = ours().build(shipment(person(1)))
    (message,) = json.loads(request.body)

    assert of_call(description, replace(request, body=json.dumps([message | spoilt]).encode()))
    assert of_call(description, replace(request, body=json.dumps(message).encode()))
    assert of_call(description, replace(request, headers={**request.headers, "Idempotency-Key": "k" * 257}))


def test_what_doctor_asks_is_described(description: dict[str, Any]) -> None:
    """All of it are questions, by known parameters."""
    for inquiry in ours().inquiries(domain="mail.example.org"):
        url = urlsplit(inquiry.request.url)
        told = description["paths"][url.path]["get"]["parameters"]
        known = [
            description["components"]["parameters"][each["$ref"].rpartition("/")[2]] if "$ref" in each else each
            for each in told
        ]

        assert dict(parse_qsl(url.query)).keys() <= {each["name"] for each in known}
        assert inquiry.request.method == "GET"


def test_the_sink_answers_as_described(description: dict[str, Any]) -> None:
    """Or what we learn from it would be worth nothing."""
    fake, tight = service(), strict(description)
    asked = [ours().build(shipment(person(1), person(2)))]
    asked += [each.request for each in ours().inquiries(domain="mail.example.org")]
    for request in asked:
        operation = tight["paths"][urlsplit(request.url).path][request.method.lower()]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]

        assert faults(tight, schema, fake.answer(call_of(request)).document) == []


@pytest.mark.parametrize("kind", TOLD)
def test_the_sinks_webhook_calls_are_as_described(description: dict[str, Any], kind: str) -> None:
    """Each kind by its own name."""
    name, _ = KINDS[kind]
    facts = {"address": "a@example.org", "issue": 7, "delivery": "d1", "attempt": "a1", "provider_id": "1-2"}
    _, body = hook(kind, at=NOW, now=NOW, **facts)
    schema = description["webhooks"][name]["post"]["requestBody"]["content"]["application/json"]["schema"]

    assert faults(description, schema, json.loads(body)) == []
    assert faults(description, schema, json.loads(body) | {"type": "email.unheard_of"})


def test_the_excerpt_is_what_is_cut_of_the_whole_file() -> None:
    """Nothing of it was changed by hand."""
    if not WHOLE.exists():
        pytest.skip("the whole description is not at hand")

    assert cut(read(WHOLE), OPERATIONS["resend"]) == read(EXCERPT)
