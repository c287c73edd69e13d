"""A stranger's first steps with the installed package: `init`, `check`, `demo`, without this checkout."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from tests.cli.calling import call

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ("digests.toml", "msdigest.toml", "sources.toml", "topics.toml")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from this checkout without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT)
    (built,) = folder.glob("msdigest-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The wheel, installed into a folder of its own."""
    folder = tmp_path_factory.mktemp("installed")
    pip("install", "--no-deps", "--target", folder, wheel)
    return folder


def pip(command, *words) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", command, "--no-index", *map(str, words)],
        capture_output=True, text=True, timeout=300, check=False, cwd="/",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def run(installed, folder, *words) -> subprocess.CompletedProcess[str]:
    """Run Python in ``folder`` so that it finds the installed package before any other."""
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder, env=os.environ | {"PYTHONPATH": str(installed)}, capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip


def test_the_wheel_carries_everything_to_edit(wheel) -> None:
    """Every template and configuration file of the checkout is in the wheel, and so are the demo's data."""
    inside = set(ZipFile(wheel).namelist())
    wanted = [
        f"msdigest/_site/{path.relative_to(ROOT)}"
        for folder in ("templates", "config")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix in {".jinja", ".css", ".toml"}
    ]
    data = [
        str(path.relative_to(ROOT / "src"))
        for path in (ROOT / "src" / "msdigest").rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    ]

    assert len(wanted) > len(CONFIG)
    assert data
    assert set(wanted) | set(data) <= inside
    assert not [name for name in inside if name.endswith((".key", ".db", ".pyc"))]


def test_a_site_from_the_installed_package(installed, tmp_path) -> None:
    """`init` writes everything to edit and a key for its owner alone; `check` finds no fault in it."""
    where = run(installed, tmp_path, "-c", "import msdigest; print(msdigest.__file__)")
    made = run(installed, tmp_path, "-m", "msdigest", "init", "site")
    checked = run(installed, tmp_path, "-m", "msdigest", "--config", "site/config/msdigest.toml", "check")
    site = tmp_path / "site"

    assert Path(where.stdout.strip()).is_relative_to(installed)
    assert made.returncode == 0, made.stderr
    assert sorted(path.name for path in (site / "config").iterdir()) == sorted((*CONFIG, "vault.key"))
    for name in CONFIG:
        assert (site / "config" / name).read_bytes() == (ROOT / "config" / name).read_bytes()
    assert {path.relative_to(site) for path in (site / "templates").rglob("*") if path.is_file()} == {
        path.relative_to(ROOT) for path in (ROOT / "templates").rglob("*") if path.is_file()
    }
    assert stat.S_IMODE((site / "config" / "vault.key").stat().st_mode) == 0o600
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout.startswith("No faults: ")


def test_a_demo_from_the_installed_package(installed, tmp_path) -> None:
    """The main job runs from the installed package in an empty folder."""
    done = run(installed, tmp_path, "-m", "msdigest", "demo", "--no-serve")

    assert done.returncode == 0, done.stderr
    assert "messages   to 25 of 25 people" in done.stdout
    assert re.search(r"collected  29 entries .*\nissue      .*: 22 entries of the last week, sent\n", done.stdout)
    assert "-m msdigest --config demo/config/msdigest.toml serve\n" in done.stdout
    assert done.stdout.endswith("links to its blogs and to digest.example lead nowhere.\n")
    assert len(list((tmp_path / "demo" / "var" / "outbox" / "1").glob("*.eml"))) == 25


def test_nothing_is_overwritten(tmp_path) -> None:
    """A second `init` leaves what was edited as it is, keeps the key, and puts back what was deleted."""
    site = tmp_path / "my site"
    first = call("init", site)
    main, key, gone = site / "config" / "msdigest.toml", site / "config" / "vault.key", site / "config" / "topics.toml"
    main.write_text("# mine\n")
    secret = key.read_bytes()
    gone.unlink()

    again = call("init", site)
    third = call("init", site)

    assert (first.status, again.status, third.status) == (0, 0, 0)
    assert f"\nNext: cd '{site}', edit config/msdigest.toml, then: msdigest check\n" in first.out
    assert first.out.endswith(
        f"\nKeep {key} safe, with a copy elsewhere: without it nobody's address can be read again.\n"
    )
    assert again.out.splitlines()[0] == str(gone)
    assert "1 file written." in again.out
    assert "Keep " not in again.out
    assert main.read_text() == "# mine\n"
    assert key.read_bytes() == secret
    assert third.out == f"Nothing written: {site} has all files already.\n"


def test_something_else_in_the_way(tmp_path) -> None:
    """A file where a folder must be is one sentence that names it."""
    (tmp_path / "config").write_text("a file")

    status, out, err = call("init", tmp_path)

    assert (status, out) == (1, "")
    assert err.startswith(f"msdigest: {tmp_path / 'config'}")
    assert err.count("\n") == 1
