"""Mailgun's calls against its own description: the excerpt kept here, and the whole file where that is at hand."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jsonschema
import pytest
from tests.data.descriptions.cut import OPERATIONS, cut, read
from tests.providers.test_mailgun import call_of, doubt, person, provider, shipment
from tests.sinks.mailgun import DOMAIN, parse, service

from msdigest.ports import Request

ROOT = Path(__file__).resolve().parents[2]
EXCERPT = ROOT / "tests/data/descriptions/mailgun.json"
WHOLE = ROOT.parent / "shared/specs/mailgun-openapi.yaml"
FORM = "multipart/form-data"
NAMES = ["Ada", 'Ada "A" \\', "<b>Ada</b>", "{{x}} %recipient.leave%", "Ada\r\nBcc: x", "Jürgen", "🙂"]


@pytest.fixture(scope="module", params=[EXCERPT, WHOLE], ids=["excerpt", "whole"])
def description(request: pytest.FixtureRequest) -> dict[str, Any]:
    if not request.param.exists():
        pytest.skip("the whole description is not at hand; the excerpt is checked in any case")
    found = read(request.param)
    # Of the whole file only what we call is copied and looked through: it has half a million lines of the rest.
    return found if request.param == EXCERPT else cut(found, OPERATIONS["mailgun"]) | {"whole": True}


def operation(description: dict[str, Any], request: Request) -> dict[str, Any]:
    """Return what is described of a call; raises KeyError."""
    path = urlsplit(request.url).path
    (name,) = (name for name in description["paths"] if _fits(name, path))
    return description["paths"][name][request.method.lower()]


def _fits(name: str, path: str) -> bool:
    pairs = zip(name.split("/"), path.split("/"), strict=False)
    return name.count("/") == path.count("/") and all(
        ours in {told, DOMAIN} and (ours == told) != told.startswith("{") for told, ours in pairs
    )


def strict(description: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema in which no unknown property passes, but headers and variables, whose names are free."""
    whole = copy.deepcopy({**schema, "components": description["components"]})
    for each in _objects(whole):
        if "properties" in each and "allOf" not in each:
            each["additionalProperties"] = False
            each["patternProperties"] = (
                {"^[hv]:[A-Za-z-]+$": {"type": "string"}} if "o:tag" in each["properties"] else {}
            )
    return whole


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
    checker = jsonschema.Draft202012Validator(strict(description, schema))
    return [error.message[:120] for error in checker.iter_errors(document)]


def of_form(description: dict[str, Any], request: Request, **spoilt: object) -> list[str]:
    """Return what is wrong with a call that hands over messages; a field that may be repeated is a list."""
    kind = request.headers["Content-Type"].partition(";")[0]
    schema = operation(description, request)["requestBody"]["content"][kind]["schema"]
    named = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["properties"]
    fields = parse(dict(request.headers), request.body)
    form = {
        name: values if named.get(name, {}).get("type") == "array" or len(values) > 1 else values[0]
        for name, values in fields.items()
    }
    return faults(description, schema, form | spoilt)


@pytest.mark.parametrize("name", NAMES)
def test_a_call_is_as_described(description: dict[str, Any], name: str) -> None:
    """Every field, for whoever is in it."""
    request = provider().build(shipment(person(1, greeting=f"Hello {name},"), person(2)))

    assert of_form(description, request) == []


@pytest.mark.parametrize(
    "spoilt",
    [
        {"from": None},
        {"to": "p1@example.org"},
        {"subject": ["one", "two"]},
        {"o:tracking": "off"},
        {"o:tracking-opens": "nope"},
        {"o:testmode": "maybe"},
        {"o:tag": "issue-7"},
        {"o:unheard-of": "yes"},
        {"unheard-of": "yes"},
        {"v:delivery": ["a", "b"]},
    ],
    ids=lambda each: f"{each}",
)
def test_the_checks_find_what_is_wrong(description: dict[str, Any], spoilt: dict[str, Any]) -> None:
    """A check that finds nothing checks nothing."""
    request = provider().build(shipment(person(1)))

    assert len(of_form(description, request, **spoilt)) == 1
    with pytest.raises(KeyError):
        of_form(description, replace(request, headers={"Content-Type": "application/json"}))


def test_a_search_asks_by_what_is_described(description: dict[str, Any]) -> None:
    """Known parameters, within their limits and lists."""
    request = provider().search(doubt(person(1)))
    told = operation(description, request)["parameters"]
    known = {each["name"]: each["schema"] for each in told if each["in"] == "query"}
    asked = dict(parse_qsl(urlsplit(request.url).query))

    assert asked.keys() <= known.keys()
    for name, value in asked.items():
        typed = int(value) if known[name].get("type") == "integer" else value
        assert faults(description, known[name], typed) == [], name
    assert faults(description, known["limit"], 301)


def test_the_sink_answers_as_described(description: dict[str, Any]) -> None:
    """Or what we learn from it would be worth nothing; that an event tells its recipient stands in examples only."""
    fake = service()
    asked = [provider().build(shipment(person(1), person(2))), provider().search(doubt(person(1)))]
    asked += [each.request for each in provider().inquiries(domain=DOMAIN)]
    for request in asked:
        schema = operation(description, request)["responses"]["200"]["content"]["application/json"]["schema"]
        document = copy.deepcopy(fake.answer(call_of(request)).document)
        for event in document.get("items", []):
            assert event.pop("recipient")

        assert _loosely(description, schema, document) == [], request.url


def _loosely(description: dict[str, Any], schema: dict[str, Any], document: object) -> list[str]:
    """Return what is wrong with an answer, but for properties that it lacks: the sink tells what is looked at."""
    checker = jsonschema.Draft202012Validator(strict(description, schema))
    errors = [each for error in checker.iter_errors(document) for each in _causes(error)]
    return [error.message[:120] for error in errors if error.validator != "required"]


def _causes(error: jsonschema.ValidationError) -> Iterator[jsonschema.ValidationError]:
    """Tell what lies under an error; of alternatives, the one that is not "null" is meant."""
    causes = [each for each in error.context or [] if each.validator != "type"]
    for each in causes:
        yield from _causes(each)
    if not error.context:
        yield error


def test_the_excerpt_is_what_is_cut_of_the_whole_file() -> None:
    """Nothing of it was changed by hand."""
    if not WHOLE.exists():
        pytest.skip("the whole description is not at hand")

    assert cut(read(WHOLE), OPERATIONS["mailgun"]) == read(EXCERPT)
