"""Delivery reports and complaints: what they tell, and that nothing in them is trusted or takes long to read."""

from __future__ import annotations

import base64
import quopri
import time
from datetime import UTC, datetime

import pytest

from msdigest.errors import UnreadableError
from msdigest.model.delivery import Event
from msdigest.providers.smtp.reports import read_report

DELIVERY, OTHER = "0123456789abcdef" * 2, "f" * 32
AT = datetime(2026, 11, 20, 11, 58, 3, tzinfo=UTC)
TRIED = "Fri, 20 Nov 2026 12:58:03 +0100"


def block(**fields: str) -> str:
    """Return the fields of one recipient."""
    usual = {
        "Original-Recipient": "rfc822;ada@example.org",
        "Final-Recipient": "rfc822; ada@mailbox.example",
        "Action": "failed",
        "Status": "5.1.1",
        "Diagnostic-Code": "smtp; 550 5.1.1 <ada@example.org>: no such user",
        "Last-Attempt-Date": TRIED,
    }
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return "".join(f"{name}: {value}\n" for name, value in (usual | named).items() if value)


def report(
    *blocks: str,
    envelope: str = DELIVERY,
    returned: str = f"Message-ID: <{OTHER}@mail.example.org>\nTo: Ada <ada@example.org>\n",
    kind: str = "message/delivery-status",
    headers: str = "text/rfc822-headers",
    boundary: str = "=_b1.x/y",
    content_type: str | None = None,
    date: str = "Fri, 20 Nov 2026 12:00:00 +0000",
    encoding: str = "7bit",
) -> bytes:
    """Write a report as relays do."""
    about = f"Reporting-MTA: dns; relay.example\n{f'Original-Envelope-Id: {envelope}' if envelope else 'X-Q: 1'}\n"
    told = "\n".join((about, *(blocks or (block(),)))).encode()
    if encoding == "base64":
        told = base64.encodebytes(told.replace(b"\n", b"\r\n"))
    elif encoding == "quoted-printable":
        told = quopri.encodestring(told)
    content_type = content_type or f'multipart/report; report-type=delivery-status;\n\tboundary="{boundary}"'
    head = f"From: Mail Delivery System <postmaster@relay.example>\nDate: {date}\nContent-Type: {content_type}\n"
    parts = [
        b"Content-Type: text/plain\n\nYour message could not be delivered.\n",
        f"Content-Type: {kind}\nContent-Transfer-Encoding: {encoding}\n\n".encode() + told,
        f"Content-Type: {headers}; charset=us-ascii\n\n{returned}".encode(),
    ]
    line = f"--{boundary}".encode()
    return head.encode() + b"\n" + b"".join(line + b"\n" + part + b"\n" for part in parts) + line + b"--\n"


def event(**more) -> Event:
    usual = {
        "kind": "bounced",
        "at": AT,
        "address": "ada@example.org",
        "delivery": DELIVERY,
        "permanent": True,
        "reason": "5.1.1 550 <[address]>: no such user",
    }
    return Event(**usual | more)


@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"], ids=["LF", "CR LF", "CR"])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"kind": "message/global-delivery-status", "headers": "message/global-headers"},
        {"headers": "message/rfc822", "returned": "Subject: x\n\nbody\n"},
        {"encoding": "base64"},
        {"encoding": "quoted-printable"},
        {"boundary": "simple", "content_type": "MULTIPART/REPORT; Boundary = simple; report-type=delivery-status"},
        {"envelope": "", "returned": f"Subject: x\nMessage-ID:\n <{DELIVERY}@mail.example.org>\n"},
        {"envelope": "abc+2Bdef", "returned": f"Message-Id: <{DELIVERY}@mail.example.org>\n\nbody"},
    ],
)
def test_a_report_names_delivery_and_reason(more, ends: bytes) -> None:
    """However it is written; our own name of the delivery stands in the envelope or in the message that came back."""
    assert read_report(report(**more).replace(b"\n", ends)) == [event()]


def test_parts_need_no_headers() -> None:
    """What is for readers may come without any."""
    raw = report().replace(b"Content-Type: text/plain\n\nYour", b"\nYour")

    assert read_report(raw) == [event()]


