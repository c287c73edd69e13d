"""Feeds and pages, as they were published: out of memory, with validators that a feed reader can rely on.

Each file is kept as it is and compressed. The two are different answers and have different strong ETags, so that a
cache never puts one together with the other's validator.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import stat
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

from starlette.responses import Response

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.datastructures import Headers

# An allow-list: nothing that leads upwards, no hidden file, no half-written one.
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_DEEPEST = 8
_TYPES = {
    ".rss": "application/rss+xml; charset=utf-8",
    ".atom": "application/atom+xml; charset=utf-8",
    ".json": "application/feed+json",
    ".html": "text/html; charset=utf-8",
    ".ics": "text/calendar; charset=utf-8",
    ".opml": "text/x-opml; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".ico": "image/x-icon",
    ".png": "image/png",
}
_FEEDS = {".rss", ".atom", ".json", ".ics", ".opml"}
_FEED_SECONDS, _PAGE_SECONDS = 900, 300
_PACKED_ALREADY = {".png"}
_WORTH_PACKING = 512
_ROOM = 64_000_000

Stamp: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which a file goes over the wire; ``etag``: strong, SHA-256 of just these bytes."""

    body: bytes
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A file in memory. ``packed``: compressed with gzip, None if that is no gain; ``modified``: whole seconds."""

    ending: str
    stamp: Stamp
    modified: int
    plain: Form
    packed: Form | None

    @property
    def size(self) -> int:
        """How much memory it takes, in bytes."""
        return len(self.plain.body) + (len(self.packed.body) if self.packed else 0)


@dataclass(frozen=True, slots=True)
class Moved:
    """A folder that was asked for without its last slash; ``to``: relative to what was asked for."""

    to: str


class Files:
    """The files below one folder. A file that changed on disk is read again; ``room`` bytes are kept in memory."""

    def __init__(self, root: Path, *, room: int = _ROOM) -> None:
        """Take the folder; it need not exist yet."""
        self._root = root
        self._room = room
        self._taken = 0
        self._copies: OrderedDict[Path, Copy] = OrderedDict()
        self._lock = Lock()

    def find(self, path: str) -> Copy | Moved | None:
        """Return what stands at ``path`` (decoded, without the first slash); None if there is nothing."""
        names = path.split("/")
        if names[-1] == "":
            names[-1] = "index.html"
        if len(names) > _DEEPEST or not all(_SAFE_NAME.fullmatch(name) for name in names):
            return None
        root = self._root.resolve()
        place = root.joinpath(*names).resolve()
        if not place.is_relative_to(root):
            return None
        if place.is_dir():
            return Moved(f"./{quote(names[-1])}/") if (place / "index.html").is_file() else None
        return self.read(place)

    def read(self, place: Path) -> Copy | None:
        """Return the file at ``place`` as it is now; None if there is none."""
        try:
            found = place.stat()
            if not stat.S_ISREG(found.st_mode):
                return None
            with self._lock:
                kept = self._copies.get(place)
                if kept is not None and kept.stamp == _stamp(found):
                    self._copies.move_to_end(place)
                    return kept
            copy = _load(place)
        except (FileNotFoundError, NotADirectoryError):
            return None
        with self._lock:
            self._keep(place, copy)
        return copy

    def _keep(self, place: Path, copy: Copy) -> None:
        old = self._copies.pop(place, None)
        self._taken += copy.size - (old.size if old else 0)
        self._copies[place] = copy
        while self._taken > self._room:
            _, gone = self._copies.popitem(last=False)
            self._taken -= gone.size


def _load(place: Path) -> Copy:
    with place.open("rb") as file:
        found = os.fstat(file.fileno())
        body = file.read()
    ending = place.suffix.lower()
    packed = None
    if len(body) >= _WORTH_PACKING and ending not in _PACKED_ALREADY:
        smaller = gzip.compress(body, mtime=0)
        packed = _form(smaller) if len(smaller) < len(body) else None
    return Copy(ending=ending, stamp=_stamp(found), modified=int(found.st_mtime), plain=_form(body), packed=packed)


def _form(body: bytes) -> Form:
    return Form(body, f'"{hashlib.sha256(body).hexdigest()}"')


def _stamp(found: os.stat_result) -> Stamp:
    # The number of the file too: a replaced file may have the time and the size of the old one.
    return found.st_mtime_ns, found.st_size, found.st_ino


def answer(copy: Copy, asked: Headers) -> Response:
    """Answer a GET or HEAD for ``copy``: 304 if the asker has it already, compressed if they take that."""
    form = copy.packed if copy.packed and takes_gzip(asked.getlist("accept-encoding")) else copy.plain
    seconds = _FEED_SECONDS if copy.ending in _FEEDS else _PAGE_SECONDS
    headers = {
        "ETag": form.etag,
        "Last-Modified": format_datetime(datetime.fromtimestamp(copy.modified, UTC), usegmt=True),
        "Cache-Control": f"public, max-age={seconds}",
        "Vary": "Accept-Encoding",
    }
    if _has_it(copy, form, asked):
        return Response(status_code=304, headers=headers)
    headers["Content-Type"] = _TYPES.get(copy.ending, "application/octet-stream")
    if form is copy.packed:
        headers["Content-Encoding"] = "gzip"
    return Response(form.body, headers=headers)


def _has_it(copy: Copy, form: Form, asked: Headers) -> bool:
    """Tell whether the asker's copy is still right; where there is a tag, it decides alone (RFC 9110, 13.2.2)."""
    tags = asked.getlist("if-none-match")
    if tags:
        listed = [tag.strip() for line in tags for tag in line.split(",")]
        return "*" in listed or form.etag in {tag.removeprefix("W/") for tag in listed}
    since = asked.get("if-modified-since")
    if since is None:
        return False
    try:
        when = parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False
    return copy.modified <= when.replace(tzinfo=when.tzinfo or UTC).timestamp()


def takes_gzip(lines: list[str]) -> bool:
    """Tell whether Accept-Encoding allows gzip; what is said of gzip itself goes before what is said of ``*``."""
    weights: dict[str, float] = {}
    for part in ",".join(lines).split(","):
        coding, *parameters = (word.strip().lower() for word in part.split(";"))
        weights[coding] = min([1.0, *(_weight(word) for word in parameters)])
    named = [weights[coding] for coding in ("gzip", "x-gzip") if coding in weights]
    return max(named, default=weights.get("*", 0.0)) > 0


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip() != "q":
        return 1.0
    # Digits only: float() would also take "nan" and "1_0".
    return float(value) if re.fullmatch(r"[01](?:\.[0-9]{0,3})?", value.strip()) else 0.0
