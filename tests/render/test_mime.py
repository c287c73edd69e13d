"""A whole message: what everybody's has in common, what is one person's own, and that any mail program reads it."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace
from email.header import Header, decode_header, make_header
from email.utils import getaddresses

import pytest
from tests.rendering import html_of, person, text_of

from msdigest.model.compiled import Choice
from msdigest.model.delivery import Letter, Recipient
from msdigest.render.mime import message
from msdigest.render.program import Assembly, Keys
from msdigest.render.values import selection_values

LETTER = Letter(
    issue=7,
    sender="MS Digest <digest@mail.example.org>",
    subject="What is new",
    list_id="weekly.mail.example.org",
    html=[b"<p>", "greeting", b"</p>=\r\n"],
    text=[b"", "greeting", b"=\r\n"],
    coding="mime",
    date="Fri, 20 Nov 2026 12:00:00 +0000",
    headers={"List-Id": "<weekly.mail.example.org>", "List-Archive": "<https://digest.example.org/>"},
)
RECIPIENT = Recipient(
    subscriber="s",
    delivery="d1",
    address="p1@example.org",
    name="Ada",
    leave_url="https://digest.example.org/leave/token1",
    values={"greeting": "Hello Zoë & <b>,"},
)


def read(raw: bytes) -> email.message.EmailMessage:
    """Read a message as a mail program does."""
    return email.message_from_bytes(raw, policy=email.policy.default)


def _headers(raw: bytes) -> list[bytes]:
    return raw.partition(b"\r\n\r\n")[0].split(b"\r\n")


def test_a_message_parses_back() -> None:
    """Headers, both parts and the way to leave are there."""
    mail = read(message(LETTER, RECIPIENT))

    assert dict(mail.items()) == {
        "From": "MS Digest <digest@mail.example.org>",
        "Subject": "What is new",
        "Date": "Fri, 20 Nov 2026 12:00:00 +0000",
        "List-Id": "<weekly.mail.example.org>",
        "List-Archive": "<https://digest.example.org/>",
        "To": "Ada <p1@example.org>",
        "Message-ID": "<d1@mail.example.org>",
        "List-Unsubscribe": "<https://digest.example.org/leave/token1>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "MIME-Version": "1.0",
        "Content-Type": 'multipart/alternative; boundary="=_d1"',
    }
    assert [(part.get_content_type(), part.get_content_charset()) for part in mail.iter_parts()] == [
        ("text/plain", "utf-8"),
        ("text/html", "utf-8"),
    ]
    assert [part.get_content() for part in mail.iter_parts()] == [
        "Hello Zoë & <b>,",
        "<p>Hello Zoë &amp; &lt;b&gt;,</p>",
    ]
    assert not mail.defects


def test_the_same_letter_gives_the_same_bytes() -> None:
    """A try that is made again replaces what was written before."""
    assert message(LETTER, RECIPIENT) == message(replace(LETTER), replace(RECIPIENT))


@pytest.fixture(scope="module")
def two(compiled) -> list[tuple[dict[str, str], bytes]]:
    """The whole issue for two people: the values of each and the message."""
    keys, choice = Keys(compiled), _whole(compiled)
    values, mask = selection_values(compiled, choice), keys.mask(choice)
    letter = replace(
        LETTER,
        subject=compiled.subject,
        html=Assembly(compiled.html, keys, coding="mime").parts(mask, values),
        text=Assembly(compiled.text, keys, coding="mime").parts(mask, values),
    )
    made = []
    for number, name in enumerate(("Ada", 'Žofie "Z" <&> ' * 4)):
        own = person(name, compiled) | {
            "leave_url": f"https://digest.example.org/leave/token{number}" + "x" * 40 * number
        }
        own["reason"] = f"Reason {number}."
        recipient = Recipient(
            subscriber=f"s{number}", delivery=f"d{number}", address=f"p{number}@example.org", name=name,
            leave_url=own["leave_url"], values=own,
        )  # fmt: skip
        made.append((own, message(letter, recipient)))
    return made


def _whole(compiled) -> Choice:
    return Choice(tuple(compiled.titles), tuple(compiled.notices), more=1)


def test_every_part_parses_back_equal(compiled, two) -> None:
    """Both bodies are the ones that were joined, with no defect, and no line is too long for any server."""
    for own, raw in two:
        mail = read(raw)
        text, html = mail.iter_parts()

        assert text.get_content().replace("\r\n", "\n") == text_of(compiled, _whole(compiled), own)
        assert html.get_content().replace("\r\n", "\n") == html_of(compiled, _whole(compiled), own)
        assert [mail.defects, text.defects, html.defects] == [[], [], []]
        assert max(map(len, raw.split(b"\r\n"))) <= 78 + len(own["leave_url"])
        assert max(map(len, raw.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 76
        assert raw.isascii()


def test_two_messages_differ_in_what_is_personal_alone(compiled, two) -> None:
    """To, Message-ID, the way to leave, the boundary, and the person's values in both bodies."""
    (_, one), (_, other) = two
    differing = {
        line.partition(b":")[0]
        for line in set(_headers(one)).symmetric_difference(_headers(other))
        if not line.startswith(b" ")
    }

    assert differing == {b"To", b"Message-ID", b"List-Unsubscribe", b"Content-Type"}
    assert [part.get("Content-Type") for part in read(one).iter_parts()] == [
        part.get("Content-Type") for part in read(other).iter_parts()
    ]
    assert [_without_values(mail, own) for own, mail in two] == [_without_values(one, two[0][0])] * 2


