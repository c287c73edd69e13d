"""Words of mail servers as they may be shown: one line, printable, and nobody's address in them."""

from __future__ import annotations

import re

from msdigest.postal.answers import told

# A shorter one would take letters out of words that have nothing to do with it.
_SHORTEST_NAME = 3
# More than anybody is shown; to look for addresses takes the square of it.
_LONGEST = 500


def printable(words: bytes | str) -> str:
    """Return words on one line, without controls."""
    text = words.decode("ascii", "replace") if isinstance(words, bytes) else words
    return "".join(each if each.isprintable() else " " for each in text)


def told_without(words: str, address: str) -> str:
    """Return what a server said without ``address``, or the part before its @, that many repeat alone."""
    words, local = " ".join(printable(words).split())[:_LONGEST], address.rpartition("@")[0]
    for known in (address, local) if len(local) >= _SHORTEST_NAME else (address,):
        words = re.sub(re.escape(known), "[address]", words, flags=re.IGNORECASE) if known else words
    return told(words)
