"""The outbox: whole messages, one a person, written whole or not at all."""

from __future__ import annotations

import email
import email.policy
import re
import stat

import pytest
from tests.providers.test_mailgun import person, shipment

from msdigest.model.delivery import Outcome
from msdigest.ports import Failure, Reply
from msdigest.providers.file import FileProvider


def test_a_message_parses_back(tmp_path) -> None:
    """Headers, both parts and the way to leave are there; lines are short enough for any server."""
    provider = FileProvider(tmp_path)
    parcel = shipment(
        person(1, greeting="Hello Zoë & <b>,"),
        html=["<p>", "greeting", "</p>" + "é" * 2000],
        text=["", "greeting", "\n"],
    )
    request = provider.build(parcel)
    reply = provider.carry(request)
    raw = (tmp_path / "7" / "d1.eml").read_bytes()
    message = email.message_from_bytes(raw, policy=email.policy.default)

    assert provider.parse(reply, parcel) == [Outcome("accepted", provider_id="d1")]
    assert message["To"] == "Ada <p1@example.org>"
    assert message["Message-ID"] == "<d1@mail.example.org>"
    assert message["List-Unsubscribe"] == "<https://digest.example.org/leave/token1>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message.get_body(("plain",)).get_content() == "Hello Zoë & <b>,\r\n"
    assert message.get_body(("html",)).get_content().startswith("<p>Hello Zoë &amp; &lt;b&gt;,</p>é")
    assert max(len(line) for line in raw.partition(b"\r\n\r\n")[2].split(b"\r\n")) <= 78
    assert not message.defects


def test_writing_again_replaces_the_same_file(tmp_path) -> None:
    """A batch that is tried again gives nobody a second message."""
    provider = FileProvider(tmp_path)
    request = provider.build(shipment(person(1), person(2)))
    provider.carry(request)
    first = (tmp_path / "7" / "d1.eml").read_bytes()
    provider.carry(provider.build(shipment(person(1), person(2))))

    assert sorted(path.name for path in (tmp_path / "7").iterdir()) == ["d1.eml", "d2.eml"]
    assert (tmp_path / "7" / "d1.eml").read_bytes() == first


def test_an_outbox_that_cannot_be_written_leaves_everybody_pending(tmp_path) -> None:
    """The disk's fault is told and nobody is lost."""
    (tmp_path / "outbox").write_text("in the way")
    provider = FileProvider(tmp_path / "outbox")
    parcel = shipment(person(1))
    reply = provider.carry(provider.build(parcel))

    assert isinstance(reply, Failure)
    assert provider.parse(reply, parcel)[0].state == "pending"


@pytest.mark.parametrize(
    "name",
    [
        "Ada Bcc: evil@example.net",
        "=?utf-8?q?a=0D=0ABcc:_evil=40example.net?=",
        "é <evil@example.net>",
        "é, evil@example.net, x",
        "José @home",
        "Zoë [x]",
        'O"Brien \\ & Söhne; (the younger)',
        "מרים כהן",
        "Ödön " * 40,
    ],
)
def test_a_name_neither_adds_headers_nor_changes_who_gets_it(tmp_path, name) -> None:
    """Whatever a name holds: one addressee, no other header, no line that a server must refuse."""
    provider = FileProvider(tmp_path)
    hostile = person(1)
    object.__setattr__(hostile, "name", name)
    reply = provider.carry(provider.build(shipment(hostile)))
    raw = (tmp_path / "7" / "d1.eml").read_bytes()
    message = email.message_from_bytes(raw, policy=email.policy.default)

    assert isinstance(reply, Reply)
    assert [address.addr_spec for address in message["To"].addresses] == ["p1@example.org"]
    assert message["Bcc"] is None
    assert max(map(len, re.findall(rb"=\?utf-8\?[^?]*\?[^?]*\?=", raw.partition(b"\r\n\r\n")[0])), default=0) <= 75


def test_the_outbox_is_for_its_owner_alone(tmp_path) -> None:
    """A message holds an address, a name and, by its entries, topics."""
    provider = FileProvider(tmp_path / "outbox")
    provider.carry(provider.build(shipment(person(1))))

    assert stat.S_IMODE((tmp_path / "outbox" / "7").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "outbox" / "7" / "d1.eml").stat().st_mode) == 0o600


def test_a_long_way_to_leave_stays_one_address(tmp_path) -> None:
    """The header is not encoded, however long the address is: clients read it as it stands."""
    provider = FileProvider(tmp_path)
    leaver = person(1)
    long = "https://a-rather-long-name-of-a-digest.example.org/leave/" + "A" * 120
    object.__setattr__(leaver, "leave_url", long)
    provider.carry(provider.build(shipment(leaver)))

    assert f"List-Unsubscribe: <{long}>\r\n".encode() in (tmp_path / "7" / "d1.eml").read_bytes()
