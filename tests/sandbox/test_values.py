"""Values between processes: only what was packed can be unpacked, and only as data. (Round trips: the contract.)"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

import lxml.html
import pytest

from msdigest.model.entry import Entry, Identifier
from msdigest.sandbox.values import NotPlainError, packed, unpacked

OURS = ("msdigest",)
ENTRY = "msdigest.model.entry:Identifier"


def raw(told, texts=b"") -> bytes:
    """Write what a worker might that is no longer ours."""
    written = json.dumps(told).encode()
    return len(written).to_bytes(8) + written + texts


HOSTILE = {
    "nothing": b"",
    "noise": b"\xff" * 50,
    "length beyond the end": (1_000).to_bytes(8) + b"1",
    "half a number": b"\0\0\0",
    "deep": (400_000).to_bytes(8) + b"[" * 400_000,
    "deep and closed": (60_000).to_bytes(8) + b"[" * 30_000 + b"]" * 30_000,
    "endless number": (6_000).to_bytes(8) + b"9" * 6_000,
    "without a kind": raw({"told": 1}),
    "unknown kind": raw({"": "eval", "told": "1"}),
    "kind that is no text": raw({"": 7, "told": "1"}),
    "no class": raw({"": "msdigest.model.entry:Precision"}),
    "class of another package": raw({"": "subprocess:Popen", "args": ["true"]}),
    "imported by one of ours": raw({"": "msdigest.model.entry:dataclass"}),
    "imported class": raw({"": "msdigest.store.records:Entry", "key": "1"}),
    "class that is not frozen": raw({"": "msdigest.model.clock:FixedClock", "moment": None}),
    "class that is no dataclass": raw({"": "msdigest.sandbox.workers:Workers"}),
    "module that is not loaded": raw({"": "msdigest.__main__:main"}),
    "module that does not exist": raw({"": "msdigest.nowhere:Entry"}),
    "dunder": raw({"": "msdigest.model.entry:__builtins__"}),
    "too few parts": raw({"": ENTRY, "scheme": "doi"}),
    "too many parts": raw({"": ENTRY, "scheme": "doi", "value": "1", "more": 1}),
    "text beyond the end": raw({"": "text", "told": 5}, b"four"),
    "text of a negative length": raw([{"": "text", "told": -1}], b"four"),
    "text of no length": raw({"": "text", "told": "4"}, b"four"),
    "text that is none": raw({"": "text", "told": 2}, b"\xff\xfe"),
    "text that belongs nowhere": raw(1, b"four"),
    "long numbers as keys": raw({"": "dict", "told": [[2**61 - 1, 1], [2**62 - 2, 2]]}),
    "long numbers in a set": raw({"": "set", "told": [-(2**60), 2]}),
    "half numbers in a set": raw({"": "frozenset", "told": [0.5]}),
    "a tuple as key": raw({"": "dict", "told": [[[1, 2], 1]]}),
    "a list as key": raw({"": "dict", "told": [[{"": "list", "told": []}, 1]]}),
    "no pairs": raw({"": "dict", "told": ["a"]}),
    "no date": raw({"": "date", "told": "2026-13-01"}),
    "no time": raw({"": "datetime", "told": 7}),
    "no bytes": raw({"": "bytes", "told": "\u0100"}),
    "time without end": raw({"": "timedelta", "told": [10**18, 0, 0]}),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_what_was_never_packed(data) -> None:
    """It is refused as one error, and nothing is imported for it."""
    before = set(sys.modules)

    with pytest.raises(ValueError, match="no values that were packed"):
        unpacked(data, OURS)
    assert set(sys.modules) == before


def test_only_our_own_classes_are_made() -> None:
    """Whose they are is decided by who reads."""
    written = packed(Identifier("doi", "10.1/x"))

    assert unpacked(written, OURS) == Identifier("doi", "10.1/x")
    with pytest.raises(ValueError, match="packed"):
        unpacked(written, ("tests",))


def test_texts_of_libraries_become_plain() -> None:
    """lxml's texts hold on to their whole document."""
    (text,) = lxml.html.fromstring("<p>words</p>").xpath("text()")
    assert type(text) is not str

    assert type(unpacked(packed(text), OURS)) is str


@pytest.mark.parametrize(
    "value", [object(), len, Entry, iter(()), {(1,): 2}, {2**60}, frozenset({0.5}), 1j, NotImplemented]
)
def test_what_is_not_plain(value) -> None:
    """It is refused where it is written."""
    with pytest.raises(NotPlainError, match="the process that made it"):
        packed(("before", value))


def test_zones_become_offsets() -> None:
    """UTC stays UTC."""
    moment = datetime(2026, 11, 20, 12, tzinfo=UTC)

    assert unpacked(packed(moment), OURS).tzinfo is UTC
