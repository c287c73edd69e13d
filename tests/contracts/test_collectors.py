"""What every collector keeps to, with nothing but ``id``, ``kind`` and ``url`` in its source's table."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import get_args
from urllib.parse import urlsplit

import pytest
from tests.contracts.collectors import SCENES, Fault, Scene, Server
from tests.site import write_site

from msdigest.app import COLLECTORS, KINDS, read_settings
from msdigest.config.shapes import ENTRY_KINDS
from msdigest.errors import CollectError, FetchError, LimitError, UnreachableError
from msdigest.markup.blocks import plain
from msdigest.markup.clean import clean
from msdigest.model.entry import ChangeKind, Entry, Known, Precision
from msdigest.model.source import Source
from msdigest.ports import Collected, Collector, Memory, Reply, Sandbox
from msdigest.sandbox.calls import OURS, refuse_unless_named
from msdigest.sandbox.values import packed, unpacked

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FIRST = Memory(now=NOW)
HOUR = timedelta(hours=1)
PAUSES = [pytest.param(HOUR, id="an hour later"), pytest.param(timedelta(days=9), id="nine days later")]
SCHEMES = {"doi", "pmid", "pmcid", "nct", "isrctn", "ctis", "eudract"}
ASKING = [name for name, kind in KINDS.items() if kind.has_url]
TYPING = [name for name, kind in KINDS.items() if not kind.has_url]


class Walls:
    """A ``Sandbox`` that lets through what another process would understand, and hides no fault of ours."""

    def run(self, function, *args):
        refuse_unless_named(function)
        given = unpacked(packed(args), OURS)
        assert given == args, f"{function.__qualname__} is given what cannot leave the process"
        result = function(*given)
        told = unpacked(packed(result), OURS)
        assert told == result, f"{function.__qualname__} returns what cannot leave its process"
        return told


class Tired:
    """A ``Sandbox`` that reads nothing."""

    def run(self, function, *args):
        raise LimitError


@dataclass(frozen=True, slots=True)
class Desk:
    """Visits one source, with a server that is made for each visit."""

    collect: Collector
    source: Source
    scene: Scene
    servers: list[Server] = field(default_factory=list)

    def visit(self, memory: Memory = FIRST, *, sandbox: Sandbox | None = None, **server) -> Collected:
        self.servers.append(Server(self.scene, **server))
        return self.collect(self.source, memory, self.servers[-1], sandbox or Walls())

    def asked(self) -> int:
        """How many questions the last visit took."""
        return len(self.servers[-1].asked)


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> dict[str, Source]:
    """The sources of all scenes, as their tables are read."""
    folder = tmp_path_factory.mktemp("site")
    config = write_site(folder)
    tables = "".join(
        f'[[source]]\nid = "{kind}-source"\nkind = "{kind}"\n'
        + (f'url = "{scene.url}"\n' if scene.url else "")
        + scene.table
        for kind, scene in SCENES.items()
        if kind in KINDS
    )
    (folder / "config" / "sources.toml").write_text(tables, encoding="utf-8")
    return {source.kind: source for source in read_settings(config, {}).sources}


@pytest.fixture
def desk(kind: str, sources: dict[str, Source]) -> Desk:
    if kind not in SCENES:
        pytest.fail(f"kind {kind!r} has no scene: add one to SCENES in tests/contracts/collectors.py")
    return Desk(COLLECTORS[kind], sources[kind], SCENES[kind])


def after(visit: Collected, pause: timedelta = HOUR) -> Memory:
    """What is remembered of a first visit at the next one."""
    known = [
        Known(
            one.key,
            one.text,
            one.section,
            one.published,
            gone=False,
            facts={fact.name: fact.value for fact in one.facts},
        )
        for one in visit.entries
    ]
    keys = frozenset(one.key for one in known)
    return Memory(
        now=NOW + pause,
        since=NOW,
        validators=visit.validators,
        body_hash=visit.body_hash,
        notes=visit.notes,
        known=lambda: known,
        seen=lambda asked: keys & frozenset(asked),
    )


def by_key(visit: Collected) -> dict[str, Entry]:
    entries = {entry.key: entry for entry in visit.entries}
    assert len(entries) == len(visit.entries), "a key was given twice"
    return entries


def refuse_unless_well_formed(entry: Entry, source: Source) -> None:
    assert entry.key
    assert entry.source == source.id
    assert entry.kind in ENTRY_KINDS
    assert entry.title == " ".join(entry.title.split()) != ""
    for url in (entry.url, *(file.url for file in entry.enclosures)):
        assert urlsplit(url).scheme in {"http", "https"}
        assert urlsplit(url).hostname
    # The two spellings of a space that does not break are one.
    assert entry.html.replace("\u00a0", "&nbsp;") == clean(entry.html, base_url=entry.url)
    assert plain(entry.html).split() == entry.text.split()
    assert (entry.published is None) == (entry.precision is None)
    assert entry.precision is None or entry.precision in get_args(Precision)
    assert all(moment.utcoffset() == timedelta(0) for moment in (entry.published, entry.updated) if moment)
    assert {name.scheme for name in (*entry.same_as, *entry.identifiers)} <= SCHEMES
    assert all(fact.name and fact.value and fact.label for fact in entry.facts)
    assert len({fact.name for fact in entry.facts}) == len({fact.label for fact in entry.facts}) == len(entry.facts)
    assert {fact.change for fact in entry.facts} <= set(get_args(ChangeKind))
    assert (entry.id, entry.revision, entry.first_seen, entry.topics) == ("", 0, None, ())


# ----------------------------------------------------------------------------------------------------- a quiet day


@pytest.mark.parametrize("kind", COLLECTORS)
def test_every_kind_has_a_scene(desk: Desk, kind: str) -> None:
    """Nothing but ``id``, ``kind`` and ``url`` is needed, unless the kind says so itself."""
    required = {name for name, option in KINDS[kind].options.items() if option.required}

    assert set(tomllib.loads(desk.scene.table)) <= required
    assert bool(desk.scene.url) == KINDS[kind].has_url


def test_every_scene_has_a_kind() -> None:
    """No scene stays behind when its kind goes."""
    assert not SCENES.keys() - COLLECTORS.keys()


@pytest.mark.parametrize("kind", TYPING)
def test_who_has_nobody_to_ask_asks_nobody(desk: Desk) -> None:
    """Where editors type, a visit asks nothing, finds nothing and loses nothing."""
    collected = desk.visit(replace(FIRST, body_hash="0" * 40))

    assert desk.asked() == 0
    assert (collected.status, collected.entries, collected.gone) == ("unchanged", (), ())
    assert collected.body_hash == "0" * 40


@pytest.mark.parametrize("kind", ASKING)
def test_the_same_answers_give_the_same_entries(desk: Desk) -> None:
    """What is made of answers depends on nothing else; no key is given twice."""
    first, again = desk.visit(), desk.visit()

    assert first == again
    assert first.status == "ok"
    assert len(by_key(first)) > 1, "a scene shows more than one entry"
    assert (first.gone, first.warnings) == ((), ())


@pytest.mark.parametrize("kind", ASKING)
def test_no_address_is_asked_twice(desk: Desk) -> None:
    """One visit asks each question once, and says what it can read."""
    first = desk.visit()
    desk.visit(after(first))

    for server in desk.servers:
        questions = [(question.url, question.body) for question in server.asked]
        assert len(set(questions)) == len(questions)
        assert all(question.accept != "*/*" for question in server.asked)


@pytest.mark.parametrize("kind", ASKING)
def test_entries(desk: Desk) -> None:
    """Every entry is what ``Entry`` says: named, dated with its precision, absolute, clean, the source's own."""
    for entry in by_key(desk.visit()).values():
        refuse_unless_well_formed(entry, desk.source)
        assert not re.search(r"</?[a-z]", entry.title + entry.text)


