"""Proofs that a webhook call comes from the provider: signatures and credentials, compared in constant time.

The second door to cryptography beside the vault, which keeps our own secrets: here are other people's signatures.
Everything raises ForgedError and says no more than that.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509 import load_pem_x509_certificate

from msdigest.errors import ForgedError, StaleError

if TYPE_CHECKING:
    from datetime import datetime, timedelta


def same(given: str, wanted: str) -> bool:
    """Compare in a time that tells nothing; two empty ones are not the same."""
    return bool(wanted) and hmac.compare_digest(given.encode(errors="replace"), wanted.encode())


def hmac_hex(key: str, message: bytes) -> str:
    """Return HMAC-SHA256 in hex."""
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()


def hmac_base64(key: bytes, message: bytes) -> str:
    """Return HMAC-SHA256 in base64."""
    return base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()


def check_basic(header: str, *, user: str, password: str) -> None:
    """Check an ``Authorization: Basic`` header."""
    if not password or not same(header, "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()):
        raise ForgedError


def check_ecdsa(public_key: str, signature: str, message: bytes) -> None:
    """Check a base64 DER signature (ECDSA over SHA-256) by a base64 DER public key."""
    try:
        key = load_der_public_key(base64.b64decode(public_key, validate=True))
        proof = base64.b64decode(signature, validate=True)
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise ForgedError
        key.verify(proof, message, ec.ECDSA(SHA256()))
    except (binascii.Error, ValueError, InvalidSignature, UnsupportedAlgorithm):
        raise ForgedError from None


def check_rsa(certificate: bytes, signature: str, message: bytes, *, sha1: bool, now: datetime) -> None:
    """Check a base64 signature (RSA, PKCS #1 v1.5) by a PEM certificate that is valid now."""
    try:
        issued = load_pem_x509_certificate(certificate)
        key = issued.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            raise ForgedError
        proof = base64.b64decode(signature, validate=True)
        # SHA-1 is what the first version of the signature is made with; the provider decides that.
        key.verify(proof, message, padding.PKCS1v15(), SHA1() if sha1 else SHA256())  # noqa: S303  # as above
    except (binascii.Error, ValueError, InvalidSignature, UnsupportedAlgorithm):
        raise ForgedError from None
    if not issued.not_valid_before_utc <= now <= issued.not_valid_after_utc:
        raise ForgedError


def rsa_bits(public_key: str) -> int | None:
    """Return how long an RSA key (base64 DER) is; None for anything else."""
    try:
        key = load_der_public_key(base64.b64decode(public_key, validate=True))
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return None
    return key.key_size if isinstance(key, rsa.RSAPublicKey) else None


def check_time(at: datetime, *, now: datetime, oldest: timedelta, ahead: timedelta) -> None:
    """Check that a call was made lately; raises StaleError."""
    if not -ahead <= now - at <= oldest:
        raise StaleError
