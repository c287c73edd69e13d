"""What the documents say is there: commands, options, settings, files, links; and what is there is in them."""

from __future__ import annotations

import re
import shlex
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer

from msdigest.app import KINDS
from msdigest.cli.main import cli
from msdigest.config import carriers, shapes
from msdigest.model.topic import Ambiguity, Term, Topic

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
LONGEST_README = 120
TABLES = {
    name: shape
    for name, shape in (vars(shapes) | vars(carriers)).items()
    if isinstance(shape, type) and issubclass(shape, shapes.Shape) and shape is not shapes.Shape
}


def command_lines() -> dict[str, str]:
    """Return every line of the documents that calls msdigest: in blocks, and between backticks."""
    found = {}
    for path in DOCUMENTS:
        # A line that ends with a backslash goes on in the next one.
        text = re.sub(r"\\\n\s+", "", path.read_text(encoding="utf-8"))
        for number, line in enumerate(text.splitlines(), 1):
            place = f"{path.name}:{number}"
            block = re.match(r"(?: {4}|\t)(?:.*\s&&\s|ExecStart=|.*\*\s\*\s+)?(?:\S*/)?(msdigest\s.*)", line)
            if block:
                found[place] = block[1]
            for count, inline in enumerate(re.findall(r"`(msdigest [^`]+)`", line)):
                found[f"{place}.{count}"] = inline
    return found


