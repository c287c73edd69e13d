"""Sources as volunteers see them: why each is as it is, OPML in and out, the registries."""

from __future__ import annotations

import json
import re
import sqlite3
import tomllib
from pathlib import Path

import pytest
from lxml import etree
from tests.cli.calling import call

MORE = """
[[source]]
id = "resting"
kind = "feed"
url = "https://resting.example/feed"
enabled = false
note = "It rests until spring."

[[source]]
id = "mill"
name = "The Mill"
kind = "wordpress"
url = "https://mill.example"

[[source]]
id = "manual"
kind = "editor"

[[registry]]
id = "fen-ms"
name = "Fen MS Register"
owner = "Fen Trust"
"""
OPML = """<?xml version="1.0"?><opml version="2.0"><head/><body>
<outline text="Fens"><outline text="Fen &amp; Bog" xmlUrl="https://fen.example/feed?a=1&amp;b=2"/></outline>
<outline text="Fen &amp; Bog" xmlUrl="https://fen.example/other"/>
<outline text="Resting, still" xmlUrl="http://www.resting.example/feed/"/>
{more}</body></opml>"""


@pytest.fixture
def more(copy: Path) -> Path:
    """The main file of a site with more sources, in a file with comments of its own."""
    path = copy.parent / "sources.toml"
    path.write_text(path.read_text(encoding="utf-8") + MORE, encoding="utf-8")
    return copy


def _rows(config: Path) -> dict[str, dict]:
    return {row["id"]: row for row in json.loads(call("--config", config, "sources", "--json").out)["sources"]}


def test_each_source_says_why_it_is_as_it_is(more) -> None:
    """In the document every source has a sentence; in the table those that need one."""
    rows = _rows(more)
    told = call("--config", more, "sources")

    assert rows["kestrel"]["status"] in {"ok", "unchanged"}
    assert (rows["resting"]["status"], rows["resting"]["sentence"]) == ("disabled", "It rests until spring.")
    assert (rows["mill"]["status"], rows["mill"]["held"], rows["mill"]["failures"]) == ("new", [], 0)
    assert rows["manual"]["url"] == "https://digest.example"
    assert {"silent", "rhythm", "note", "moved_to", "attention", "name"} <= rows["mill"].keys()
    assert told.status == 0
    assert "It rests until spring." in told.out
    assert "All is well" not in told.out


def _state(config: Path, source: str, **values: object) -> None:
    with sqlite3.connect(config.parents[1] / "var" / "msdigest.db") as database:
        for name, value in values.items():
            database.execute(f"update sources set {name} = ? where id = ?", (value, source))  # noqa: S608 - our own names
    database.close()


def test_what_is_held_is_listed(more) -> None:
    """How many things, each with title, reason and time; the table tells the first and how it is taken."""
    with sqlite3.connect(more.parents[1] / "var" / "msdigest.db") as database:
        database.executemany(
            "insert into held values ('kestrel', ?, ?, ?, '2026-11-20T12:00:00.000000Z')",
            [("a", "Counter", "900 → 90 is a jump"), ("b", "Meeting", "cities do not agree")],
        )
    database.close()
    row = _rows(more)["kestrel"]
    told = call("--config", more, "sources").out

    assert row["status"] == "held"
    assert [(one["title"], one["reason"], one["since"]) for one in row["held"]] == [
        ("Counter", "900 → 90 is a jump", "2026-11-20T12:00:00Z"),
        ("Meeting", "cities do not agree", "2026-11-20T12:00:00Z"),
    ]
    assert "Counter: 900 → 90 is a jump. (and 1 more)" in told
    assert "`msdigest collect --source kestrel --accept` takes it." in told


def test_what_failed_says_what_to_do(more) -> None:
    """The fault of the last visit, how often it failed, and where it has moved."""
    _state(
        more, "harbour", status="failed", error="the server answered 503", failures=3, moved_to="https://new.example/"
    )
    row = _rows(more)["harbour"]

    assert (row["status"], row["failures"], row["error"]) == ("failed", 3, "the server answered 503")
    assert row["moved_to"] == "https://new.example/"
    assert "It failed 3 times in a row." in call("--config", more, "sources").out


def test_registries_are_listed(more) -> None:
    """As a table and as a document; a site without any says so."""
    listed = call("--config", more, "sources", "--registries")
    document = json.loads(call("--config", more, "sources", "--registries", "--json").out)

    assert re.search(r"^fen-ms +Fen MS Register +Fen Trust +active", listed.out, re.MULTILINE)
    assert document == {
        "registries": [
            {"id": "fen-ms", "name": "Fen MS Register", "owner": "Fen Trust", "region": "", "scope": "", "status": "active"}
        ]
    }  # fmt: skip


def test_no_registry_is_a_sentence(config) -> None:
    """An empty listing is told in words."""
    assert call("--config", config, "sources", "--registries").out == "No registry is named in config/sources.toml.\n"


@pytest.fixture
def opml(tmp_path: Path) -> Path:
    """A list of three feeds, one of which is there already."""
    path = tmp_path / "feeds.opml"
    path.write_text(OPML.format(more=""), encoding="utf-8")
    return path


