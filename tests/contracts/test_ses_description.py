"""SES's calls against Amazon's own description and library: shape, method, path, body and signature."""

from __future__ import annotations

import json
from urllib.parse import unquote, urlsplit

import botocore.session
import pytest
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator
from tests.providers.test_ses import person, ses, shipment
from tests.sinks.ses import OPTIONS

from msdigest.ports import Request

MODEL = botocore.session.get_session().get_service_model("sesv2")
PARCELS = {
    "one": shipment(person(1)),
    "as many as may be": shipment(*map(person, range(50))),
    "hostile": shipment(person(1, greeting='"{{x}}" <b> %x%\r\n\\'), html="{{x}}", text="{", after="}"),
    "beyond ASCII": shipment(person(1, greeting="日本 🙂"), subject="é {{x}}", sender="Élé <digest@mail.example.org>"),
}


def faults(told: object, operation: str = "SendBulkEmail") -> str:
    return ParamValidator().validate(told, MODEL.operation_model(operation).input_shape).generate_report()


@pytest.mark.parametrize("parcel", PARCELS.values(), ids=PARCELS)
def test_a_call_is_as_described(parcel) -> None:
    """Its library finds no fault with it, and would write the same call."""
    request = ses().build(parcel)
    told = json.loads(request.body)
    theirs = create_serializer("rest-json").serialize_to_request(told, MODEL.operation_model("SendBulkEmail"))

    assert faults(told) == ""
    assert (request.method, urlsplit(request.url).path) == (theirs["method"], theirs["url_path"])
    assert json.loads(theirs["body"]) == told
    assert request.headers["Content-Type"] == theirs["headers"]["Content-Type"]


@pytest.mark.parametrize("parcel", PARCELS.values(), ids=PARCELS)
def test_patterns_and_lengths_are_kept(parcel) -> None:
    """The library does not look at them; the service does."""
    told = json.loads(ses().build(parcel).body)
    header = MODEL.shape_for("MessageHeader").members
    data = MODEL.shape_for("EmailTemplateData")
    headers = [*told["DefaultContent"]["Template"]["Headers"]]
    headers += [each for entry in told["BulkEmailEntries"] for each in entry["ReplacementHeaders"]]
    texts = [
        entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"]
        for entry in told["BulkEmailEntries"]
    ]

    assert header["Value"].metadata["max"] == 995
    assert data.metadata["max"] == 262_144
    assert all(
        len(each["Value"]) <= 995 and each["Value"].isascii() and each["Value"].isprintable() for each in headers
    )
    assert all(len(each) <= 262_144 and isinstance(json.loads(each), dict) for each in texts)


@pytest.mark.parametrize(
    "change",
    [
        {"DefaultContent": None},
        {"BulkEmailEntries": None},
        {"Unknown": 1},
        {"BulkEmailEntries": [{}]},
        {"BulkEmailEntries": [{"Destination": {"ToAddresses": "p1@example.org"}}]},
        {"BulkEmailEntries": [{"Destination": {}, "Headers": []}]},
    ],
    ids=[
        "no content",
        "nobody",
        "unknown field",
        "no destination",
        "address that is no array",
        "field at a wrong place",
    ],
)
def test_a_wrong_call_is_noticed(change: dict[str, object]) -> None:
    """So the check can fail."""
    told = {**json.loads(ses().build(PARCELS["one"]).body), **change}

    assert faults({name: value for name, value in told.items() if value is not None})


@pytest.mark.parametrize(
    ("subject", "operation", "told"),
    [
        ("credentials", "GetAccount", {}),
        ("domain", "GetEmailIdentity", {"EmailIdentity": "mail.example.org"}),
        ("configuration set", "GetConfigurationSet", {"ConfigurationSetName": OPTIONS["configuration_set"]}),
        ("webhook", "GetConfigurationSetEventDestinations", {"ConfigurationSetName": OPTIONS["configuration_set"]}),
    ],
)
def test_a_question_is_as_described(subject: str, operation: str, told: dict[str, str]) -> None:
    """Method and path as the library writes them."""
    request = question(subject)
    theirs = create_serializer("rest-json").serialize_to_request(told, MODEL.operation_model(operation))

    assert faults(told, operation) == ""
    assert (request.method, unquote(urlsplit(request.url).path)) == (theirs["method"], unquote(theirs["url_path"]))


def question(subject: str) -> Request:
    (inquiry,) = [each for each in ses().inquiries(domain="mail.example.org") if each.subject == subject]
    return inquiry.request
