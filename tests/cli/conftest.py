"""A demo's site that answers as long as the module's tests run."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from msdigest.demo import tour
from msdigest.engines.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A site with entries, people and one issue that was sent; its sources answer. Tests that change it copy it."""
    folder = tmp_path_factory.mktemp("tour") / "demo"
    with tour.toured(folder, SystemClock(), tell=lambda _: None):
        yield folder


@pytest.fixture(scope="module")
def config(demo: Path) -> Path:
    """The main file of the demo's site."""
    return demo / "config" / "msdigest.toml"


@pytest.fixture
def copy(demo: Path, tmp_path: Path) -> Path:
    """The main file of a copy of the demo's site."""
    shutil.copytree(demo, tmp_path / "site")
    return tmp_path / "site" / "config" / "msdigest.toml"
