"""Published files over HTTP: right types, validators that hold, nothing outside the folder."""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Iterator
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path

import pytest
from tests.web.asking import Ask, asker
from tests.web.scene import KEYS, NOW, site

from msdigest.app import App
from msdigest.app import read_settings as load
from msdigest.model.clock import FixedClock
from msdigest.web.feeds import Files, Moved, takes_gzip
from msdigest.web.site import public_app

PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture(scope="module")
def public(tmp_path_factory) -> Path:
    """Publish a site, with files of every type in its folder and some that are nobody's."""
    folder = tmp_path_factory.mktemp("site")
    with site(folder) as app:
        app.compose(app.digest("weekly"))
        app.publish()
    public = folder / "var" / "public"
    (public / "calendar.ics").write_text("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", encoding="utf-8")
    (public / ".secret.html").write_text("hidden", encoding="utf-8")
    (public.parent / "outside.html").write_text("outside", encoding="utf-8")
    (public / "link.html").symlink_to(public.parent / "outside.html")
    return public


@pytest.fixture(scope="module")
def ask(public) -> Iterator[Ask]:
    """Ask the public application of that site."""
    settings = load(public.parents[1] / "config" / "msdigest.toml", {"MSDIGEST_KEYS": KEYS})
    with App(settings, FixedClock(NOW)) as app:
        yield asker(public_app(app), "https://digest.example")