def _without_values(raw: bytes, own: dict[str, str]) -> list[str]:
    """Return both bodies with a mark where each of the person's values stands."""
    bodies = []
    for part in read(raw).iter_parts():
        body = part.get_content()
        for name, value in own.items():
            html = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            shown = html if part.get_content_subtype() == "html" else value
            assert shown in body
            body = body.replace(shown, f"[{name}]")
        bodies.append(body)
    return bodies


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Ada", "Ada"),
        ("", ""),
        (" \r\n ", ""),
        ("Ada Bcc: evil@example.net", None),
        ("Ada\r\nBcc: evil@example.net", None),
        ("=?utf-8?q?a=0D=0ABcc:_evil=40example.net?=", None),
        ("==??utf-8?q?evil??==", None),
        ("=?=?utf-8?q?evil?=?=", None),
        ("é <evil@example.net>", None),
        ("é, evil@example.net, x", None),
        ("José @home", "José @home"),
        ("Zoë [x]", "Zoë [x]"),
        ('O"Brien \\ & Söhne; (the younger)', 'O"Brien \\ & Söhne; (the younger)'),
        ("מרים כהן", "מרים כהן"),
        ("nul\x00 bell\x07 \x1b[31m", "nul bell [31m"),
        ("A name of forty letters and no more words", "A name of forty letters and no more words"),
        ("Ödön " * 40, None),
        ("x" * 300, None),
    ],
    ids=ascii,
)
def test_a_name_neither_adds_headers_nor_changes_who_gets_it(name, told) -> None:
    """Whatever a name holds: one addressee, no other header, no line that a server must refuse."""
    raw = message(LETTER, replace(RECIPIENT, name=name))
    mail = read(raw)
    (address,) = mail["To"].addresses

    assert address.addr_spec == "p1@example.org"
    assert told is None or address.display_name == told
    assert mail.keys() == read(message(LETTER, RECIPIENT)).keys()
    encoded = re.findall(rb"=\?[^?]*\?[^?]*\?[^?]*\?=", raw.partition(b"\r\n\r\n")[0])
    assert all(len(word) <= 75 for word in encoded)
    assert not encoded or not re.fullmatch(r"[A-Za-z ]{1,60}", name)
    assert max(map(len, raw.split(b"\r\n"))) <= 998


@pytest.mark.parametrize(
    "address", [f"{'p' * 64}@{'example.' * 12}org", f"{'p' * 40}@x.example"], ids=["long", "with a name"]
)
def test_a_long_address_stays_whole(address) -> None:
    """One addressee stays one."""
    mail = read(message(LETTER, replace(RECIPIENT, address=address, name="A name of some length or other")))

    assert [each.addr_spec for each in mail["To"].addresses] == [address]