@pytest.mark.parametrize("kind", ASKING)
def test_the_operator_has_the_say(desk: Desk) -> None:
    """Entries are for whom and of the kind that the source's table says; evidence is at least what it says."""
    source = replace(desk.source, audience=("clinician",), evidence="commentary", entry_kind="guidance")
    entries = replace(desk, source=source).visit().entries

    assert {(entry.kind, entry.audience) for entry in entries} == {("guidance", ("clinician",))}
    assert all(entry.evidence for entry in entries)


# ------------------------------------------------------------------------------------------------------- next time


@pytest.mark.parametrize("dated", [True, False], ids=["validators", "no validators"])
@pytest.mark.parametrize("pause", PAUSES)
@pytest.mark.parametrize("kind", ASKING)
def test_nothing_new(desk: Desk, pause: timedelta, dated: bool) -> None:
    """Where nothing changed, the next visit shows nothing, or entries that are the same in every point."""
    first = desk.visit(dated=dated)
    later = desk.visit(after(first, pause), dated=dated)

    assert later.status == "ok" or not later.entries
    assert by_key(later).items() <= by_key(first).items()
    assert (later.gone, later.warnings) == ((), ())


@pytest.mark.parametrize("kind", ASKING)
def test_read_in_another_way(desk: Desk) -> None:
    """Without its notes a collector shows all that the source shows, though it was here before: settings changed."""
    first = desk.visit()
    afresh = replace(after(first), validators=FIRST.validators, body_hash=None, notes={})
    later = desk.visit(afresh)

    assert later.status == "ok"
    assert by_key(later) == by_key(first)


