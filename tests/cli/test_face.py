"""The operators' door as scripts rely on it: words, exit statuses, JSON shapes."""

from __future__ import annotations

import json
import re
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.cli.calling import call, start

from msdigest.cli.main import cli
from msdigest.demo.world import demo_config, subscribers_csv
from msdigest.engines.clock import SystemClock
from msdigest.steps import founding
from msdigest.steps.subscribing.reading import COLUMNS

MAYBE_TEXT = (str, type(None))
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
ACCOUNT = dict.fromkeys(("candidates", "excluded", "pending", "in_flight", "accepted", "rejected", "unknown"), int)
ISSUE = {
    "issue": int, "digest": str, "number": int, "state": str, "subject": str, "entries": [str], "hash": str,
    "account": ACCOUNT,
}  # fmt: skip
DELIVERIES = {
    "issue": int,
    "account": ACCOUNT,
    "deliveries": [{"subscriber": str, "state": str, "reason": MAYBE_TEXT, "provider_id": MAYBE_TEXT, "attempts": int}],
}
SHAPES: dict[str, Any] = {
    "collect": {
        "sources": [
            {
                "id": str, "status": str, "new": int, "changed": int, "unchanged": int, "failed": int,
                "error": MAYBE_TEXT,
            }
        ]
    },
    "sources": {
        "sources": [
            {
                "id": str, "kind": str, "url": str, "status": str, "last_success": TIME, "last_new": TIME,
                "next_check": TIME, "error": MAYBE_TEXT,
            }
        ]
    },
    "entries": {
        "entries": [
            {
                "id": str, "source": str, "kind": str, "title": str, "url": str, "authors": [str], "published": TIME,
                "precision": str, "section": [str], "topics": [str],
                "identifiers": [{"scheme": str, "value": str}], "coi": MAYBE_TEXT, "disclaimer": MAYBE_TEXT,
                "evidence": MAYBE_TEXT, "revision": int,
            }
        ]
    },
    "import": {
        "new": int, "updated": int, "unchanged": int, "refused": [{"line": int, "reason": str}], "suppressed": int,
        "without_catalogue": int,
    },
    "compose": ISSUE,
    "show": ISSUE,
    "send": ISSUE,
    "deliveries": DELIVERIES,
    "nothing new": {"issue": type(None), "reason": str},
}  # fmt: skip


def fits(value: object, shape: Any) -> bool:
    """Tell whether a document has the keys and types of ``shape``; further keys are welcome."""
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(key in value and fits(value[key], shape[key]) for key in shape)
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(each, shape[0]) for each in value)
    if isinstance(shape, re.Pattern):
        return value is None or (isinstance(value, str) and bool(shape.fullmatch(value)))
    return isinstance(value, shape) and not (shape is int and isinstance(value, bool))


