"""What an answer says before anyone reads its body."""

from __future__ import annotations

import pytest

from msdigest.errors import EmptyAnswerError, StatusError
from msdigest.model.answers import body_hash, kept, max_age, noted, refuse_unless_ok, renewed, retry_after, validators
from msdigest.model.source import Validators

DATE = "Fri, 20 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3600"}, 3600.0),
        ({"retry-after": "99999999"}, 7 * 86_400.0),
        ({"retry-after": "Fri, 20 Nov 2026 13:00:00 GMT", "date": DATE}, 3600.0),
        ({"retry-after": "Fri, 20 Nov 2026 13:00:00 -0000", "date": DATE}, 3600.0),
        ({"retry-after": "Fri, 20 Nov 2026 11:00:00 GMT", "date": DATE}, 0.0),
        ({"retry-after": "Fri, 20 Nov 2026 13:00:00 GMT"}, None),
        ({"retry-after": "soon", "date": DATE}, None),
        ({"retry-after": "-5", "date": DATE}, None),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds count as they are; a date counts from the server's own clock."""
    assert retry_after(headers) == seconds


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("public, max-age=600", 600.0), ("no-cache, max-age=600", None), ("no-store", None), ("", None)],
)
def test_max_age(told: str, seconds: float | None) -> None:
    """How long an answer stays fresh, unless it may not be kept at all."""
    assert max_age({"cache-control": told}) == seconds


def test_validators() -> None:
    """They are kept verbatim; a 304 renews only what it repeats."""
    before = validators({"etag": 'W/"a"', "last-modified": DATE})

    assert before == Validators(etag='W/"a"', last_modified=DATE)
    assert renewed({}, before) == before
    assert renewed({"etag": '"b"'}, before) == Validators(etag='"b"', last_modified=DATE)


def test_status() -> None:
    """Every status but 200 is told with what it means and how long to wait."""
    refuse_unless_ok(200, {}, b"x", url="https://x.example/")
    with pytest.raises(StatusError, match=r"429, it was asked too often; come back in 60 s") as caught:
        refuse_unless_ok(429, {"retry-after": "60"}, b"x", url="https://x.example/")

    assert (caught.value.status, caught.value.retry_after) == (429, 60.0)
    with pytest.raises(StatusError, match=r"answered 418$"):
        refuse_unless_ok(418, {}, b"x", url="https://x.example/")


@pytest.mark.parametrize("body", [b"", b" \n\t", b"\xef\xbb\xbf", b"\xff\xfe \x00\n\x00"])
def test_empty(body: bytes) -> None:
    """White space and byte order marks are no content."""
    with pytest.raises(EmptyAnswerError, match="empty"):
        refuse_unless_ok(200, {}, body, url="https://x.example/")


def test_body_hash() -> None:
    """Equal bodies have equal fingerprints."""
    assert body_hash(b"x") == body_hash(b"x") != body_hash(b"y")


@pytest.mark.parametrize(
    ("given", "notes"),
    [
        (Validators(), {}),
        (Validators(etag='"1"'), {"etag https://x.example/a": '"1"'}),
        (
            Validators(etag='"1"', last_modified=DATE),
            {"etag https://x.example/a": '"1"', "modified https://x.example/a": DATE},
        ),
    ],
    ids=["none", "a tag", "both"],
)
def test_what_is_noted_is_kept(given, notes) -> None:
    """Each address has validators of its own."""
    assert noted("https://x.example/a", given) == notes
    assert kept(notes, "https://x.example/a") == given
    assert kept(notes, "https://x.example/b") == Validators()
