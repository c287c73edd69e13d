"""The vault: what is sealed stays sealed, links cannot be forged."""

from __future__ import annotations

import stat

import pytest

from msdigest.errors import TokenError, VaultError
from msdigest.vault import Vault, new_keys, normal_address, read_keys, write_keys

KEYS = "1:" + "QUFB" * 10 + "QUE="
NEXT = KEYS + "\n2:" + "QkJC" * 10 + "QkI="
PERSON = "00112233445566778899aabbccddeeff"
OTHER = "ff112233445566778899aabbccddeeff"


def test_what_is_sealed_opens_in_its_place_only() -> None:
    """A record opens again for the same place, and for no other."""
    vault = Vault(KEYS)
    sealed = vault.seal(b"ada@example.org", about=PERSON)

    assert vault.open(sealed, about=PERSON) == b"ada@example.org"
    assert b"ada" not in sealed
    with pytest.raises(VaultError, match="does not open"):
        vault.open(sealed, about=OTHER)


def test_sealing_twice_gives_different_bytes() -> None:
    """Equal plain texts cannot be told from what is stored."""
    vault = Vault(KEYS)

    assert vault.seal(b"x", about="a") != vault.seal(b"x", about="a")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada@Example.ORG", "ada@example.org"),
        (" ada@example.org ", "ada@example.org"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
    ],
)
def test_one_person_has_one_look_up(one: str, other: str) -> None:
    """Spellings of one address are found under one hash, which does not show the address."""
    vault = Vault(KEYS)

    assert normal_address(one) == normal_address(other)
    assert vault.look_up(one) == vault.look_up(other) != Vault(new_keys()).look_up(one)


def test_a_token_names_its_person_and_digest() -> None:
    """What was signed is read back; the same link is made every time."""
    vault = Vault(KEYS)
    token = vault.sign("leave", subscriber=PERSON, digest="weekly")

    assert vault.read(token, purpose="leave", digests=["daily", "weekly"]) == (PERSON, "weekly")
    assert token == vault.sign("leave", subscriber=PERSON, digest="weekly")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token[:-6],
        lambda token: token + "AAAA",
        lambda token: "Z" + token[1:],
        lambda token: token[:10] + ("A" if token[10] != "A" else "B") + token[11:],
        lambda _: "",
        lambda _: "not a token/..",
        lambda _: "é" * 56,
    ],
)
def test_a_spoiled_token_is_refused(spoil) -> None:
    """Forged, cut and foreign tokens are all refused."""
    vault = Vault(KEYS)
    token = vault.sign("leave", subscriber=PERSON, digest="weekly")

    with pytest.raises(TokenError):
        vault.read(spoil(token), purpose="leave", digests=["weekly"])


def test_a_token_serves_one_purpose_and_living_digests() -> None:
    """A link to leave is no link to confirm; a digest that is gone is said to be gone."""
    vault = Vault(KEYS)
    token = vault.sign("leave", subscriber=PERSON, digest="weekly")

    with pytest.raises(TokenError):
        vault.read(token, purpose="confirm", digests=["weekly"])
    with pytest.raises(TokenError, match="no longer exists"):
        vault.read(token, purpose="leave", digests=["daily"])


def test_old_keys_stay_valid_for_what_they_made() -> None:
    """After a new key is added, old links, old records and the look-up still work."""
    old, new = Vault(KEYS), Vault(NEXT)
    token = old.sign("leave", subscriber=PERSON, digest="weekly")

    assert new.read(token, purpose="leave", digests=["weekly"]) == (PERSON, "weekly")
    assert new.open(old.seal(b"x", about="a"), about="a") == b"x"
    assert new.look_up("a@example.org") == old.look_up("a@example.org")
    assert new.fingerprint == old.fingerprint
    with pytest.raises(VaultError, match="put the old key back"):
        old.open(new.seal(b"x", about="a"), about="a")


@pytest.mark.parametrize("keys", ["", "one:AAAA", "1:AAAA", "300:" + KEYS[2:], "1:?"])
def test_bad_keys_are_refused(keys: str) -> None:
    """A key file that is empty or wrong is named as such."""
    with pytest.raises(VaultError):
        Vault(keys)


def test_the_key_file_is_for_its_owner_alone(tmp_path) -> None:
    """It is made with mode 600, kept when it exists, and refused when others may read it."""
    path = tmp_path / "vault.key"
    write_keys(path)
    first = read_keys(path)
    write_keys(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_keys(path) == first
    path.chmod(0o644)
    with pytest.raises(VaultError, match="chmod 600"):
        read_keys(path)
    with pytest.raises(VaultError, match="msdigest init"):
        read_keys(tmp_path / "none")
