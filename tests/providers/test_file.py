"""The outbox: whole messages, one a person, written whole or not at all."""

from __future__ import annotations

import email
import email.policy
import stat

from tests.providers.test_mailgun import person, shipment

from msdigest.model.delivery import Outcome
from msdigest.ports import Failure
from msdigest.providers.file import FileProvider
from msdigest.render.mime import message


def parcel_for(*people):
    return shipment(*people, html=[b"<p>", "greeting", b"</p>=\r\n"], text=[b"", "greeting", b"\r\n"], coding="mime")


def test_it_takes_what_is_quoted_printable() -> None:
    """So a message is joined and written, and no body is encoded once more."""
    assert FileProvider.caps.coding == "mime"


def test_each_message_is_a_file_of_its_own(tmp_path) -> None:
    """What is written parses back, and everybody is accepted under the name of the file."""
    provider = FileProvider(tmp_path)
    parcel = parcel_for(person(1, greeting="Hello Zoë & <b>,"), person(2))
    reply = provider.carry(provider.build(parcel))
    ((letter, people),) = parcel.parts
    written = {path.name: path.read_bytes() for path in (tmp_path / "7").iterdir()}
    first = email.message_from_bytes(written["d1.eml"], policy=email.policy.default)

    assert provider.parse(reply, parcel) == [
        Outcome("accepted", provider_id="d1"),
        Outcome("accepted", provider_id="d2"),
    ]
    assert written == {f"{each.delivery}.eml": message(letter, each) for each in people}
    assert first["To"] == "Ada <p1@example.org>"
    assert first.get_body(("plain",)).get_content() == "Hello Zoë & <b>,\r\n"
    assert first.get_body(("html",)).get_content() == "<p>Hello Zoë &amp; &lt;b&gt;,</p>"


def test_several_letters_are_written_in_one_go(tmp_path) -> None:
    """Each person's own body, whoever they share the shipment with."""
    provider = FileProvider(tmp_path)
    one, other = parcel_for(person(1)), shipment(person(2), html=[b"<p>=\r\n"], text=[b"x=\r\n"], coding="mime")
    provider.carry(provider.build(type(one)(attempt="a", parts=[*one.parts, *other.parts])))

    assert b"Hello Ada," in (tmp_path / "7" / "d1.eml").read_bytes()
    assert b"Hello" not in (tmp_path / "7" / "d2.eml").read_bytes()


def test_writing_again_replaces_the_same_file(tmp_path) -> None:
    """A batch that is tried again gives nobody a second message."""
    provider = FileProvider(tmp_path)
    provider.carry(provider.build(parcel_for(person(1), person(2))))
    first = (tmp_path / "7" / "d1.eml").read_bytes()
    provider.carry(provider.build(parcel_for(person(1), person(2))))

    assert sorted(path.name for path in (tmp_path / "7").iterdir()) == ["d1.eml", "d2.eml"]
    assert (tmp_path / "7" / "d1.eml").read_bytes() == first


def test_an_outbox_that_cannot_be_written_leaves_everybody_pending(tmp_path) -> None:
    """The disk's fault is told and nobody is lost."""
    (tmp_path / "outbox").write_text("in the way")
    provider = FileProvider(tmp_path / "outbox")
    parcel = parcel_for(person(1))
    reply = provider.carry(provider.build(parcel))

    assert isinstance(reply, Failure)
    assert provider.parse(reply, parcel)[0].state == "pending"


def test_the_outbox_is_for_its_owner_alone(tmp_path) -> None:
    """A message holds an address, a name and, by its entries, topics."""
    provider = FileProvider(tmp_path / "outbox")
    provider.carry(provider.build(parcel_for(person(1))))

    assert stat.S_IMODE((tmp_path / "outbox" / "7").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "outbox" / "7" / "d1.eml").stat().st_mode) == 0o600
