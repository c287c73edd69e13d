"""`docs/adding-a-provider.md` works: its files, its table, its lines and its service, word for word."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from tests.sinks.engine import Engine

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "adding-a-provider.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
SENDING, HEARING, EXAMINING, TABLE, SERVICE, SCENE, GOOD = BLOCKS
(SETTINGS,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
PACKAGE = re.findall(r"^`(src/msdigest/providers/\w+/\w+\.py)`:$", PAGE, re.MULTILINE)
(SINK,) = re.findall(r"`(tests/sinks/pigeon\.py)`", PAGE)
(TABLE_LINE,) = re.findall(r"`(\"\w+\": \w+Table,)`", PAGE)
(NAME,) = re.findall(r"`PROVIDERS` in\s`src/msdigest/config/shapes\.py`: `(\"\w+\")`", PAGE)
(PROOF,) = re.findall(r"`PROOFS`: `(\"\w+\": \"\w+\",)`", PAGE)
(LINE,) = re.findall(r"`(\"\w+\": \"msdigest\.providers\.[\w.]+\",)`", PAGE)
PROVIDER = json.loads(NAME)
HOOKS = "tests/web/test_hooks.py"
SUITES = re.search(r"`pytest ([^`]+) -k \w+`", PAGE)[1].split()
PEOPLE = [f"reader{number}@example.org" for number in range(1, 4)]
# What a site has to say for itself before it mails anybody.
OURS = {
    "https://digest.example.org": "https://digest.clinic.example",
    "editors@example.org": "editors@clinic.example",
    "<digest@example.org>": "<digest@mail.clinic.example>",
    "MS Research Digest, 1 Example Street, Example Town": "Clinic, 2 Harbour Road, Hill",
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """A copy of this checkout to which the page was done."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("src", "templates", "config", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.pyc.*"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    files = dict(zip((*PACKAGE, SINK), (SENDING, HEARING, EXAMINING, SERVICE), strict=True))
    package = (folder / PACKAGE[0]).parent
    package.mkdir()
    (package / "__init__.py").touch()
    for path, text in files.items():
        (folder / path).write_text(text, encoding="utf-8")
    settings, contracts, hooks = (folder / name for name in ("src/msdigest/config", "tests/contracts", HOOKS))
    insert(settings / "carriers.py", r"(?=^TABLES: )", f"{TABLE}\n\n")
    insert(settings / "carriers.py", r"^TABLES: .* = \{\n(?:    .*\n)*", f"    {TABLE_LINE}\n")
    insert(settings / "shapes.py", r"^PROVIDERS = \(.*(?=\)$)", f", {NAME}")
    insert(folder / "src/msdigest/app.py", r"^_PROVIDERS = \{\n(?:    .*\n)*", f"    {LINE}\n")
    insert(contracts / "providers.py", r"^ACCOUNTS = \(\n", SCENE)
    insert(contracts / "accounts.py", r"^GOOD.* = \{\n", GOOD)
    insert(hooks, r"^PROVIDERS = \(.*(?=\)$)", f", {NAME}")
    insert(hooks, r"^PROOFS = \{\n(?:    .*\n)*", f"    {PROOF}\n")
    return folder


def insert(path: Path, after: str, line: str) -> None:
    text, count = re.subn(after, lambda found: found[0] + line, path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert count == 1, f"{path} has no place for {line}"
    path.write_text(text, encoding="utf-8")


def run(checkout: Path, *words: object, status: int = 0, **environment: str) -> str:
    """Run a module of Python in the copy, and with the copy; return what it prints."""
    # Compiled once and not by each of a dozen processes, whatever this one may write.
    ours = {"PYTHONPATH": str(checkout / "src"), "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(
        [sys.executable, "-m", *map(str, words)],
        cwd=checkout, env=os.environ | ours | environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def service(checkout: Path):
    """Return the page's service, as the copy has it."""
    spec = spec_from_file_location("the_page_s_service", checkout / SINK)
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.service()


def test_the_files_are_like_our_own(checkout) -> None:
    """Types and style of the page's files are in order, and so are the lines in others."""
    ours = [*PACKAGE, "src/msdigest/config/carriers.py", "src/msdigest/config/shapes.py", "src/msdigest/app.py"]
    run(checkout, "mypy", "--strict", "--cache-dir", os.devnull, *PACKAGE)
    run(checkout, "ruff", "check", "--no-cache", *ours, SINK)
    run(checkout, "ruff", "format", "--no-cache", "--check", *ours, SINK)


def test_it_keeps_to_the_contract(checkout) -> None:
    """With the page's scene, the contract's whole suite and the house's walls hold for the page's provider."""
    chosen = f"{PROVIDER} or every_provider_that_tells"
    out = run(checkout, "pytest", "-q", "-p", "no:cacheprovider", "-k", chosen, *SUITES)

    passed = re.search(r"(\d+) passed, \d+ deselected", out)
    assert passed, out
    assert int(passed[1]) > 70
    assert "skipped" not in out


def test_a_site_sends_through_it(checkout, tmp_path) -> None:
    """A site that was founded a minute ago sends an issue to the service: everybody once, and the account closes."""
    here = tmp_path / "site"
    words = ("msdigest", "--config", here / "config" / "msdigest.toml")
    run(checkout, "msdigest", "init", here)
    with Engine(service(checkout)) as engine:
        set_up(here, engine.base_url)
        secrets = {
            name: engine.service.options[key] for key, name in re.findall(r'(\w+) = \{env = "(\w+)"\}', SETTINGS)
        }
        run(checkout, *words, "check", **secrets)
        run(checkout, *words, "subscribers", "import", people(tmp_path), **secrets)
        run(
            checkout, *words, "entry", "add", "--kind", "note", "--title", "We begin",
            "--url", "https://digest.clinic.example/first", **secrets,
        )  # fmt: skip
        run(checkout, *words, "issue", "compose", "weekly", **secrets)
        run(checkout, *words, "issue", "send", "1", "--wait", **secrets)
        told = json.loads(run(checkout, *words, "deliveries", "1", "--json", **secrets))
        # Built once more, the request is the one that was sent, or this ends with 1.
        run(checkout, *words, "issue", "rebuild", "1", **secrets)

    assert engine.accepted == dict.fromkeys(PEOPLE, 1)
    assert engine.troubles + engine.service.faults == []
    assert told["account"]["candidates"] == told["account"]["accepted"] == len(PEOPLE)


def set_up(here: Path, base_url: str) -> None:
    """Write the page's settings into a new site's, with the service in place of the provider."""
    main = here / "config" / "msdigest.toml"
    text = main.read_text(encoding="utf-8")
    chosen, _, table = SETTINGS.partition("\n\n")
    for stock, ours in {
        'provider = "file"': chosen.removeprefix("[mail]\n"),
        "[providers.file]\n": f'{table}base_url = "{base_url}"\n',
        **OURS,
    }.items():
        assert stock in text
        text = text.replace(stock, ours)
    main.write_text(text, encoding="utf-8")


def people(folder: Path) -> Path:
    path = folder / "people.csv"
    path.write_text("email\n" + "\n".join(PEOPLE) + "\n", encoding="utf-8")
    return path