@pytest.mark.parametrize(
    ("status", "diagnosis", "permanent"),
    [
        ("5.1.1", "smtp; 550 x", True),
        ("5.1.2", "", True),
        ("5.1.3", "", True),
        ("5.1.6", "", True),
        ("5.1.10", "smtp; 556 null MX", True),
        ("5.2.1", "", True),
        ("5.1.0", "", False),
        ("5.2.2", "smtp; 552 5.2.2 mailbox full", False),
        ("5.2.3", "", False),
        ("5.3.4", "", False),
        ("5.4.4", "", False),
        ("5.7.1", "smtp; 550 5.7.1 policy, and see 5.1.1", False),
        ("5.7.26", "", False),
        ("4.4.7", "smtp; 450 4.2.0 greylisted", False),
        ("4.1.1", "", False),
        ("5.0.0", "smtp; 550 5.1.1 no such user", True),
        ("5.0.0 (undefined)", "smtp; 550-5.1.1 no such user", True),
        ("5.0.0", "smtp; 552 5.2.2 full", False),
        ("5.0.0", "smtp; 550 host 5.1.1.2 said no", False),
        ("5.0.0", "smtp; 550 5.1.111x9", False),
        ("", "smtp; 550 5.1.1 no such user", True),
        ("", "smtp; 550 no such user", False),
        ("nonsense", "", False),
        ("5.1.1.1", "", False),
    ],
)
def test_what_is_for_good(status: str, diagnosis: str, permanent: bool) -> None:
    """A mailbox that is full, or a message that was not wanted, does not end a subscription."""
    (found,) = read_report(report(block(Status=status, Diagnostic_Code=diagnosis)))

    assert (found.kind, found.permanent) == ("bounced", permanent)


@pytest.mark.parametrize(
    ("action", "kinds"),
    [
        ("failed", ["bounced"]),
        ("FAILED", ["bounced"]),
        ("delayed", ["deferred"]),
        ("delivered", ["delivered"]),
        ("relayed", []),
        ("expanded", []),
        ("opened", []),
        ("", []),
    ],
)
def test_what_was_done(action: str, kinds: list[str]) -> None:
    """Only what there is a word for is told; nothing but a failure is for good."""
    found = read_report(report(block(Action=action)))

    assert [each.kind for each in found] == kinds
    assert all(each.permanent == (each.kind == "bounced") for each in found)


def test_several_recipients() -> None:
    """Each has a block, whatever stands between them."""
    one, other = block(), block(Original_Recipient="rfc822;bo@example.org", Action="delayed", Status="4.2.2")

    assert [(each.address, each.kind) for each in read_report(report(one, "\n \n", other))] == [
        ("ada@example.org", "bounced"),
        ("bo@example.org", "deferred"),
    ]


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        ({"Original_Recipient": ""}, "ada@mailbox.example"),
        ({"Original_Recipient": "x400;/C=GB"}, "ada@mailbox.example"),
        ({"Original_Recipient": "rfc822;<ada@example.org>"}, "ada@example.org"),
        ({"Original_Recipient": "", "Final_Recipient": "rfc822;nobody"}, ""),
        ({"Original_Recipient": "utf-8; zoë@example.org"}, "zoë@example.org"),
        ({"Original_Recipient": "", "Final_Recipient": "rfc822;" + "a@" * 900}, None),
    ],
)
def test_whom_it_says_it_is_about(fields, address: str | None) -> None:
    """The address as we wrote it comes first; it is no evidence, and may be missing."""
    (found,) = read_report(report(block(**fields)))

    assert found.address == address if address is not None else len(found.address) <= 320


def test_no_address_is_in_a_reason() -> None:
    """Nor the part before the @, that many servers repeat alone; it stays on one line, and is short."""
    words = (
        "smtp; 550 5.1.1 ada.lovelace... no\n  such user ADA.LOVELACE@example.org or bo@example.org \x1b[31m"
        + " so" * 300
    )
    (found,) = read_report(report(block(Original_Recipient="rfc822;ada.lovelace@example.org", Diagnostic_Code=words)))

    assert found.reason is not None
    assert found.reason.startswith("5.1.1 550 [address]... no such user [address] or [address] [31m so so")
    assert len(found.reason) == 160


