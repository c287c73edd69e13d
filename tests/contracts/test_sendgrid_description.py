"""SendGrid's calls against its own API description: the whole one where it is at hand, an excerpt of it always."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.providers.test_sendgrid import person, sendgrid, shipment

ROOT = Path(__file__).resolve().parents[2]
EXCERPT = ROOT / "tests" / "data" / "descriptions" / "sendgrid.json"
WHOLE = ROOT.parent / "shared" / "specs" / "sendgrid-tsg_mail_v3.json"
DESCRIPTIONS = [path for path in (EXCERPT, WHOLE) if path.exists()]


def strict(node: Any) -> Any:
    """Refuse what is not described, too: an unknown field would pass unseen."""
    if isinstance(node, list):
        return [strict(each) for each in node]
    if not isinstance(node, dict):
        return node
    told = {name: strict(value) for name, value in node.items()}
    if told.get("type") == "object" and isinstance(told.get("properties"), dict) and "allOf" not in told:
        told.setdefault("additionalProperties", False)
    return told


def validator(path: Path) -> jsonschema.Draft202012Validator:
    description = strict(json.loads(path.read_text(encoding="utf-8")))
    body = description["paths"]["/v3/mail/send"]["post"]["requestBody"]
    body = description["components"]["requestBodies"][body["$ref"].rpartition("/")[2]]
    schema = body["content"]["application/json"]["schema"]
    return jsonschema.Draft202012Validator(
        {**schema, "components": description["components"]}, format_checker=jsonschema.FormatChecker()
    )


def test_the_excerpt_is_always_there() -> None:
    """Without it nothing here would be checked."""
    assert DESCRIPTIONS[0] == EXCERPT


@pytest.mark.parametrize("path", DESCRIPTIONS, ids=lambda path: path.parent.name)
@pytest.mark.parametrize(
    "parcel",
    [
        shipment(person(1)),
        shipment(*map(person, range(1_000))),
        shipment(person(1, name="", greeting='"{{x}}" <b> %x%\r\n'), sender="digest@mail.example.org"),
        shipment(person(1, name="Zoë, 日本 🙂"), html="<%body%>", text="é", subject="é {{x}} <%body%>"),
    ],
    ids=["one", "as many as may be", "hostile", "beyond ASCII"],
)
def test_a_call_is_as_described(path: Path, parcel) -> None:
    """No field is missing, unknown, too long or of another type."""
    faults = list(validator(path).iter_errors(json.loads(sendgrid().build(parcel).body)))

    assert faults == []


@pytest.mark.parametrize("path", DESCRIPTIONS, ids=lambda path: path.parent.name)
@pytest.mark.parametrize(
    ("at", "value"),
    [
        (("from",), None),
        (("unknown",), 1),
        (("subject",), ""),
        (("categories",), "issue-7"),
        (("custom_args",), {"delivery_mark": "d1"}),
        (("tracking_settings", "click_tracking", "enable"), "no"),
        (("personalizations", 0, "to"), None),
        (("personalizations", 0, "to", 0, "email"), "no address"),
        (("personalizations", 0, "substitutions", "x"), 1),
        (("content", 0, "value"), ""),
    ],
    ids=[
        "sender", "unknown field", "no subject", "a category that is no array", "arguments for everybody", "switch",
        "nobody", "address", "substitution", "empty body",
    ],
)  # fmt: skip
def test_a_wrong_call_is_noticed(path: Path, at: tuple[str | int, ...], value: object) -> None:
    """So the check can fail."""
    document = json.loads(sendgrid().build(shipment(person(1))).body)
    node = document
    for step in at[:-1]:
        node = node[step]
    if value is None:
        del node[at[-1]]
    else:
        node[at[-1]] = value

    assert list(validator(path).iter_errors(document))