@pytest.mark.parametrize(
    ("path", "file", "kind", "age"),
    [
        ("/feeds/all.rss", "feeds/all.rss", "application/rss+xml; charset=utf-8", 900),
        ("/feeds/digest/weekly.atom", "feeds/digest/weekly.atom", "application/atom+xml; charset=utf-8", 900),
        ("/feeds/all.json", "feeds/all.json", "application/feed+json", 900),
        ("/calendar.ics", "calendar.ics", "text/calendar; charset=utf-8", 900),
        ("/sources.opml", "sources.opml", "text/x-opml; charset=utf-8", 900),
        ("/index.html", "index.html", "text/html; charset=utf-8", 300),
        ("/", "index.html", "text/html; charset=utf-8", 300),
        ("/style/site.css", "style/site.css", "text/css; charset=utf-8", 300),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_file_goes_out_as_it_stands(ask, public, path, file, kind, age, method) -> None:
    """Its bytes, its type, how long it may be kept, and validators; HEAD says the same without the body."""
    body = (public / file).read_bytes()
    reply = ask(method, path, headers=PLAIN)

    assert reply.status_code == 200
    assert reply.content == (body if method == "GET" else b"")
    assert reply.headers["Content-Length"] == str(len(body))
    assert reply.headers["Content-Type"] == kind
    assert reply.headers["Cache-Control"] == f"public, max-age={age}"
    assert reply.headers["ETag"] == f'"{hashlib.sha256(body).hexdigest()}"'
    assert reply.headers["Vary"] == "Accept-Encoding"
    assert "Content-Encoding" not in reply.headers
    assert "Set-Cookie" not in reply.headers


def test_entries_and_issues_have_pages(ask, public) -> None:
    """What the index links to is there; without the last slash one is sent to it, wherever the site is mounted."""
    entry = next((public / "entry").iterdir()).name

    assert ask("GET", f"/entry/{entry}/").status_code == 200
    assert ask("GET", "/issue/weekly/1/").status_code == 404, "a draft is not public"
    moved = ask("GET", f"/entry/{entry}")
    assert (moved.status_code, moved.headers["Location"]) == (301, f"./{entry}/")


def test_compressed_is_another_answer(ask, public) -> None:
    """With gzip the body shrinks and has a strong tag of its own; it unpacks to the very same bytes."""
    plain = ask("GET", "/feeds/all.rss", headers=PLAIN)
    packed = ask("GET", "/feeds/all.rss", headers={"Accept-Encoding": "br, gzip"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) < len(plain.content)
    assert packed.content == plain.content
    assert packed.headers["ETag"] == f'"{hashlib.sha256(gzip.compress(plain.content, mtime=0)).hexdigest()}"'
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert packed.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("lines", "taken"),
    [
        ([], False),
        ([""], False),
        (["gzip"], True),
        (["x-gzip"], True),
        (["deflate", "GZIP;q=0.5"], True),
        (["gzip;q=0"], False),
        (["gzip; q=0.000, *"], False),
        (["*"], True),
        (["*;q=0"], False),
        (["identity, br"], False),
        (["gzip;q=nan"], False),
        (["gzip;q=9"], False),
        (["gzip;level=1"], True),
    ],
)
def test_gzip_is_for_those_who_take_it(lines: list[str], taken: bool) -> None:
    """A weight of nought is a no, a star is everything that is not named, nonsense is a no."""
    assert takes_gzip(lines) is taken


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', '"a,b",W/"c" , {}', "*"])
def test_who_has_the_tag_gets_304(ask, public, encoding, method, form) -> None:
    """Alone, weak, in a list or as a star; the answer has no body and says how long to keep it."""
    headers = {"Accept-Encoding": encoding}
    tag = ask("GET", "/feeds/all.atom", headers=headers).headers["ETag"]
    reply = ask(method, "/feeds/all.atom", headers=headers | {"If-None-Match": form.format(tag)})

    assert (reply.status_code, reply.content) == (304, b"")
    assert reply.headers["ETag"] == tag
    assert reply.headers["Cache-Control"] == "public, max-age=900"
    assert reply.headers["Vary"] == "Accept-Encoding"
    assert "Content-Length" not in reply.headers
    assert "Content-Type" not in reply.headers


def test_the_tag_decides_before_the_time(ask, public) -> None:
    """A wrong tag with a right time gets the body; the time alone gets 304, an older one or nonsense the body."""
    modified = ask("GET", "/feeds/all.rss").headers["Last-Modified"]
    older = formatdate(parsedate_to_datetime(modified).timestamp() - 1, usegmt=True)
    later = formatdate(parsedate_to_datetime(modified).timestamp() + 9, usegmt=True)
    tag = ask("GET", "/feeds/all.rss", headers=PLAIN).headers["ETag"]

    def status(**headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return ask("GET", "/feeds/all.rss", headers=PLAIN | named).status_code

    assert status(If_Modified_Since=modified) == 304
    assert status(If_Modified_Since=later) == 304
    assert status(If_Modified_Since=modified.replace("GMT", "-0000")) == 304
    assert status(If_Modified_Since=older) == 200
    assert status(If_Modified_Since="yesterday") == 200
    assert status(If_None_Match='"other"', If_Modified_Since=modified) == 200
    assert status(If_None_Match=tag, If_Modified_Since=older) == 304


@pytest.mark.parametrize(
    "path",
    [
        "/../outside.html",
        "/%2e%2e/outside.html",
        "/feeds/%2e%2e%2f%2e%2e%2foutside.html",
        "/feeds/..%5c..%5coutside.html",
        "/.secret.html",
        "/feeds//all.rss",
        "//feeds/all.rss",
        "/feeds/all.rss/",
        "/feeds/all.rss%00",
        "/feeds/%2e/all.rss",
        "/feeds",
        "/feeds/",
        "/nothing",
        "/" + "a" * 300,
        "/" + "a/" * 3000,
        "/link.html",
        "/%C3%A9",
    ],
)
def test_nothing_else_is_there(ask, public, path) -> None:
    """No way leads upwards, to a hidden file, through a link out of the folder, or to a listing: a calm 404 page."""
    reply = ask("GET", path)

    assert reply.status_code == 404
    assert "There is no such page" in reply.text
    assert "outside" not in reply.text
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["../outside.html", "feeds/../../outside.html", "/etc/passwd", "..", "a/../b", "\0"])
def test_a_path_is_a_list_of_plain_names(public, path) -> None:
    """Whatever a server in front hands over undecoded or decoded twice, it stays inside."""
    assert Files(public).find(path) is None


def test_a_changed_file_is_served_anew(tmp_path) -> None:
    """Also when it kept its size and time; an equal one comes out of memory."""
    path = tmp_path / "a.html"
    path.write_text("one", encoding="utf-8")
    files = Files(tmp_path)
    first = files.find("a.html")
    again = files.find("a.html")
    part = tmp_path / "part"
    part.write_text("two", encoding="utf-8")
    os.utime(part, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    part.replace(path)
    second = files.find("a.html")
    path.unlink()

    assert first is again
    assert (first.plain.body, second.plain.body) == (b"one", b"two")
    assert files.find("a.html") is None


def test_memory_is_bounded(tmp_path) -> None:
    """What was asked for longest ago goes first; a file larger than all the room is served and not kept."""
    for name, size in (("a.txt", 400), ("b.txt", 400), ("c.txt", 400), ("d.txt", 1200)):
        (tmp_path / name).write_bytes(os.urandom(size))
    files = Files(tmp_path, room=1000)
    a, b = files.find("a.txt"), files.find("b.txt")
    assert files.find("a.txt") is a
    files.find("c.txt")

    assert files.find("a.txt") is a
    assert files.find("b.txt") is not b
    assert files.find("d.txt").size == 1200
    assert files._taken == sum(copy.size for copy in files._copies.values()) <= 1000


def test_a_folder_without_a_page_is_nothing(tmp_path) -> None:
    """A folder leads to its index page or nowhere."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "index.html").touch()
    (tmp_path / "empty").mkdir()
    files = Files(tmp_path)

    assert files.find("full") == Moved("./full/")
    assert files.find("empty") is None
    assert files.find("empty/") is None