@pytest.mark.parametrize(
    "subject",
    [
        "What is new",
        "What is new, again and again: " * 5 + "end",
        "MS Research Digest · 20 November 2026",
        "— über 多発性硬化症 Woche für é ·",
        ("Neues über 多発性硬化症 " * 9).strip(),
        "x" * 200,
        "é" * 200,
    ],
    ids=lambda subject: ascii(subject)[:30],
)
def test_a_subject_is_read_as_it_was_written(subject) -> None:
    """In any script and length, with each of its blanks."""
    raw = message(replace(LETTER, subject=subject), RECIPIENT)

    assert read(raw)["Subject"] == subject
    assert raw.isascii()
    assert max(map(len, _headers(raw))) <= 76
    assert all(re.fullmatch(rb"[\w-]+: .+| .+", line) for line in _headers(raw))


@pytest.mark.parametrize(
    ("sender", "name"),
    [
        ("Zoës Übersicht <digest@mail.example.org>", "Zoës Übersicht"),
        (f"{Header('Zoës Übersicht', 'utf-8').encode()} <digest@mail.example.org>", "Zoës Übersicht"),
        ('"MS, \\"monthly\\"" <digest@mail.example.org>', 'MS, "monthly"'),
        (
            '"The Very Long Multiple Sclerosis Research Digest, a Charity of Example Harbour" <digest@mail.example.org>',
            "The Very Long Multiple Sclerosis Research Digest, a Charity of Example Harbour",
        ),
        ("digest@mail.example.org", ""),
    ],
    ids=["beyond ASCII", "encoded already", "quoted", "long, with a comma", "none"],
)
def test_a_sender_may_have_any_name(sender, name) -> None:
    """It is encoded where it has to be."""
    raw = message(replace(LETTER, sender=sender), RECIPIENT)
    (address,) = read(raw)["From"].addresses

    assert (address.display_name, address.addr_spec) == (name, "digest@mail.example.org")
    assert raw.isascii()
    assert max(map(len, _headers(raw))) <= 76


LONG_NAMES = (
    "boss@evil.example, Prof. Ada Lovelace, Department of Neurology, University Hospital",
    "Dr. Maria-Theresia von und zu Hohenlohe-Langenburg-Weikersheim (Neurology), PhD",
    "Prof. Dr. med. Annegret Müller-Lüdenscheidt, Klinik für Neurologie, Universität Bern",
    '"' + "x" * 90,
    "Ada, " + "y" * 80,
    "a.b " * 30,
    "Łucja " * 20,
    "é" * 200,
    "<evil@example.net>, " * 5,
    "group: evil@example.net; " * 5,
    "Ada " * 40,
    "x" * 90,
)


@pytest.mark.parametrize("name", LONG_NAMES, ids=lambda name: ascii(name)[:20])
def test_a_long_name_is_one_name_for_any_reader(name) -> None:
    """The line is folded within its width and never begins empty; an old reader sees one address, a new one the name."""
    raw = message(LETTER, replace(RECIPIENT, name=name))
    line = re.search(rb"\r\nTo: (.+?)\r\n(?! )", raw, re.DOTALL)[1].decode("ascii")
    ((told, address),) = getaddresses([line.replace("\r\n", "")])

    assert address == "p1@example.org"
    assert str(make_header(decode_header(told))) == name.strip()
    assert max(map(len, f"To: {line}".split("\r\n"))) <= 76
    assert [each.addr_spec for each in read(raw)["To"].addresses] == ["p1@example.org"]


@pytest.mark.parametrize("address", ["p1 @example.org", "p1@example.org\r\nBcc: x@example.net", "é@example.org", ""])
def test_what_is_no_address_is_refused_without_being_repeated(address) -> None:
    """It was refused where it came in; here it would add a header."""
    with pytest.raises(ValueError, match=r"no address that a header can hold$"):
        message(LETTER, replace(RECIPIENT, address=address))


def test_a_long_way_to_leave_stays_one_address() -> None:
    """The header is not encoded, however long the address is: clients read it as it stands."""
    long = "https://a-rather-long-name-of-a-digest.example.org/leave/" + "A" * 120

    assert f"\r\nList-Unsubscribe: <{long}>\r\n".encode() in message(LETTER, replace(RECIPIENT, leave_url=long))