def test_feeds_of_another_program_are_added(more, opml) -> None:
    """At the end of the file; what stood there keeps every byte, and the new sources are read."""
    path = more.parent / "sources.toml"
    before = path.read_bytes()
    status, out, err = call("--config", more, "sources", "import", opml)

    assert (status, err) == (0, "")
    assert path.read_bytes().startswith(before)
    assert tomllib.loads(path.read_text(encoding="utf-8"))["source"][-2:] == [
        {"id": "fen-bog", "name": "Fen & Bog", "kind": "feed", "url": "https://fen.example/feed?a=1&b=2"},
        {"id": "fen-bog-2", "name": "Fen & Bog", "kind": "feed", "url": "https://fen.example/other"},
    ]
    assert "2 sources added to config/sources.toml, 1 there already." in out
    assert re.search(r"^there already +resting +http://www.resting.example/feed/$", out, re.MULTILINE)
    assert call("--config", more, "check").status == 0
    assert {"fen-bog", "fen-bog-2"} <= _rows(more).keys()


def test_importing_again_changes_nothing(more, opml) -> None:
    """Everything is there already."""
    call("--config", more, "sources", "import", opml)
    before = (more.parent / "sources.toml").read_bytes()
    again = json.loads(call("--config", more, "sources", "import", opml, "--json").out)
    told = call("--config", more, "sources", "import", opml).out

    assert told.endswith("\n0 sources added to config/sources.toml, 3 there already.\n")
    assert (more.parent / "sources.toml").read_bytes() == before
    assert (again["added"], again["refused"]) == ([], [])
    assert [each["id"] for each in again["there"]] == ["fen-bog", "fen-bog-2", "resting"]


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\r\n# the last word"])
def test_a_file_may_end_as_it_likes(more, opml, end) -> None:
    """Without a last line end, or as Windows writes lines."""
    path = more.parent / "sources.toml"
    text = path.read_text(encoding="utf-8").rstrip("\n").replace("\n", "\r\n" if "\r" in end else "\n")
    path.write_bytes((text + end).encode())

    assert call("--config", more, "sources", "import", opml).status == 0
    assert path.read_bytes().startswith((text + end).encode())
    assert b"\r" not in path.read_bytes().replace(b"\r\n", b"")
    assert "fen-bog" in _rows(more)


def test_a_file_that_takes_no_tables_stays_as_it_is(more, opml) -> None:
    """Sources can be written in one list, behind which TOML lets no table stand."""
    path = more.parent / "sources.toml"
    path.write_text('source = [{ id = "a", kind = "feed", url = "https://a.example/" }]\n', encoding="utf-8")
    before = path.read_bytes()
    status, out, err = call("--config", more, "sources", "import", opml)

    assert (status, out) == (2, "")
    assert "config/sources.toml: line 3, column" in err
    assert path.read_bytes() == before


def test_what_is_no_web_address_is_refused_by_name(more, opml) -> None:
    """The others are taken, and the status is 1."""
    opml.write_text(OPML.format(more='<outline text="Mine" xmlUrl="file:///etc/passwd"/>'), encoding="utf-8")
    status, out, err = call("--config", more, "sources", "import", opml)

    assert status == 1
    assert re.search(r"^refused +Mine +'file:///etc/passwd' is no web address", out, re.MULTILINE)
    assert "2 sources added" in out
    assert err.endswith("msdigest: 1 of 4 feeds were refused\n")


NO_OPML = {
    "a web page": ("<!DOCTYPE html><html><body>x</body></html>", "is no OPML: it is a web page"),
    "a bomb": ('<!DOCTYPE opml [<!ENTITY a "b">]><opml><body/></opml>', "is no OPML: it defines a document type"),
    "nothing": ("", "is no OPML: it is no well-formed XML"),
}


@pytest.mark.parametrize("case", NO_OPML)
def test_what_is_no_opml_is_refused(more, opml, case) -> None:
    """In one sentence with the file's name; nothing is written."""
    text, sentence = NO_OPML[case]
    opml.write_text(text, encoding="utf-8")
    before = (more.parent / "sources.toml").read_bytes()
    status, out, err = call("--config", more, "sources", "import", opml)

    assert (status, out) == (1, "")
    assert err.startswith(f"msdigest: {opml} {sentence}")
    assert err.count("\n") == 1
    assert (more.parent / "sources.toml").read_bytes() == before


def test_a_file_that_cannot_be_read_is_told(more, tmp_path) -> None:
    """A missing one, a folder, one that is too large."""
    large = tmp_path / "large.opml"
    large.write_bytes(b" " * 10_000_001)

    assert call("--config", more, "sources", "import", "no.opml").err == (
        "msdigest: no.opml: cannot be read (No such file or directory)\n"
    )
    assert "cannot be read (Is a directory)" in call("--config", more, "sources", "import", tmp_path).err
    assert "is larger than 10,000,000 bytes" in call("--config", more, "sources", "import", large).err


def test_feeds_are_written_for_other_programs(more, tmp_path) -> None:
    """What is enabled and has a feed, into a file or on standard output; it can be imported again."""
    path = tmp_path / "out.opml"
    told = call("--config", more, "sources", "export", path)
    printed = call("--config", more, "sources", "export")
    feeds = {each.get("text"): each.get("xmlUrl") for each in etree.fromstring(path.read_bytes()).iter("outline")}
    again = json.loads(call("--config", more, "sources", "import", path, "--json").out)

    assert told.out == f"3 sources written: {path}\n"
    assert printed.out.encode() == path.read_bytes()
    assert set(feeds) == {"The Kestrel MS Blog", "Harbour Notes", "The Mill"}
    assert feeds["The Mill"] == "https://mill.example/feed/"
    assert again["added"] == []
    assert [each["id"] for each in again["there"]] == ["kestrel", "harbour", "mill"]
