"""Opening a database: SQLite in WAL mode or PostgreSQL, upgraded to this version's tables at start."""

from __future__ import annotations

import fcntl
import os
import re
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import OperationalError
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, TypeAlias

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.exc import OperationalError as DatabaseTroubleError
from sqlalchemy.pool import QueuePool

from msdigest.errors import BusyError, NewerDatabaseError, StoreError
from msdigest.store.encoded import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCK_NUMBER = 7_214_433_100  # any constant of ours: serialises upgrades between PostgreSQL clients
_BUSY_TIMEOUT_MS = 60_000


# What a step holds while it reads or writes; only the store knows the library behind it.
Transaction: TypeAlias = Connection


class Database:
    """One database, open. Transactions are explicit: ``reading()`` or ``writing()``.

    Safe to use from several threads; each transaction has its own connection.
    """

    def __init__(self, url: str) -> None:
        """Connect to ``sqlite:///PATH`` or ``postgresql://…`` and upgrade it; raises StoreError."""
        self.url = url
        self.engine = _engine(url)
        try:
            self._upgrade_if_older()
        except SQLAlchemyError as error:
            self.engine.dispose()
            message = f"{_shown(url)}: the database cannot be used: {_cause(error, url)}"
            raise StoreError(message) from None
        except StoreError:
            self.engine.dispose()
            raise

    @property
    def is_sqlite(self) -> bool:
        """Tell whether one process at a time delivers (SQLite) or many may (PostgreSQL)."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that sees one state of the database and cannot change it."""
        # PostgreSQL would else show every statement another state, and let a reader write.
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self._told(), self.engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that is kept whole or not at all. On SQLite writers wait for each other."""
        options = {"msdigest_writes": True}
        with self._told(), self.engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Translate what happens to a database in use: locked too long, disk full, server gone."""
        try:
            yield
        except DatabaseTroubleError as error:
            message = f"{_shown(self.url)}: the database cannot be used: {_cause(error, self.url)}"
            raise StoreError(message) from error

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lock of the one process that delivers from an SQLite database; raises BusyError.

        The operating system drops it when the process ends, however it ends. PostgreSQL has leases instead.
        """
        path = self.engine.url.database
        if not self.is_sqlite or not path:
            yield
            return
        handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BusyError from None
            yield
        finally:
            os.close(handle)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def _upgrade_if_older(self) -> None:
        config = Config()
        config.set_main_option("script_location", "msdigest.store:migrations")
        scripts = ScriptDirectory.from_config(config)
        # Looked at before the write lock is asked for: who only reads need not wait until a long writer is done.
        with self.reading() as connection:
            if _is_current(connection, scripts):
                return
        with self.writing() as connection:
            if not self.is_sqlite:
                connection.execute(text("select pg_advisory_xact_lock(:number)"), {"number": _LOCK_NUMBER})
            if not _is_current(connection, scripts):
                config.attributes["connection"] = connection
                command.upgrade(config, "head")


def _is_current(connection: Connection, scripts: ScriptDirectory) -> bool:
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in {step.revision for step in scripts.walk_revisions()}:
        raise NewerDatabaseError
    return current == scripts.get_current_head()


def _engine(url: str) -> Engine:
    if url.startswith("postgresql://"):
        try:
            return create_engine(
                make_url(url).set(drivername="postgresql+psycopg"),
                poolclass=QueuePool,
                pool_size=10,
                pool_pre_ping=True,
                hide_parameters=True,
                json_serializer=json_text,
            )
        except ModuleNotFoundError:
            message = "PostgreSQL needs its driver: install msdigest[postgres]"
            raise StoreError(message) from None
        except (ArgumentError, ValueError):
            # What is wrong with it cannot be told without showing it, and there may be a password inside.
            message = "the database's address is not understood: write postgresql://USER:PASSWORD@HOST:PORT/NAME"
            raise StoreError(message) from None
    path = Path(url.removeprefix("sqlite:///"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            # For its owner alone; the files that SQLite puts beside it take the same mode.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        message = f"{path.parent}: the folder of the database cannot be made ({error.strerror})"
        raise StoreError(message) from None
    # Connections are kept: closing the last one writes the whole log back, 2.5 ms for every transaction.
    address = URL.create("sqlite", database=str(path))
    engine = create_engine(address, poolclass=QueuePool, pool_size=10, hide_parameters=True, json_serializer=json_text)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver must not begin transactions by itself: a migration would then be kept in halves.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"pragma busy_timeout = {_BUSY_TIMEOUT_MS}")
    _use_write_ahead_log(cursor)
    # What was started must still be known after a power cut, or somebody would get an issue twice.
    cursor.execute("pragma synchronous = full")
    cursor.execute("pragma foreign_keys = on")
    cursor.execute("pragma cache_size = -2000")
    cursor.close()


def _use_write_ahead_log(cursor: Any) -> None:
    # Here alone SQLite does not wait for others by itself: two that open a new file at once would meet an error.
    until = monotonic() + _BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            cursor.execute("pragma journal_mode = wal")
        except OperationalError:
            if monotonic() > until:
                raise
            sleep(0.02)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    # A reader that becomes a writer half way fails at once when another writes: writers say so from the start.
    writes = connection.get_execution_options().get("msdigest_writes")
    connection.exec_driver_sql(f"pragma query_only = {'off' if writes else 'on'}")
    connection.exec_driver_sql("begin immediate" if writes else "begin")


def _shown(url: str) -> str:
    """Return of a PostgreSQL address only where it leads: user, password and options are nobody's business."""
    if url.startswith("sqlite:"):
        return url
    parts = make_url(url)
    return f"postgresql://{parts.host or ''}/{parts.database or ''}"


def _cause(error: SQLAlchemyError, url: str) -> str:
    """Return the first line of what the database said, without what the address says of who asks."""
    told = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    if url.startswith("sqlite:"):
        return told
    parts = make_url(url)
    options = [one for many in parts.normalized_query.values() for one in many]
    for secret in filter(None, (str(parts.password or ""), *options)):
        told = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "…", told)
    return told
