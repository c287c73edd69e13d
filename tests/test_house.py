"""The house stands: imports run down, rooms do not know their neighbours, each library has one door."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parents[1] / "src" / "msdigest"

FLOORS = {
    "errors": 0,
    "model": 1, "markup": 1,
    "ports": 2, "config": 2, "words": 2,
    "store": 3, "render": 3, "lint": 3, "vault": 3, "postal": 3,
    "steps": 4, "enrich": 4, "collect": 4, "engines": 4, "providers": 4, "fetch": 4, "sandbox": 4,
    "tasks": 5, "enrichments": 5,
    "app": 6,
    "web": 7, "demo": 7,
    "cli": 8, "__main__": 9,
}  # fmt: skip
# Rooms whose files stand alone: siblings never import each other.
SIBLINGS_APART = {"collect", "enrich", "providers", "steps"}
DOORS = {
    "httpx": {"fetch"}, "httpcore": {"fetch"},
    "dns": {"fetch/names"},
    "protego": {"fetch/robots"},
    "ahocorasick_rs": {"enrich/topics"},
    "feedparser": {"collect/feed"},
    "nh3": {"markup"},
    # feedgen's extensions are handed lxml elements; the compiler checks the parsed tree of a rendered issue.
    "lxml": {"markup", "render/feed"},
    "cssselect": {"markup"},
    "jinja2": {"render/template"},
    "markupsafe": {"render/template"},
    "premailer": {"render/inline"},
    "cssutils": {"render/inline"},
    "feedgen": {"render/feed"},
    "sqlalchemy": {"store"}, "alembic": {"store"}, "psycopg": {"store"},
    "cryptography": {"vault", "postal/proofs"},
    "babel": {"words"},
    "rapidfuzz": {"collect/livingpage"},
    "apscheduler": {"engines/local"},
    "starlette": {"web"},
    "typer": {"cli"}, "rich": {"cli"}, "uvicorn": {"cli"},
    "pydantic": {"config"},
}  # fmt: skip


def _files() -> list[Path]:
    return sorted(path for path in SRC.rglob("*.py") if "_site" not in path.parts)


def _room(path: Path) -> str:
    return path.relative_to(SRC).with_suffix("").parts[0]


def _name(path: Path) -> str:
    return "/".join(path.relative_to(SRC).with_suffix("").parts)


def _imports(path: Path) -> list[str]:
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            module = node.module or ""
            found += [f"{module}.{alias.name}" for alias in node.names]
    return found


@pytest.mark.parametrize("path", _files(), ids=_name)
def test_imports_run_down(path: Path) -> None:
    """A room imports only lower floors, or files of its own room where that is allowed."""
    here, floor = _room(path), FLOORS.get(_room(path))
    if path.name == "__init__.py":
        assert not path.read_text(encoding="utf-8"), "package __init__ files are empty"
        return

    assert floor is not None, f"{here} has no floor: add it to docs/tour.md and here"
    for name in _imports(path):
        parts = name.split(".")
        if parts[0] != "msdigest" or len(parts) == 1:
            continue
        there = parts[1]
        if there == here:
            own = _name(path).replace("/", ".")
            apart = here in SIBLINGS_APART and ".".join(parts[1:3]) != ".".join(own.split(".")[:2])
            assert not apart, f"{_name(path)} imports its sibling {name}"
        else:
            assert FLOORS[there] < floor, f"{_name(path)} (floor {floor}) imports {name} (floor {FLOORS[there]})"


@pytest.mark.parametrize("path", _files(), ids=_name)
def test_each_library_has_one_door(path: Path) -> None:
    """A library is imported by the room that is its door and by nobody else."""
    for name in _imports(path):
        doors = DOORS.get(name.split(".")[0])
        if doors is not None:
            assert doors & {_room(path), _name(path), "/".join(_name(path).split("/")[:2])}, (
                f"{_name(path)} imports {name}: go through {sorted(doors)}"
            )


def test_no_circles() -> None:
    """Files inside one room do not import each other in a circle."""
    graph = {_name(path).replace("/", "."): set[str]() for path in _files()}
    for path in _files():
        for name in _imports(path):
            parts = name.split(".")[1:]
            for size in (len(parts), len(parts) - 1):
                target = ".".join(parts[:size])
                if name.startswith("msdigest.") and target in graph:
                    graph[_name(path).replace("/", ".")].add(target)
    done: set[str] = set()

    def walk(node: str, trail: tuple[str, ...]) -> None:
        assert node not in trail, f"circle: {' → '.join((*trail, node))}"
        if node in done:
            return
        for target in sorted(graph[node]):
            walk(target, (*trail, node))
        done.add(node)

    for node in sorted(graph):
        walk(node, ())