@pytest.mark.parametrize("kind", ASKING)
def test_what_is_remembered(desk: Desk) -> None:
    """Notes are texts, and the fingerprint of a body has room for how it was read."""
    first = desk.visit()

    assert all(isinstance(part, str) for note in first.notes.items() for part in note)
    assert len(first.body_hash or "") <= 40


# -------------------------------------------------------------------------------------------------- broken answers


def body(told: str | bytes, kind: str = "application/json") -> Fault:
    whole = told.encode() if isinstance(told, str) else told
    return lambda reply: Reply(status=200, url=reply.url, headers={"content-type": kind}, body=whole)


def status(code: int, **headers: str) -> Fault:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda reply: Reply(status=code, url=reply.url, headers=named, body=b"" if code == 304 else b"no")


def unreachable(reply: Reply) -> Reply:
    raise UnreachableError(reply.url)


def half(reply: Reply) -> Reply:
    return replace(reply, body=reply.body[: len(reply.body) // 2])


PAGE = "<!DOCTYPE html><html><head><title>Maintenance</title></head><body><p>We will be back soon.</p></body></html>"
FAULTS: dict[str, Fault] = {
    "a page": body(PAGE, "text/html"),
    "a page that says it is JSON": body(PAGE),
    "nothing": body(""),
    "blanks": body("\ufeff \n"),
    "half of it": half,
    "null": body("null"),
    "a number": body("1e999"),
    "a text": body('"ok"'),
    "an empty record": body("{}"),
    "another record": body('{"code": "rest_no_route", "message": "No route", "data": {"status": 404}}'),
    "a list of anything": body('[null, 1, "x", [], true]'),
    "deep JSON": body("[" * 20_000),
    "deep records": body('{"a":' * 20_000),
    "deep XML": body("<a>" * 20_000, "application/xml"),
    "other XML": body('<?xml version="1.0"?><error><message>busy</message></error>', "application/xml"),
    "entities": body('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "application/xml"),
    "bytes": body(bytes(range(256)) * 8, "application/octet-stream"),
    "403": status(403),
    "404": status(404),
    "410": status(410),
    "500": status(500),
    "304": status(304),
}


# One answer of many may be a list in which nothing can be read; of all that a source says it may not.
ALONE = {"a list of empty records": body("[{}, {}]")}


def outcome(visit: Callable[[], Collected], url: str) -> Collected | None:
    """Return what a visit came to; None if it was given up, with one sentence that names the address."""
    try:
        return visit()
    except (CollectError, FetchError) as error:
        said = str(error)
        assert urlsplit(url).netloc in said, f"{said!r} does not name {url}"
        assert "\n" not in said
        return None


@pytest.mark.parametrize("fault", FAULTS | ALONE)
@pytest.mark.parametrize("kind", ASKING)
def test_nothing_but_broken_answers(desk: Desk, fault: str) -> None:
    """Where all answers are broken, the visit is given up with a sentence that names the address, or warns."""
    came = outcome(lambda: desk.visit(fault=(FAULTS | ALONE)[fault]), desk.source.url)

    assert came is None or came.warnings or (desk.scene.reads_pages and came.entries)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", ASKING)
def test_one_broken_answer(desk: Desk, fault: str) -> None:
    """Whichever answer is broken: the visit is given up, or a warning tells, or nothing is missing."""
    first = desk.visit()
    for place in range(desk.asked()):
        came = outcome(lambda at=place: desk.visit(fault=FAULTS[fault], at=at), desk.source.url)
        told = came is None or came.warnings or (desk.scene.reads_pages and came.entries)
        assert told or by_key(came) == by_key(first), f"{fault} at {desk.servers[-1].asked[place]} went unnoticed"


@pytest.mark.parametrize("fault", [name for name in FAULTS if name != "304"])
@pytest.mark.parametrize("pause", PAUSES)
@pytest.mark.parametrize("kind", ASKING)
def test_one_broken_answer_later(desk: Desk, pause: timedelta, fault: str) -> None:
    """At a later visit no broken answer makes an entry vanish or become another one in silence."""
    first = desk.visit()
    memory = after(first, pause)
    desk.visit(memory)
    for place in range(desk.asked()):
        came = outcome(lambda at=place: desk.visit(memory, fault=FAULTS[fault], at=at), desk.source.url)
        if came is not None:
            assert came.warnings or came.entries, f"{fault} at {desk.servers[-1].asked[place]} went unnoticed"
            assert came.warnings or by_key(came).items() <= by_key(first).items()
            assert not came.gone


@pytest.mark.parametrize("kind", ASKING)
def test_asked_to_wait(desk: Desk) -> None:
    """Whichever question is refused with 429: the visit is given up, and it is known how long to wait."""
    desk.visit()
    for place in range(desk.asked()):
        with pytest.raises(CollectError) as refused:
            desk.visit(fault=status(429, retry_after="120"), at=place)
        assert getattr(refused.value, "retry_after", None) == 120


@pytest.mark.parametrize("kind", ASKING)
def test_the_network_fails_half_way(desk: Desk) -> None:
    """Whichever question gets no answer: the visit is given up, and nothing of it is kept."""
    desk.visit()
    for place in range(desk.asked()):
        with pytest.raises(FetchError):
            desk.visit(fault=unreachable, at=place)


@pytest.mark.parametrize("kind", ASKING)
def test_what_cannot_be_read_in_time(desk: Desk) -> None:
    """Answers are read in the sandbox and nowhere else: where it gives up, so does the visit."""
    with pytest.raises(LimitError):
        desk.visit(sandbox=Tired())


# ---------------------------------------------------------------------------------------- answers of another shape


def told_otherwise(value: object, only: int | None = None) -> tuple[Fault, list[object]]:
    """Put ``value`` in place of everything that an answer says, or of the one thing with the number ``only``.

    Return with it the list into which everything goes that was said.
    """
    said: list[object] = []

    def changed(told: object) -> object:
        if isinstance(told, dict):
            return {name: changed(each) for name, each in told.items()}
        if isinstance(told, list):
            return [changed(each) for each in told]
        said.append(told)
        return value if only in {None, len(said) - 1} else told

    def fault(reply: Reply) -> Reply:
        # JSON, JSON line by line, or markup.
        for parts in ([reply.body], reply.body.splitlines()):
            with suppress(ValueError):
                told = [json.loads(part) for part in parts]
                return replace(reply, body="\n".join(json.dumps(changed(each)) for each in told).encode())
        body = re.sub(rb"(?<=>)[^<>]+(?=<)", lambda found: as_text(changed(found[0])), reply.body)
        return replace(reply, body=body)

    return fault, said


def as_text(value: object) -> bytes:
    if value is None or isinstance(value, bytes):
        return value or b""
    return str(value).encode(errors="surrogatepass")


def refuse_unless_noticed(desk: Desk, fault: Fault, at: int | None) -> None:
    """Entries are well formed, or there are none and it is told."""
    came = outcome(lambda: desk.visit(fault=fault, at=at), desk.source.url)
    if came is not None:
        assert came.warnings or came.entries, "nothing is left, and nobody was told"
        for entry in by_key(came).values():
            refuse_unless_well_formed(entry, desk.source)


STRANGE = (
    None, "", " ", "x", "<b>", "&#0;", "2026-99-99", "http://[", "\ud800", -1, 10**30, 1.5, True, [], {}, [[]], {"a": [{}]},
)  # fmt: skip


@pytest.mark.parametrize("value", STRANGE, ids=repr)
@pytest.mark.parametrize("kind", ASKING)
def test_everything_told_otherwise(desk: Desk, value: object) -> None:
    """Whatever stands where something else is meant, in all answers or in one, is noticed and does no harm."""
    desk.visit()
    for place in (None, *range(desk.asked())):
        refuse_unless_noticed(desk, told_otherwise(value)[0], place)


@pytest.mark.parametrize("value", [None, "", "<b>", []], ids=repr)
@pytest.mark.parametrize("kind", ASKING)
def test_one_thing_told_otherwise(desk: Desk, value: object) -> None:
    """Whichever single thing an answer does not tell as it should: what is made of the others is well formed."""
    desk.visit()
    for place in range(desk.asked()):
        for number in range(10_000):
            fault, said = told_otherwise(value, only=number)
            refuse_unless_noticed(desk, fault, place)
            if number >= len(said):
                break