@pytest.fixture(scope="module")
def walk(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The main job, command by command with --json: name → (document, what stood on standard error)."""
    folder = tmp_path_factory.mktemp("walk")
    base_url = re.search(r"http://127\.0\.0\.1:\d+", (demo / "config" / "sources.toml").read_text())[0]
    founding.found(folder, instead=demo_config(base_url))
    people = folder / "people.csv"
    people.write_text(subscribers_csv(SystemClock().now().date()) + "no address\n", encoding="utf-8")
    steps = {
        "collect": ("collect", "--json"),
        "sources": ("sources", "--json"),
        "entries": ("entries", "--json"),
        "import": ("subscribers", "import", people, "--json"),
        "compose": ("issue", "compose", "weekly", "--json"),
        "show": ("issue", "show", "1", "--json"),
        "send": ("issue", "send", "1", "--wait", "--json"),
        "deliveries": ("deliveries", "1", "--json"),
        "nothing new": ("issue", "compose", "weekly", "--json"),
    }
    told = {}
    for name, words in steps.items():
        status, out, err = call("--config", folder / "config" / "msdigest.toml", "-v", *words)
        assert status == (1 if name == "import" else 0), (name, err)
        told[name] = (json.loads(out), err)
    return told


@pytest.mark.parametrize("name", SHAPES)
def test_documents_have_their_keys_and_types(walk, name) -> None:
    """Every document that scripts rely on has the keys and types of the table, with rows in it."""
    document, _ = walk[name]

    assert fits(document, SHAPES[name]), json.dumps(document, indent=2)[:2000]
    assert all(document[key] for key, shape in SHAPES[name].items() if isinstance(shape, list)), "there are rows"


def test_the_walk_adds_up(walk) -> None:
    """What one command tells is what the next one tells."""
    issue = walk["compose"][0]
    sent = walk["send"][0]
    account = walk["deliveries"][0]["account"]

    assert sum(each["new"] for each in walk["collect"][0]["sources"]) == len(walk["entries"][0]["entries"])
    assert issue == walk["show"][0]
    assert issue["state"] == "draft"
    assert sent["state"] == "sent"
    assert {**sent, **{key: issue[key] for key in ("state", "account", "sent_at")}} == issue
    assert account == sent["account"]
    assert account["accepted"] + account["excluded"] == account["candidates"] == walk["import"][0]["new"]
    assert len(walk["deliveries"][0]["deliveries"]) == account["candidates"]
    assert walk["nothing new"][0]["reason"] == "nothing new"
    assert [each["reason"] for each in walk["import"][0]["refused"]] == ["the address is no mail address"]


def test_nobody_is_named_in_a_log(walk) -> None:
    """With -v, standard error tells what happened, and no address, name, topic or token of anybody."""
    logs = "".join(err for _, err in walk.values())
    topics = {topic for entry in walk["entries"][0]["entries"] for topic in entry["topics"]}

    assert "info msdigest.steps.freezing frozen issue=1" in logs
    assert "@" not in logs
    assert "/leave/" not in logs
    assert not [topic for topic in topics if re.search(rf"\b{topic}\b", logs)]
    assert not [each for each in walk["deliveries"][0]["deliveries"] if each["subscriber"] in logs]


def commands() -> dict[str, Any]:
    """Return every command by the words it is called with."""

    def below(group: Any, words: tuple[str, ...]) -> dict[tuple[str, ...], Any]:
        found = {}
        for name, command in group.commands.items():
            inner = below(command, (*words, name)) if hasattr(command, "commands") else {(*words, name): command}
            found |= inner
        return found

    return {" ".join(words): command for words, command in below(typer.main.get_command(cli), ()).items()}


@pytest.mark.parametrize("name", commands())
def test_help_has_an_example_that_is_true(name) -> None:
    """--help explains the command with an example whose command and options exist."""
    status, out, err = call(*name.split(), "--help")
    example = re.search(r"Example: msdigest (.+)", out)

    assert (status, err) == (0, "")
    assert example is not None
    assert f" {name}" in f" {example[1]}"
    known = {word for parameter in commands()[name].params for word in (*parameter.opts, *parameter.secondary_opts)}
    assert set(re.findall(r"--[a-z-]+", example[1])) <= known | {"--config"}


@pytest.mark.parametrize("words", [(), ("issue",), ("subscribers",), ("entry",)])
def test_a_list_of_commands_is_told_whole(words) -> None:
    """No sentence of a list of commands is cut short; without a command the list is shown and the status is 2."""
    status, out, _ = call(*words, "--help")
    bare = call(*words)

    assert status == 0
    assert "..." not in out.replace("[ARGS]...", "")
    assert (bare.status, bare.out) == (2, "")
    assert bare.err.strip() == out.strip()


WRONG_WORDS = {
    "a command that does not exist": (["nope"], "No such command 'nope'"),
    "an option that does not exist": (["sources", "--nope"], "No such option"),
    "a missing argument": (["issue", "show"], "Missing argument 'N'"),
    "an issue that is no number": (
        ["issue", "show", "first"],
        "'first' is no number: N is the number in `msdigest issue list`, such as 7",
    ),
    "a digest for an issue": (["issue", "send", "weekly"], "N is the number in `msdigest issue list`, such as 7"),
    "an endless number": (["deliveries", "9" * 30], "N is the number in `msdigest issue list`, such as 7"),
    "a state that does not exist": (["deliveries", "1", "--state", "lost"], "'lost' is no state; these are: excluded"),
    "a day that is none": (["entries", "--since", "soon"], "'soon' is no date such as 2026-11-01"),
    "a port that is none": (["serve", "--port", "99999"], "--port"),
}


@pytest.mark.parametrize("case", WRONG_WORDS)
def test_wrong_words_end_with_2(config, case) -> None:
    """Wrong words: status 2, standard output stays empty, standard error says which word."""
    words, sentence = WRONG_WORDS[case]

    status, out, err = call("--config", config, *words)

    assert (status, out) == (2, "")
    assert sentence in err


FAILURES = {
    "an unknown issue": (["issue", "show", "99"], "there is no issue 99: `msdigest issue list` shows those that exist"),
    "an unknown digest": (["issue", "compose", "nope"], "there is no digest 'nope' in config/digests.toml; known: weekly"),
    "an unknown entry": (["entry", "show", "1"], "there is no entry 1: `msdigest entries` lists them"),
    "an unknown topic": (["entries", "--topic", "nope"], "there is no topic 'nope' in config/topics.toml"),
    "an unknown source": (
        ["entries", "--source", "nope"],
        "there is no source 'nope' in config/sources.toml; known: beacon, harbour, kestrel",
    ),
    "a visit to an unknown source": (["collect", "--source", "nope"], "there is no source 'nope' in config/sources.toml"),
    "an issue that was sent": (["issue", "send", "1"], "issue 1 is sent: it cannot be sent again"),
    "an approval too late": (["issue", "approve", "1"], "issue 1 is sent: only a draft can be approved"),
    "nobody": (["subscribers", "show", "nobody@example.org"], "nobody is known under that address or id"),
    "an address that is none": (["subscribers", "add", "ada"], "the address is no mail address"),
    "suppressing what is no address": (["subscribers", "suppress", "ada"], "nobody is known under that address or id"),
    "a missing file of people": (["subscribers", "import", "no.csv"], "no.csv: cannot be read (No such file or directory)"),
    "a folder of people": (["subscribers", "import", "."], ".: cannot be read (Is a directory)"),
    "a place where a site cannot be": (["init", "/dev/null/site"], "/dev/null/site/config"),
    "a folder that no demo made": (["demo", "--dir", "/etc", "--no-serve"], "/etc is not empty and no demo made it"),
}  # fmt: skip


@pytest.mark.parametrize("case", FAILURES)
def test_a_failure_ends_with_1_and_one_sentence(config, case) -> None:
    """What cannot be done: status 1, standard output stays empty, one line says what and where."""
    words, sentence = FAILURES[case]

    status, out, err = call("--config", config, *words)

    assert (status, out) == (1, "")
    assert err.startswith(f"msdigest: {sentence}")
    assert err.count("\n") == 1


def test_the_sentence_for_nobody_does_not_repeat_the_address(config) -> None:
    """An address on the command line is not repeated where a log might keep it."""
    assert "@" not in call("--config", config, "subscribers", "show", "nobody@example.org").err


def test_a_list_of_people_in_other_letters_is_refused_whole(copy, tmp_path) -> None:
    """A file that is not UTF-8 is refused with its line, before anybody in it is subscribed."""
    people = tmp_path / "people.csv"
    people.write_bytes(b"email,name\nfirst@example.org,Ada\nsecond@example.org,Zo\xeb\n")

    status, out, err = call("--config", copy, "subscribers", "import", people)

    assert (status, out) == (1, "")
    assert err == f"msdigest: {people}: line 3 is not UTF-8: save the file as CSV UTF-8\n"
    assert call("--config", copy, "subscribers", "show", "first@example.org").status == 1


def _open_to_all(key: Path) -> None:
    key.chmod(0o644)


def _other_keys(key: Path) -> None:
    key.write_text("1:" + "QUFB" * 10 + "QUE=\n", encoding="ascii")


KEYS = {
    "missing": (Path.unlink, "is missing: put your copy of it back"),
    "open to all": (_open_to_all, "others may read the key file: run `chmod 600 "),
    "no key at all": (lambda key: key.write_text("rubbish\n"), "a key is 'NUMBER:BASE64'"),
    "other keys": (_other_keys, "these are not the keys this database was filled with"),
}


@pytest.mark.parametrize("command", ["subscribers export", "run --once", "serve --port 0", "preview --port 0"])
@pytest.mark.parametrize("case", KEYS)
def test_a_key_file_that_cannot_be_used(copy, case, command) -> None:
    """Commands that need the vault say what is wrong with its key before they do or print anything."""
    spoil, sentence = KEYS[case]
    spoil(copy.parent / "vault.key")

    status, out, err = call("--config", copy, *command.split())

    assert (status, out) == (1, "")
    assert sentence in err
    assert err.count("\n") == 1


def test_a_database_that_is_none(copy) -> None:
    """A file that is no database: its place and what it is, in one line."""
    database = copy.parents[1] / "var" / "msdigest.db"
    for each in database.parent.glob("msdigest.db*"):
        each.unlink()
    database.write_text("this is no database, and long enough to be read as one\n" * 20)

    status, _, err = call("--config", copy, "sources")

    assert status == 1
    assert str(database) in err
    assert err.count("\n") == 1


def test_a_file_in_the_way_of_pages(copy) -> None:
    """What the operating system refuses is told by place, without a trace."""
    public = copy.parents[1] / "var" / "public"
    shutil.rmtree(public)
    public.write_text("in the way")

    status, out, err = call("--config", copy, "publish")

    assert (status, out) == (1, "")
    assert err.startswith(f"msdigest: {public}")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "empty"),
    [
        (["entries", "--since", "2999-01-01"], "No such entries."),
        (["deliveries", "1", "--state", "unknown"], "No deliveries are unknown."),
        (["collect", "--due"], "No source is due."),
    ],
)
def test_an_empty_listing_says_so(config, words, empty) -> None:
    """A listing without rows is a sentence, not a bare header."""
    status, out, _ = call("--config", config, *words)

    assert status == 0
    assert out.splitlines()[-1] == empty


def unplug(config: Path) -> None:
    """Let nobody answer for any source."""
    for path in (config, config.parent / "sources.toml"):
        path.write_text(re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:9", path.read_text()))


def test_every_source_failed(copy) -> None:
    """If every source failed the status is 1, and the document tells each fault."""
    unplug(copy)

    status, out, err = call("--config", copy, "collect", "--json")

    assert status == 1
    assert {each["status"] for each in json.loads(out)["sources"]} == {"failed"}
    assert err.endswith("msdigest: no source could be reached: is this machine on the internet?\n")


def test_every_source_failed_for_its_own_reason(copy) -> None:
    """One that was met and had nothing is told by its fault."""
    sources = copy.parent / "sources.toml"
    port = re.search(r"127\.0\.0\.1:\d+", sources.read_text())[0]
    sources.write_text(re.sub(rf"{port}/\S*\"", f'{port}/nothing"', sources.read_text()))

    status, _, err = call("--config", copy, "collect")

    assert status == 1
    assert "msdigest: every source failed: kestrel: " in err


def test_one_source_that_cannot_be_reached(copy) -> None:
    """One alone is told by its fault: the others were not asked."""
    unplug(copy)

    status, _, err = call("--config", copy, "collect", "--source", "harbour")

    assert status == 1
    assert "msdigest: every source failed: harbour: no connection could be made: Connection refused (" in err


PEOPLE = "email,topics\nada@example.org,fatigue\nben@example.org,ocrelizumap\n\ncy,\n"


def test_refused_rows(copy, tmp_path) -> None:
    """Told by file, line and reason; the rest is taken, and the status is 1."""
    people = tmp_path / "people.csv"
    people.write_text(PEOPLE)

    status, out, err = call("--config", copy, "subscribers", "import", people)
    again = call("--config", copy, "subscribers", "import", people, "--json")

    assert (status, again.status) == (1, 1)
    assert out.splitlines()[-2:] == [
        "people.csv: line 3: topic 'ocrelizumap' is not in config/topics.toml: did you mean ocrelizumab?",
        "people.csv: line 5: the address is no mail address",
    ]
    assert "(columns consent_at, consent_text); they are kept as carried over by this import." in out
    assert err.endswith("msdigest: 2 of 3 rows were refused\n")
    assert (json.loads(again.out)["unchanged"], len(json.loads(again.out)["refused"])) == (1, 2)
    assert again.err.endswith("msdigest: 2 of 3 rows were refused\n")


def test_the_help_of_import_names_every_column() -> None:
    """Nobody needs the manual to write the file."""
    told = call("subscribers", "import", "--help").out

    assert [column for column in COLUMNS if not re.search(rf"\b{column}\b", told)] == []


def test_the_beginning_of_an_id_names_an_entry(config) -> None:
    """Eight letters, as a terminal shows them; one or a wrong one does not."""
    whole = json.loads(call("--config", config, "entries", "--json").out)["entries"][0]["id"]
    told = call("--config", config, "entry", "show", whole[:8], "--json")
    wrong = call("--config", config, "entry", "show", "zzzzzzzz")

    assert json.loads(told.out)["id"] == whole
    assert json.loads(told.out)["revisions"]
    assert wrong.err == "msdigest: there is no entry zzzzzzzz: `msdigest entries` lists them\n"


@pytest.mark.parametrize("command", ["entries", "deliveries 1", "sources", "issue list"])
def test_listings_are_tables_on_a_usual_terminal(config, monkeypatch, command) -> None:
    """At 80 columns nothing falls apart into blocks."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    status, out, _ = call("--config", config, *command.split(), terminal=True)
    lines = out.splitlines()

    assert status == 0
    assert len(lines) > 1
    assert not [line for line in lines if len(line) > 80 or re.match(r"(id|subscriber|source|issue): ", line)]
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", out)


def test_a_process_of_its_own(config) -> None:
    """`python -m msdigest` is the same door: documents on standard output alone, and the status."""
    with start("--config", config, "sources", "--json") as done:
        out, err = done.communicate(timeout=60)
    with start("--config", config, "issue", "show", "99") as failed:
        _, sentence = failed.communicate(timeout=60)

    assert (done.returncode, err) == (0, "")
    assert fits(json.loads(out), SHAPES["sources"])
    assert failed.returncode == 1
    assert sentence.startswith("msdigest: there is no issue 99")


@pytest.mark.parametrize("command", ["entries", "entries --json", "subscribers export"])
def test_a_reader_that_goes_away(config, command) -> None:
    """`msdigest … | head -1` ends without a word."""
    with start("--config", config, *command.split()) as process:
        process.stdout.readline()
        process.stdout.close()
        process.wait(timeout=60)
        err = process.stderr.read()

    assert err == ""
    assert process.returncode in {0, 1, -signal.SIGPIPE}
