"""Signature Version 4: equal to what Amazon's own library writes."""

from __future__ import annotations

from datetime import UTC, datetime

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from msdigest.ports import Request
from msdigest.postal.sigv4 import Signer

AT = datetime(2026, 11, 27, 5, 0, 7, tzinfo=UTC)
ACCESS, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SIGNER = Signer(access_key=ACCESS, secret_key=SECRET, region="eu-west-1", service="ses")


def theirs(request: Request, monkeypatch: pytest.MonkeyPatch) -> str:
    """Sign by Amazon's library, which asks the machine for the time."""
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda **_: AT.replace(tzinfo=None))
    raw = AWSRequest(method=request.method, url=request.url, headers=dict(request.headers), data=request.body)
    botocore.auth.SigV4Auth(Credentials(ACCESS, SECRET), "ses", "eu-west-1").add_auth(raw)
    return raw.headers["Authorization"]


@pytest.mark.parametrize(
    "request_",
    [
        Request(method="GET", url="https://email.eu-west-1.amazonaws.com/v2/email/account"),
        Request(method="GET", url="https://email.eu-west-1.amazonaws.com"),
        Request(method="GET", url="https://email.eu-west-1.amazonaws.com:443/v2/email/account"),
        Request(method="GET", url="http://127.0.0.1:8123/v2/email/account"),
        Request(method="GET", url="http://[::1]:8123/v2/email/account"),
        Request(
            method="GET", url="https://email.eu-west-1.amazonaws.com/v2/email/identities/b%C3%BCcher%20%2F.example"
        ),
        Request(method="GET", url="https://email.eu-west-1.amazonaws.com/v2?b=2&a=%20x&a=1&c&b=1"),
        Request(
            method="POST",
            url="https://email.eu-west-1.amazonaws.com/v2/email/outbound-bulk-emails",
            headers={"Content-Type": "application/json", "Accept": "  application/json,   text/plain "},
            body='{"é":"日本語"}'.encode(),
        ),
    ],
    ids=["plain", "no path", "usual port", "other port", "IPv6", "encoded path", "query", "body"],
)
def test_the_signature_is_the_one_of_amazons_library(request_: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    """Method, path, query, headers, body and moment all stand in it as they should."""
    ours = SIGNER.signed(request_, at=AT)

    assert ours.headers["Authorization"] == theirs(request_, monkeypatch)
    assert ours.headers["X-Amz-Date"] == "20261127T050007Z"


def test_a_request_is_signed_anew() -> None:
    """An older signature is no part of what is signed."""
    request = Request(method="GET", url="https://email.eu-west-1.amazonaws.com/v2/email/account")
    old = SIGNER.signed(request, at=AT.replace(hour=1))

    assert SIGNER.signed(old, at=AT) == SIGNER.signed(request, at=AT)


@pytest.mark.parametrize(
    "other",
    [
        Request(method="GET", url="https://h.example/v2", body=b"a"),
        Request(method="POST", url="https://h.example/v3", body=b"a"),
        Request(method="POST", url="https://g.example/v2", body=b"a"),
        Request(method="POST", url="https://h.example/v2?a=1", body=b"a"),
        Request(method="POST", url="https://h.example/v2", body=b"b"),
        Request(method="POST", url="https://h.example/v2", body=b"a", headers={"Accept": "*/*"}),
    ],
    ids=["method", "path", "host", "query", "body", "header"],
)
def test_everything_is_signed(other: Request) -> None:
    """Nothing can be changed on the way."""
    one = SIGNER.signed(Request(method="POST", url="https://h.example/v2", body=b"a"), at=AT)

    assert _signature(SIGNER.signed(other, at=AT)) != _signature(one)


def test_the_secret_is_not_told() -> None:
    """Neither in a request nor where the signer is printed."""
    assert SECRET not in repr(SIGNER)
    assert SECRET not in str(SIGNER.signed(Request(method="GET", url="https://h.example/"), at=AT).headers)


def _signature(request: Request) -> str:
    return request.headers["Authorization"].rpartition("Signature=")[2]
