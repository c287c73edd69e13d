"""Proofs that a webhook call is genuine: what is right is let through, everything else is forged or of another time."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import NameOID

from msdigest.errors import ForgedError, HookError, StaleError
from msdigest.postal import proofs

NOW = datetime(2026, 11, 27, 5, 0, tzinfo=UTC)
MESSAGE = b"what was told"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CURVE = ec.generate_private_key(ec.SECP256R1())
EDWARDS = ed25519.Ed25519PrivateKey.generate()
SHA1 = hashes.SHA1()  # noqa: S303  # what the first version of the signature is made with


def public(key) -> str:
    raw = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(raw).decode()


def ecdsa(message: bytes = MESSAGE, *, algorithm=None) -> str:
    return base64.b64encode(CURVE.sign(message, ec.ECDSA(algorithm or hashes.SHA256()))).decode()


def signed(message: bytes = MESSAGE, *, key=RSA, algorithm=None) -> str:
    return base64.b64encode(key.sign(message, padding.PKCS1v15(), algorithm or hashes.SHA256())).decode()


def certificate(key=RSA) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=1,
        not_valid_before=NOW - timedelta(days=1),
        not_valid_after=NOW + timedelta(days=1),
    ).sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize(
    ("given", "wanted", "equal"),
    [
        ("a", "a", True),
        ("é", "é", True),
        ("a", "b", False),
        ("a", "ab", False),
        ("", "a", False),
        ("a", "", False),
        ("", "", False),
        ("\ud800", "?a", False),
    ],
    ids=["equal", "equal beyond ASCII", "other", "longer", "nothing given", "nothing set", "nothing at all", "half"],
)
def test_only_what_is_set_can_be_the_same(given: str, wanted: str, equal: bool) -> None:
    """A secret that nobody set is met by nothing, not even by nothing."""
    assert proofs.same(given, wanted) is equal


def test_keyed_hashes_are_the_standard_ones() -> None:
    """In hex by a key that is text, in base64 by one that is bytes."""
    digest = hmac.new(b"key", MESSAGE, hashlib.sha256)

    assert proofs.hmac_hex("key", MESSAGE) == digest.hexdigest()
    assert base64.b64decode(proofs.hmac_base64(b"key", MESSAGE)) == digest.digest()


@pytest.mark.parametrize(
    ("header", "password"),
    [
        ("Basic " + base64.b64encode(b"hook:wrong").decode(), "secret"),
        ("Basic " + base64.b64encode(b"other:secret").decode(), "secret"),
        ("Bearer " + base64.b64encode(b"hook:secret").decode(), "secret"),
        (base64.b64encode(b"hook:secret").decode(), "secret"),
        ("", "secret"),
        ("Basic " + base64.b64encode(b"hook:").decode(), ""),
    ],
    ids=["password", "user", "scheme", "no scheme", "no header", "no password set"],
)
def test_other_credentials_are_forged(header: str, password: str) -> None:
    """User, password and scheme all have to be right, and there has to be a password."""
    with pytest.raises(ForgedError):
        proofs.check_basic(header, user="hook", password=password)


def test_the_right_credentials_are_let_through() -> None:
    """Also where they are not ASCII."""
    proofs.check_basic("Basic " + base64.b64encode("hook:gehéim".encode()).decode(), user="hook", password="gehéim")


def test_a_signature_on_a_curve_is_let_through() -> None:
    """ECDSA over SHA-256, as the key's owner makes it."""
    proofs.check_ecdsa(public(CURVE), ecdsa(), MESSAGE)


