"""The vault: the one door to cryptography.

Addresses, names and choices are stored encrypted (AES-256-GCM) and looked up by a keyed hash. Links that act for
a person carry a token derived by HMAC, so nothing is stored for them. The keys live in the environment or in a
file that only its owner may read; they are never in the database.

A key file holds one key a line, ``NUMBER:BASE64`` (32 random bytes). The last line seals and signs; all lines
open and verify, so that links which people already have in their mail stay valid. The first line also keys the
look-up hash and therefore stays.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import stat
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from msdigest.errors import TokenError, VaultError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

PURPOSES: Final = {"leave": 1, "confirm": 2, "preferences": 3}
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
MAC_BYTES: Final = 16
DIGEST_TAG_BYTES: Final = 8
_MAX_KEY_NUMBER: Final = 255


def new_keys() -> str:
    """Return the text of a new key file with one random key."""
    return f"1:{base64.b64encode(os.urandom(KEY_BYTES)).decode()}\n"


def write_keys(path: Path) -> None:
    """Make a key file that only its owner may read; an existing one is left alone."""
    if path.exists():
        return
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(new_keys())


def read_keys(path: Path) -> str:
    """Return the text of a key file; raises VaultError if it is missing or others may read it."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        message = (
            f"{path}: is missing: put your copy of it back (only a site without people gets a new one: `msdigest init`)"
        )
        raise VaultError(message) from None
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        message = f"{path}: the key file cannot be read ({why})"
        raise VaultError(message) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        message = f"{path}: others may read the key file: run `chmod 600 {path}`"
        raise VaultError(message)
    return text


def normal_address(address: str) -> str:
    """Return the form under which an address is looked up: one person, one form."""
    local, _, domain = unicodedata.normalize("NFC", address.strip()).rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        domain = domain.lower()
    return f"{local.lower()}@{domain.lower()}"


class Vault:
    """Seals, opens, looks up and signs with one set of keys. Safe to use from several threads."""

    def __init__(self, keys: str) -> None:
        """Read the text of a key file (or of the environment); raises VaultError."""
        secrets = _parse(keys)
        self._newest = max(secrets)
        self._sealers = {number: AESGCM(_derive(secret, b"seal")) for number, secret in secrets.items()}
        # Keyed once and copied: that takes two thirds of the time, and a digest signs two million times.
        self._signers = {number: _keyed(_derive(secret, b"sign")) for number, secret in secrets.items()}
        self._lookup_key = _derive(secrets[min(secrets)], b"look-up")
        self._correlator = _keyed(_derive(secrets[min(secrets)], b"correlation"))

    @property
    def fingerprint(self) -> str:
        """A name of the look-up key that tells nothing about it: a database keeps it to notice a wrong key."""
        return hmac.digest(self._lookup_key, b"fingerprint", "sha256").hex()[:16]

    def seal(self, plain: bytes, *, about: str) -> bytes:
        """Encrypt; ``about`` (e.g. the subscriber's id) binds the result to its place."""
        nonce = os.urandom(NONCE_BYTES)
        body = self._sealers[self._newest].encrypt(nonce, plain, about.encode())
        return bytes([self._newest]) + nonce + body

    def open(self, sealed: bytes, *, about: str) -> bytes:
        """Decrypt what ``seal`` made for the same place; raises VaultError."""
        sealer = self._sealers.get(sealed[0]) if sealed else None
        if sealer is None:
            message = "a sealed record names a key that is not in the key file: put the old key back"
            raise VaultError(message)
        try:
            return sealer.decrypt(sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :], about.encode())
        except InvalidTag:
            message = "a sealed record does not open: it belongs to other keys or was changed"
            raise VaultError(message) from None

    def look_up(self, address: str) -> str:
        """Return the keyed hash under which an address is found, 64 hex digits."""
        return hmac.digest(self._lookup_key, normal_address(address).encode(), "sha256").hex()

    def correlate(self, *parts: str) -> str:
        """Return 32 hex digits that name ``parts`` (issue, subscriber) to a provider and mean nothing to it."""
        return _told(self._correlator, "\0".join(parts).encode())[:MAC_BYTES].hex()

    def sign(self, purpose: str, *, subscriber: str, digest: str) -> str:
        """Make the token of a link: URL-safe, the same for the same arguments, 128 bits of proof."""
        body = bytes([self._newest, PURPOSES[purpose]]) + bytes.fromhex(subscriber) + _tag(digest)
        return base64.urlsafe_b64encode(body + self._mac(body)).rstrip(b"=").decode()

    def read(self, token: str, *, purpose: str, digests: Iterable[str]) -> tuple[str, str]:
        """Return (subscriber, digest) of a token made by ``sign``; raises TokenError and says no more than that."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except ValueError:
            raise TokenError from None
        body, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
        genuine = len(raw) == 2 + 16 + DIGEST_TAG_BYTES + MAC_BYTES and body[0] in self._signers
        if not genuine or not hmac.compare_digest(mac, self._mac(body)) or body[1] != PURPOSES[purpose]:
            raise TokenError
        tags = {_tag(digest): digest for digest in digests}
        digest = tags.get(body[18:])
        if digest is None:
            message = "This link belongs to a digest that no longer exists."
            raise TokenError(message)
        return body[2:18].hex(), digest

    def _mac(self, body: bytes) -> bytes:
        return _told(self._signers[body[0]], body)[:MAC_BYTES]


def _keyed(key: bytes) -> hmac.HMAC:
    return hmac.new(key, digestmod="sha256")


def _told(keyed: hmac.HMAC, message: bytes) -> bytes:
    mac = keyed.copy()
    mac.update(message)
    return mac.digest()


@lru_cache(maxsize=64)
def _tag(digest: str) -> bytes:
    return hashlib.sha256(digest.encode()).digest()[:DIGEST_TAG_BYTES]


def _derive(secret: bytes, use: bytes) -> bytes:
    return HKDFExpand(algorithm=SHA256(), length=KEY_BYTES, info=b"msdigest " + use).derive(secret)


def _parse(keys: str) -> Mapping[int, bytes]:
    secrets: dict[int, bytes] = {}
    for line in keys.split():
        number, _, text = line.partition(":")
        try:
            secret = base64.b64decode(text, validate=True)
        except ValueError:
            secret = b""
        if not number.isdigit() or not 0 < int(number) <= _MAX_KEY_NUMBER or len(secret) != KEY_BYTES:
            message = f"a key is 'NUMBER:BASE64' with a number from 1 to 255 and {KEY_BYTES} bytes"
            raise VaultError(message)
        secrets[int(number)] = secret
    if not secrets:
        message = "there is no key: make a key file with `msdigest init`"
        raise VaultError(message)
    return secrets