def words_of(line: str) -> list[str]:
    """Split a command line as a shell does, up to a comment, a redirection or a pipe."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words = []
    for word in lexer:
        if word in {">", "|", "&&", ">>"}:
            break
        words.append(word)
    return words[1:]


def fault_of(words: list[str]) -> str | None:
    """Tell what is wrong with the words of a command; None if the door would understand them."""
    command: Any = typer.main.get_command(cli)
    while words:
        word, *words = words
        options = {name: option for option in command.params for name in (*option.opts, *option.secondary_opts)}
        if word.startswith("-") and word != "--help":
            if word not in options:
                return f"{command.name} has no option {word}"
            if not options[word].is_flag:
                words = words[1:]
        elif hasattr(command, "commands"):
            if word in {"COMMAND", "…"}:
                return None
            for name in word.split("/"):
                if name not in command.commands:
                    return f"{command.name} has no command {name}"
            command = command.commands[word.split("/")[0]]
        elif not command.params:
            return f"{command.name} takes no {word}"
    return None


@pytest.mark.parametrize("place", command_lines())
def test_commands_in_documents_exist(place) -> None:
    """Every command and option that a document names exists."""
    line = command_lines()[place]

    assert fault_of(words_of(line)) is None, line


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("msdigest nope", "has no command nope"),
        ("msdigest issue nope 1", "issue has no command nope"),
        ("msdigest issue send 1 --nope", "send has no option --nope"),
        ("msdigest --config x.toml check --json", "check has no option --json"),
        ("msdigest issue send 1 --wait   # by hand", None),
        ("msdigest --config x.toml -v entries --since 2026-11-01 --topic mri > list", None),
        ("msdigest issue compose/list 7", None),
    ],
)
def test_a_wrong_line_would_be_found(line, fault) -> None:
    """The check above is no yes-man."""
    found = fault_of(words_of(line))

    assert found is None if fault is None else found.endswith(fault)


def test_documents_name_commands() -> None:
    """The lines above were found at all, in README and elsewhere."""
    named = {place.partition(":")[0] for place in command_lines()}

    assert {"README.md", "operations.md"} <= named


def all_commands() -> list[str]:
    def below(group: Any, words: tuple[str, ...]) -> list[str]:
        found = []
        for name, command in group.commands.items():
            inner = hasattr(command, "commands")
            found += below(command, (*words, name)) if inner else [" ".join((*words, name))]
        return found

    return below(typer.main.get_command(cli), ())


@pytest.mark.parametrize("command", all_commands())
def test_every_command_is_in_the_documents(command) -> None:
    """A command that exists is called somewhere in the documents."""
    calls = [" ".join(words_of(line)) for line in command_lines().values()]

    assert any(re.search(rf"(^|\s){command}(\s|$)", call) for call in calls)


def keys() -> list[tuple[str, str]]:
    """Return (table, key as it is written in a file) of every shape."""
    return [
        (name, field.alias or key)
        for name, shape in TABLES.items()
        for key, field in shape.model_fields.items()
    ]  # fmt: skip


@pytest.mark.parametrize(("table", "key"), keys())
def test_every_setting_is_in_operations(table, key) -> None:
    """Each key of the configuration is in a table of the operations page (or in the words on secrets)."""
    where = "`{env = " if table == "EnvironmentName" else f"{key}`"

    assert where in OPERATIONS or re.search(rf"`[^`\n]*\b{key}\b[^`\n]*`", OPERATIONS)
    if table in {"SiteTable", "StorageTable", "MailTable", "FetchTable"}:
        prefix = table.removesuffix("Table").lower()
        assert f"`[{prefix}] {key}`" in OPERATIONS


def test_every_key_of_the_vocabulary_is_in_operations() -> None:
    """The page and the comments of the stock file name all keys of its three tables."""
    told = OPERATIONS.partition("### topics.toml")[2].partition("\n## ")[0]
    comments = (ROOT / "config" / "topics.toml").read_text(encoding="utf-8").partition("\n[[topic]]")[0]
    keys = {field.name for shape in (Topic, Ambiguity, Term) for field in fields(shape)} - {"group"} | {"class"}

    assert {key for key in keys if f"`{key}`" not in told} == set()
    assert {key for key in keys if not re.search(rf"\b{key}\b", comments)} == set()


@pytest.mark.parametrize("word", [*KINDS, *shapes.PROVIDERS, *shapes.ENTRY_KINDS, *shapes.AUDIENCES])
def test_every_kind_is_in_operations(word) -> None:
    """Each kind of source and entry, each provider and audience is named."""
    assert f"`{word}`" in OPERATIONS


@pytest.mark.parametrize("path", sorted((ROOT / "templates" / "email").iterdir()), ids=lambda path: path.name)
def test_every_mail_template_is_in_operations(path) -> None:
    """The section on mails names each, by what it is."""
    told = OPERATIONS.partition("## Mails and their templates")[2].partition("\n## ")[0]
    name, _, kind = path.name.partition(".")

    assert (f"`{path.name}`" if kind == "css.jinja" else f"| `{name}` |") in told


@pytest.mark.parametrize(("kind", "option"), [(kind.name, key) for kind in KINDS.values() for key in kind.options])
def test_every_key_of_a_kind_is_in_operations(kind, option) -> None:
    """Each key that only some kinds of source know has a row that names these kinds."""
    assert re.search(rf"^\| `{option}` \| [^|]*`{kind}`[^|]*\|", OPERATIONS, re.MULTILINE)


def test_no_key_of_a_kind_is_invented() -> None:
    """A row that names a kind of source tells of a key which that kind knows."""
    rows = re.findall(r"^\| `(\w+)` \| ((?:`\w+`(?:, )?)+) \|", OPERATIONS, re.MULTILINE)
    told = {(kind, key) for key, kinds in rows for kind in re.findall(r"`(\w+)`", kinds) if kind in KINDS}

    assert told == {(kind.name, key) for kind in KINDS.values() for key in kind.options}


def test_defaults_are_as_told() -> None:
    """The default that the operations page gives is the one that the shape has."""
    told = dict(re.findall(r"^\| \**`(?:\[\w+\] )?(\w+)`\** \| `([^`]+)` \|", OPERATIONS, re.MULTILINE))
    days, hours = shapes.DigestTable.model_fields["max_age"].default, shapes.DigestTable.model_fields["latest"].default
    had = {
        "database": shapes.StorageTable.model_fields["database"].default,
        "data_dir": shapes.StorageTable.model_fields["data_dir"].default,
        "provider": shapes.MailTable.model_fields["provider"].default,
        "region": carriers.MailgunTable.model_fields["region"].default,
        "enabled": str(shapes.SourceTable.model_fields["enabled"].default).lower(),
        "zone": shapes.DigestTable.model_fields["zone"].default,
        "approval": str(shapes.DigestTable.model_fields["approval"].default),
        "max_age": f"{days.days}d",
        "max_entries": str(shapes.DigestTable.model_fields["max_entries"].default),
        "latest": f"{int(hours.total_seconds() // 3600)}h",
    }

    assert {key: told.get(key) for key in had} == had


def test_bold_settings_are_the_required_ones() -> None:
    """Exactly the keys that must be there are bold."""
    bold = set(re.findall(r"\*\*`(?:\[\w+\] )?(\w+)`\*\*", OPERATIONS.partition("### topics.toml")[0]))
    required = {
        field.alias or key
        for name, shape in TABLES.items()
        if name not in {"EnvironmentName", "SectionTable"}
        for key, field in shape.model_fields.items()
        if field.is_required()
    }

    assert bold == required


def test_the_stock_files_tell_the_same_keys() -> None:
    """The comments of the stock files explain each key of a source and of a digest."""
    for name, shape in (("sources", shapes.SourceTable), ("digests", shapes.DigestTable)):
        text = (ROOT / "config" / f"{name}.toml").read_text(encoding="utf-8")
        explained = set(re.findall(r"^#   (\w+)\s{2,}", text, re.MULTILINE))
        own = {key for kind in KINDS.values() for key in kind.options} if name == "sources" else set()
        own |= set(shapes.RegistryTable.model_fields) if name == "sources" else set()
        assert explained == set(shape.model_fields) | own, name


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path) -> None:
    """Every link inside the repository leads to a file that is there, and every anchor to a heading."""
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (path.parent / name).resolve() if name else path
        assert there.exists(), target
        assert there.is_relative_to(ROOT), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", each).strip().lower().replace(" ", "-") for each in headings}


def test_readme_is_short() -> None:
    """README can be read in a few minutes."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= LONGEST_README


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_documents_speak_of_this_repository_alone(path) -> None:
    """No folder of somebody's machine stands in a document."""
    text = path.read_text(encoding="utf-8")

    assert not re.findall(r"(?<![\w.])/(?:work|home|root|Users)/\S*", text)


def test_the_version_is_in_the_changes() -> None:
    """The version that is built has a heading in the list of changes."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

    assert re.search(rf"^## {re.escape(version)}\b", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
