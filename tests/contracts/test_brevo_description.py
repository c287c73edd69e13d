"""Brevo's calls against its own description: the excerpt kept here, and the whole file where that is at hand."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jsonschema
import pytest
import yaml
from tests.providers.test_brevo import BASE, DOUBT, HOSTILE, OPENED, brevo, called, person, shipment
from tests.sinks.brevo import service

from msdigest.ports import Request

ROOT = Path(__file__).resolve().parents[2]
EXCERPT = ROOT / "tests/data/descriptions/brevo.json"
WHOLE = ROOT.parent / "shared/specs/brevo-swagger_definition_v3.yml"
# What is sent beyond the description, which is older than it: see the documentation of a version's headers in use, and
# of the consent to tracking.
NEWER: dict[str, dict[str, Any]] = {
    "headers": {"type": "object", "additionalProperties": {"type": "string"}},
    "contactPixelTrackingConsent": {"type": "boolean"},
}


class _Loader(yaml.CSafeLoader):
    """Leaves dates as they are written: one of the examples is a day that never was."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def _read(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return json.loads(text)
    # Statuses are numbers there, and names in JSON.
    return json.loads(json.dumps(yaml.load(text, _Loader)))  # noqa: S506  # a safe loader's child


@pytest.fixture(scope="module", params=[EXCERPT, WHOLE], ids=["excerpt", "whole"])
def description(request: pytest.FixtureRequest) -> dict[str, Any]:
    if not request.param.exists():
        pytest.skip("the whole description is not at hand; the excerpt is checked in any case")
    return _read(request.param)


def strict(schema: dict[str, Any], *, newer: bool) -> dict[str, Any]:
    """Return a request's schema in which no unknown property passes; ``newer``: with what came after it."""
    found = copy.deepcopy(schema)
    if newer:
        version = found["properties"]["messageVersions"]["items"]["properties"]
        version["headers"] = NEWER["headers"]
        version["to"]["items"]["properties"]["contactPixelTrackingConsent"] = NEWER["contactPixelTrackingConsent"]
    for each in _objects(found):
        if "properties" in each and "allOf" not in each:
            each["additionalProperties"] = False
    found["properties"]["messageVersions"]["maxItems"] = 1_000
    return found


def _objects(schema: object) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        schema = list(schema.values())
    if isinstance(schema, list):
        for each in schema:
            yield from _objects(each)


def checker(description: dict[str, Any], schema: dict[str, Any]) -> jsonschema.Draft4Validator:
    # Formats are told apart by the library only if asked.
    whole = {**schema, "components": description["components"]}
    return jsonschema.Draft4Validator(whole, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)


def faults(description: dict[str, Any], request: Request, *, newer: bool = True) -> list[str]:
    schema = strict(description["components"]["schemas"]["sendSmtpEmail"], newer=newer)
    return [error.message[:120] for error in checker(description, schema).iter_errors(json.loads(request.body))]


@pytest.mark.parametrize("word", ["Ada", *HOSTILE.values(), *OPENED.values()])
def test_a_call_is_as_described(description: dict[str, Any], word: str) -> None:
    """Every field, for whoever is in it."""
    request = brevo().build(shipment(person(1, greeting=f"Hello {word},"), person(2)))

    assert urlsplit(request.url).path.removeprefix("/v3") in description["paths"]
    assert description["components"]["securitySchemes"]["api-key"]["name"] in request.headers
    assert faults(description, request) == []


def test_only_what_came_later_is_not_described(description: dict[str, Any]) -> None:
    """When the description learns it, this list is shortened."""
    request = brevo().build(shipment(person(1)))

    assert len(faults(description, request, newer=False)) == len(NEWER)
    for name, fault in zip(sorted(NEWER), faults(description, request, newer=False), strict=True):
        assert f"'{name}' was unexpected" in fault


def test_as_many_as_we_put_into_a_call_are_allowed(description: dict[str, Any]) -> None:
    """One person a version."""
    assert faults(description, brevo().build(shipment(*map(person, range(brevo().caps.max_recipients))))) == []