@pytest.mark.parametrize(
    ("fields", "date", "at"),
    [
        ({}, "nonsense", AT),
        ({"Last_Attempt_Date": ""}, "Fri, 20 Nov 2026 12:00:00 +0000", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ({"Last_Attempt_Date": "soon"}, "Fri, 20 Nov 2026 12:00:00 -0000", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ({"Last_Attempt_Date": "Fri, 31 Dec 9999 23:59:59 -2300"}, "20 Nov 2026 12:00 GMT", datetime(2026, 11, 20, 12, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_when_it_was(fields, date: str, at: datetime) -> None:
    """When it was tried last, or else when it was reported; in UTC."""
    assert [each.at for each in read_report(report(block(**fields), date=date))] == [at]


HEAD = b'Content-Type: multipart/report; boundary="b"\nDate: ' + TRIED.encode() + b"\n"
STATUS = b"\n--b\nContent-Type: message/delivery-status\n\n"
ABOUT = f"Original-Envelope-Id: {DELIVERY}\n\n".encode()


def complaint(kind: str = "abuse", *, returned: str = f"Message-ID: <{DELIVERY}@mail.example.org>\n") -> bytes:
    about = f"Feedback-Type: {kind}\nUser-Agent: Loop/1\nVersion: 1\nArrival-Date: {TRIED}\nOriginal-Rcpt-To: <ada@example.org>\n"
    return (
        b'Content-Type: multipart/report; report-type=feedback-report; boundary="f"\n\n'
        b"--f\nContent-Type: text/plain\n\nSomebody complained.\n"
        + f"--f\nContent-Type: message/feedback-report\n\n{about}".encode()
        + f"--f\nContent-Type: message/rfc822\n\n{returned}\nbody\n--f--\n".encode()
    )


def test_a_complaint_is_heard() -> None:
    """Feedback loops of mailbox providers send them as mails."""
    assert read_report(complaint()) == [
        event(kind="complained", permanent=False, reason="reported as spam"),
    ]


@pytest.mark.parametrize("kind", ["not-spam", "virus", "opt-out", ""])
def test_other_feedback_is_no_complaint(kind: str) -> None:
    """Nothing is made of it."""
    assert read_report(complaint(kind)) == []


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\x00" * 500, id="bytes"),
        pytest.param(b"Subject: hello\n\nI am on holiday.\n", id="a letter"),
        pytest.param(b"Content-Type: multipart/report\n\n--\n", id="no boundary"),
        pytest.param(b'Content-Type: multipart/report; boundary=""\n\n----\n', id="empty boundary"),
        pytest.param(report(content_type='multipart/mixed; boundary="=_b1.x/y"'), id="no report"),
        pytest.param(report(kind="text/plain"), id="no status"),
        pytest.param(report(envelope="", returned="Message-ID: <x@mail.example.org>\n"), id="foreign message"),
        pytest.param(report(envelope="", returned="Subject: x\n"), id="no message"),
        pytest.param(report(envelope=DELIVERY[1:], returned=""), id="short name"),
        pytest.param(report(envelope=DELIVERY.upper(), returned=""), id="other letters"),
        pytest.param(report(envelope="", returned=f"Message-ID: <{DELIVERY}0@x>\n"), id="long name"),
        pytest.param(report(block(Last_Attempt_Date=""), date="soon"), id="no date"),
        pytest.param(HEAD + b"\n--b\nContent-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\nA\n--b--", id="broken base64"),
        pytest.param(complaint(returned="Subject: x\n"), id="complaint about nothing"),
    ],
)  # fmt: skip
def test_what_is_no_report_of_ours(raw: bytes) -> None:
    """It is refused, with a sentence that repeats nothing of it."""
    with pytest.raises(UnreadableError) as caught:
        read_report(raw)

    assert "@" not in str(caught.value)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(HEAD + STATUS + ABOUT + b"\n" * 1_000_000, id="empty lines"),
        pytest.param(HEAD + STATUS + ABOUT + b" \n\t\n" * 300_000, id="blank lines"),
        pytest.param(HEAD + STATUS + ABOUT + b"Action: failed\n\n" * 60_000, id="recipients"),
        pytest.param(HEAD + STATUS + ABOUT + b"Action: failed\nX: y\n" + b" z\n" * 300_000, id="folded lines"),
        pytest.param(HEAD + STATUS + ABOUT + b"Action: failed\n" + b"a:b\n" * 300_000, id="fields"),
        pytest.param(HEAD + (b"\n--b\nContent-Type: x/y\n\nx") * 50_000, id="parts"),
        pytest.param(b'Content-Type: multipart/report; boundary="b"; x=' + b'"' * 500_000, id="quotes"),
        pytest.param(b"Content-Type: multipart/report; " + b"boundary " * 50_000 + b"\n\n", id="boundaries"),
        pytest.param(b"A" * 1_000_000 + b": x", id="a long name"),
        pytest.param(b" " * 1_000_000, id="blanks"),
        pytest.param(
            HEAD + STATUS + ABOUT + (b"Action: failed\nFinal-Recipient: rfc822;" + b"@" * 1_900 + b" x\nDiagnostic-Code: x;" + b"5." * 900 + b"\n\n") * 80,
            id="addresses",
        ),
        pytest.param(
            HEAD + STATUS + ABOUT + (b"Action: failed\nDiagnostic-Code: smtp;" + b"a" * 2_500 + b"\n\n") * 100, id="words"
        ),
        pytest.param((HEAD + b"\n--b\n") * 5_000, id="nested"),
    ],
)  # fmt: skip
def test_no_report_takes_long(raw: bytes) -> None:
    """However it is made; and of many recipients only so many are told."""
    begun = time.process_time()
    try:
        found = read_report(raw)
    except UnreadableError:
        found = []

    assert len(found) <= 100
    assert time.process_time() - begun < 1.0