@pytest.mark.parametrize(
    ("key", "signature", "message"),
    [
        (public(CURVE), ecdsa(), b"something else"),
        (public(ec.generate_private_key(ec.SECP256R1())), ecdsa(), MESSAGE),
        (public(CURVE), ecdsa(algorithm=hashes.SHA384()), MESSAGE),
        (public(CURVE), ecdsa()[:-8], MESSAGE),
        (public(CURVE), "", MESSAGE),
        (public(CURVE), "é", MESSAGE),
        (public(CURVE), "!" + ecdsa(), MESSAGE),
        ("", ecdsa(), MESSAGE),
        ("AAAA", ecdsa(), MESSAGE),
        ("no base64", ecdsa(), MESSAGE),
        (public(RSA), signed(), MESSAGE),
        (public(EDWARDS), base64.b64encode(EDWARDS.sign(MESSAGE)).decode(), MESSAGE),
    ],
    ids=[
        "message", "other key", "other hash", "cut", "no signature", "not ASCII", "no base64", "no key", "nonsense key",
        "key that is no base64", "RSA", "another curve",
    ],
)  # fmt: skip
def test_any_other_signature_on_a_curve_is_forged(key: str, signature: str, message: bytes) -> None:
    """Whatever is wrong with it, the answer is the same."""
    with pytest.raises(ForgedError):
        proofs.check_ecdsa(key, signature, message)


@pytest.mark.parametrize(("sha1", "algorithm"), [(False, hashes.SHA256()), (True, SHA1)])
def test_a_signature_by_a_certificate_is_let_through(sha1: bool, algorithm: hashes.HashAlgorithm) -> None:
    """In both versions."""
    proofs.check_rsa(certificate(), signed(algorithm=algorithm), MESSAGE, sha1=sha1, now=NOW)


@pytest.mark.parametrize(
    ("pem", "signature", "sha1", "now"),
    [
        (certificate(), signed(b"something else"), False, NOW),
        (certificate(OTHER_RSA), signed(), False, NOW),
        (certificate(), signed(), True, NOW),
        (certificate(), signed(algorithm=SHA1), False, NOW),
        (certificate(), signed()[:-4], False, NOW),
        (certificate(), "", False, NOW),
        (certificate(), "é", False, NOW),
        (b"", signed(), False, NOW),
        (b"<html>", signed(), False, NOW),
        (certificate(CURVE), ecdsa(), False, NOW),
        (certificate(), signed(), False, NOW + timedelta(days=2)),
        (certificate(), signed(), False, NOW - timedelta(days=2)),
    ],
    ids=[
        "message", "other key", "version 2 as 1", "version 1 as 2", "cut", "no signature", "not ASCII",
        "no certificate", "a page", "key on a curve", "expired", "not yet valid",
    ],
)  # fmt: skip
def test_any_other_signature_by_a_certificate_is_forged(pem: bytes, signature: str, sha1: bool, now: datetime) -> None:
    """The certificate has to hold a key of the right kind and to be valid now."""
    with pytest.raises(ForgedError):
        proofs.check_rsa(pem, signature, MESSAGE, sha1=sha1, now=now)


@pytest.mark.parametrize(
    ("key", "bits"),
    [(public(RSA), 2048), (public(CURVE), None), ("AAAA", None), ("no base64", None), ("", None)],
    ids=["RSA", "curve", "nonsense", "no base64", "nothing"],
)
def test_the_length_of_a_key_is_told_of_rsa_alone(key: str, bits: int | None) -> None:
    """Anything else has no length that could be too short."""
    assert proofs.rsa_bits(key) == bits


@pytest.mark.parametrize(
    ("age", "taken"),
    [
        (timedelta(), True),
        (timedelta(minutes=5), True),
        (timedelta(minutes=5, seconds=1), False),
        (-timedelta(minutes=1), True),
        (-timedelta(minutes=1, seconds=1), False),
    ],
    ids=["now", "just in time", "too old", "just ahead", "too far ahead"],
)
def test_a_call_of_another_time_is_stale(age: timedelta, taken: bool) -> None:
    """Both limits belong to what is taken."""
    try:
        proofs.check_time(NOW - age, now=NOW, oldest=timedelta(minutes=5), ahead=timedelta(minutes=1))
        result = True
    except StaleError:
        result = False

    assert result is taken


def test_an_error_tells_nothing_of_what_was_posted() -> None:
    """Whoever forges learns nothing, and nothing personal goes into a log."""
    with pytest.raises(HookError) as caught:
        proofs.check_ecdsa(public(CURVE), "p1@example.org", MESSAGE)

    assert str(caught.value) == str(ForgedError())
    assert caught.value.__suppress_context__