@pytest.mark.parametrize(
    "spoilt",
    [
        {"sender": {"mail": "x@example.org"}},
        {"tags": "issue-7"},
        {"subject": None},
        {"unknown": 1},
        {"messageVersions": [{"params": {}}]},
        {"messageVersions": [{"to": [{"email": "nobody"}]}]},
        {"messageVersions": [{"to": [{"email": "a@example.org"}]}] * 1_001},
    ],
    ids=lambda each: next(iter(each)),
)
def test_the_checks_find_what_is_wrong(description: dict[str, Any], spoilt: dict[str, Any]) -> None:
    """A check that finds nothing checks nothing."""
    request = brevo().build(shipment(person(1)))
    body = json.dumps(json.loads(request.body) | spoilt).encode()

    assert faults(description, replace(request, body=body))


def test_a_search_asks_by_what_is_described(description: dict[str, Any]) -> None:
    """Known parameters, within their limits and lists."""
    url = urlsplit(brevo().search(DOUBT).url)
    known = {each["name"]: each["schema"] for each in description["paths"][url.path[3:]]["get"]["parameters"]}
    asked = dict(parse_qsl(url.query))

    assert asked.keys() <= known.keys()
    for name, value in asked.items():
        told = int(value) if known[name]["type"] == "integer" else value
        assert checker(description, known[name]).is_valid(told), name


def test_what_doctor_asks_is_described(description: dict[str, Any]) -> None:
    """All of it are questions."""
    asked = [urlsplit(each.request.url).path[3:] for each in brevo().inquiries(domain="{domainName}")]
    told = [path.replace("%7B", "{").replace("%7D", "}") for path in asked]

    assert all("get" in description["paths"][path] for path in told)


def test_the_sink_answers_as_described(description: dict[str, Any]) -> None:
    """Or what we learn from it would be worth nothing."""
    fake, schemas = service(), description["components"]["schemas"]
    fake.bad = {"p9@example.org"}
    sent = fake.answer(called(brevo().build(shipment(person(1), person(2)))))
    again = fake.answer(called(brevo().build(shipment(person(1), person(2)))))
    bad = fake.answer(called(brevo().build(shipment(person(9), attempt="attempt-9"))))
    found = fake.answer(called(brevo().search(DOUBT)))
    answers = [("createSmtpEmail", sent), ("errorModel", again), ("errorModel", bad), ("getEmailEventReport", found)]

    assert [answer.status for _, answer in answers] == [201, 400, 400, 200]
    for name, answer in answers:
        assert list(checker(description, schemas[name]).iter_errors(answer.document)) == [], name


def test_the_excerpt_says_what_the_whole_file_says() -> None:
    """Nothing of it was changed when it was cut."""
    if not WHOLE.exists():
        pytest.skip("the whole description is not at hand")
    whole, excerpt = _read(WHOLE), _read(EXCERPT)

    assert _without_prose(_picked(whole, excerpt)) == excerpt


def _picked(whole: dict[str, Any], excerpt: dict[str, Any]) -> dict[str, Any]:
    """Return those operations and schemas of the whole that the excerpt has."""
    schemas, security = whole["components"]["schemas"], whole["components"]["securitySchemes"]
    return {
        "openapi": whole["openapi"],
        "info": {"version": whole["info"].get("version")},
        "paths": {path: {verb: whole["paths"][path][verb] for verb in has} for path, has in excerpt["paths"].items()},
        "components": {
            "schemas": {name: schemas[name] for name in excerpt["components"]["schemas"]},
            "securitySchemes": {name: security[name] for name in excerpt["components"]["securitySchemes"]},
        },
    }


PROSE = {"description", "title", "example", "examples", "summary", "x-code-samples", "externalDocs", "tags"}


def _without_prose(node: Any, *, names: bool = False) -> Any:
    """Leave out texts; ``names``: the keys here are names of fields, which may be called like a text."""
    if isinstance(node, dict):
        return {
            key: _without_prose(value, names=key in {"properties", "schemas"} and not names)
            for key, value in node.items()
            if names or key not in PROSE
        }
    return [_without_prose(each) for each in node] if isinstance(node, list) else node


def test_the_address_of_the_api_is_the_described_one() -> None:
    """With its version."""
    if not WHOLE.exists():
        pytest.skip("the whole description is not at hand")

    assert _read(WHOLE)["servers"][0]["url"] == f"{BASE}/v3"
