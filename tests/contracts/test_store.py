"""A database: made, upgraded, refused, locked, and read back as it was written."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, column, insert, inspect, select, table, text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from msdigest.errors import BusyError, NewerDatabaseError, StoreError
from msdigest.model.entry import Entry
from msdigest.store import entries as entry_store
from msdigest.store import fires
from msdigest.store.database import Database, _engine
from msdigest.store.records import to_record
from msdigest.store.schema import facts, metadata
from msdigest.store.schema import fires as fires_table

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ENTRY = Entry(key="k", source="blog", title="A study", url="https://blog.example/1", text="Words.", kind="post")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path):
    """Return the URL of a database without any table, once of each kind."""
    if request.param == "postgresql":
        return request.getfixturevalue("empty_postgres")
    return f"sqlite:///{tmp_path}/new folder/odd?name.db"


def _tables(url):
    engine = _engine(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def test_the_migrations_make_exactly_the_tables_of_the_schema(empty_url) -> None:
    """From nothing to the newest revision there is no difference to schema.metadata."""
    database = Database(empty_url)
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, metadata)
    database.close()

    assert differences == []


def test_an_older_database_keeps_what_it_knows(empty_url) -> None:
    """Its entries are read as before, and nobody takes over their words who could not before."""
    engine = _engine(empty_url)
    config = Config()
    config.set_main_option("script_location", "msdigest.store:migrations")
    row = {"id": "e", "first_seen": NOW, "changed_at": NOW, "content": to_record(ENTRY), "hash": "h"}
    with engine.execution_options(msdigest_writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        older = MetaData()
        older.reflect(connection)
        for name, values in (
            ("entries", row | {"source": "blog", "kind": "post", "revision": 1}),
            ("revisions", {"entry": "e", "number": 1, "seen": NOW, "change": "new", "material": True}),
            ("places", {"source": "blog", "key": "k", "entry": "e", "url": ENTRY.url, "shown": "", "section": []}),
        ):
            known = row | {"last_seen": NOW} | values
            columns = {column.name: column.type for column in metadata.tables[name].columns}
            fitting = {column.name: known[column.name] for column in older.tables[name].columns if column.name in known}
            typed = table(name, *(column(each, columns[each]) for each in fitting))
            connection.execute(insert(typed).values(**fitting))
    engine.dispose()
    database = Database(empty_url)
    with database.reading() as connection:
        (entry,) = entry_store.newest(connection)
        (revision,) = entry_store.revisions_of(connection, "e")
        (place,) = entry_store.places_of(connection, "e")
        owned = connection.execute(text("select owned from entries")).scalar_one()
    database.close()

    assert (entry.title, revision.entry.title, place.key) == (ENTRY.title, ENTRY.title, "k")
    assert owned


def test_opening_again_changes_nothing(empty_url) -> None:
    """What was written is there at the next opening."""
    first = Database(empty_url)
    with first.writing() as connection:
        fires.fact(connection, "key", "mine")
    first.close()
    again = Database(empty_url)
    with again.writing() as connection:
        kept = fires.fact(connection, "key", "another")
    again.close()

    assert kept == "mine"


def test_many_may_open_a_new_database_at_once(empty_url) -> None:
    """Eight at a time: one makes the tables, the others wait for it."""
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: Database(empty_url), range(8)))
    with opened[7].reading() as connection:
        revisions = connection.execute(text("select count(*) from alembic_version")).scalar_one()
    for database in opened:
        database.close()

    assert revisions == 1


def test_a_newer_database_is_refused(database) -> None:
    """A revision that this version does not know belongs to a newer one."""
    with database.writing() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))

    with pytest.raises(NewerDatabaseError, match="newer msdigest"):
        Database(database.url)


def test_a_failing_migration_leaves_nothing_behind(empty_url) -> None:
    """A table in the way stops the upgrade half way; the tables made before it are gone again."""
    first = Database(empty_url)
    with first.writing() as connection:
        names = [table.name for table in metadata.sorted_tables]
        for name in reversed(names):
            connection.execute(text(f"drop table {name}"))
        connection.execute(text("drop table alembic_version"))
        connection.execute(text("create table subscribers (theirs integer)"))
    first.close()

    with pytest.raises(StoreError, match="cannot be used"):
        Database(empty_url)
    assert _tables(empty_url) == {"subscribers"}


def test_a_reader_need_not_wait_for_a_writer(database) -> None:
    """Opening and reading go on while a long transaction writes, and see what was before."""
    with database.writing() as connection:
        fires.fact(connection, "key", "mine")
        other = Database(database.url)
        with other.reading() as reader:
            seen = reader.execute(text("select count(*) from facts")).scalar_one()
        other.close()

    assert seen == 0


def test_a_reader_sees_one_state_and_writes_nothing(database) -> None:
    """Between two statements of a reader nothing changes, and it cannot change anything itself."""
    count = text("select count(*) from facts")
    with database.reading() as reader:
        before = reader.execute(count).scalar_one()
        with database.writing() as writer:
            fires.fact(writer, "key", "mine")
        after = reader.execute(count).scalar_one()

    assert (before, after) == (0, 0)
    with pytest.raises((DBAPIError, StoreError), match=r"(?i)read.?only"), database.reading() as reader:
        reader.execute(text("delete from facts"))


def test_a_transaction_is_kept_whole_or_not_at_all(database) -> None:
    """An error inside ``writing`` undoes what was written before it."""

    def fail():
        with database.writing() as connection:
            fires.fact(connection, "key", "mine")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail()
    with database.reading() as connection:
        assert connection.execute(text("select count(*) from facts")).scalar_one() == 0


def test_writers_wait_for_each_other(database) -> None:
    """Two threads that count up in the same row lose no count."""
    with database.writing() as connection:
        connection.execute(text("insert into facts (name, value) values ('n', '0')"))

    def count(_):
        for _ in range(10):
            with database.writing() as connection:
                connection.execute(text("update facts set value = cast(cast(value as integer) + 1 as text)"))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(count, range(2)))
    with database.reading() as connection:
        assert connection.execute(text("select value from facts")).scalar_one() == "20"


@pytest.mark.parametrize(
    "instant",
    [
        NOW,
        datetime(2026, 7, 1, 9, 30, 0, 123456, tzinfo=ZoneInfo("Europe/London")),
        datetime(2026, 7, 1, tzinfo=timezone(timedelta(hours=14))),
        datetime(476, 9, 4, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    ],
    ids=["utc", "summer time", "far east", "year of three digits", "end of time"],
)
def test_an_instant_comes_back_aware_in_utc(database, instant) -> None:
    """Whatever the zone it was given in; to the microsecond."""
    with database.writing() as connection:
        fires.take(connection, "t", scheduled_for=instant, now=instant, stale=instant)
    with database.reading() as connection:
        back = connection.execute(select(fires_table.c.started_at)).scalar_one()

    assert back == instant
    assert back.utcoffset() == timedelta(0)


def test_instants_sort_like_time(database) -> None:
    """Also across the year 1000 and with and without microseconds."""
    instants = [
        datetime(476, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
        datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC),
    ]
    with database.writing() as connection:
        for instant in reversed(instants):
            fires.take(connection, "t", scheduled_for=instant, now=NOW, stale=NOW)
    with database.reading() as connection:
        column = fires_table.c.scheduled_for
        assert list(connection.execute(select(column).order_by(column)).scalars()) == instants


def test_a_naive_instant_is_refused(database) -> None:
    """Nobody can tell what it means."""
    naive = NOW.replace(tzinfo=None)

    with pytest.raises(StatementError, match="naive"), database.writing() as connection:
        fires.take(connection, "t", scheduled_for=naive, now=NOW, stale=NOW)


def test_one_process_at_a_time_delivers_from_sqlite(tmp_path) -> None:
    """The second holder is told so; afterwards the lock is free."""
    one, other = (Database(f"sqlite:///{tmp_path}/x.db") for _ in range(2))
    with one.alone(), pytest.raises(BusyError, match="stop it first"), other.alone():
        raise AssertionError("never both")

    with other.alone():
        pass
    one.close()
    other.close()


def test_the_lock_ends_with_its_process(tmp_path) -> None:
    """However it ends: here it is killed."""
    url = f"sqlite:///{tmp_path}/x.db"
    script = (
        "import sys; from msdigest.store.database import Database\n"
        "with Database(sys.argv[1]).alone(): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        database = Database(url)
        with pytest.raises(BusyError), database.alone():
            raise AssertionError("never both")
        holder.kill()
    with database.alone():
        pass
    database.close()


def test_on_postgresql_many_may_deliver(empty_postgres) -> None:
    """Leases take the lock's place there."""
    database = Database(empty_postgres)
    entered = []
    with database.alone(), database.alone():
        entered.append(threading.get_ident())
    database.close()

    assert entered


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://ada:s3cret@host:port/db", "is not understood"),
        ("postgresql://ada:s3cret@127.0.0.1:1/db", "cannot be used"),
        ("postgresql://s3cret:s3cret@127.0.0.1:1/db?user=x&password=s3cret", r"^postgresql://127\.0\.0\.1/db: the da"),
        ("postgresql://127.0.0.1:1/db?sslmode=s3cret", "cannot be used: .*sslmode.*…"),
        ("sqlite:////proc/none/x.db", "the folder of the database cannot be made"),
        ("sqlite:////proc", "cannot be used"),
    ],
    ids=["no port", "nobody there", "options", "a wrong option", "no folder", "a folder"],
)
def test_what_cannot_be_opened_is_told_in_one_sentence(url, sentence) -> None:
    """A StoreError, one line, without user, password and options."""
    with pytest.raises(StoreError, match=sentence) as caught:
        Database(url)

    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_was_written_is_not_told_when_writing_fails(database) -> None:
    """An error of the database ends up in logs: it names the statement, never a value."""
    row = {"name": "n", "value": "s3cret"}

    with pytest.raises(IntegrityError) as caught, database.writing() as connection:
        connection.execute(insert(facts), [row, row])

    assert "s3cret" not in str(caught.value)


def test_a_file_that_is_no_database_is_told(tmp_path) -> None:
    """Somebody else's file is left as it is."""
    path = tmp_path / "x.db"
    path.write_text("Dear diary, " * 500)

    with pytest.raises(StoreError, match="not a database"):
        Database(f"sqlite:///{path}")
    assert path.read_text().startswith("Dear diary")


def test_the_database_is_for_its_owner_alone(tmp_path) -> None:
    """Nobody else on the machine may read the file or its log, whatever the umask is."""
    database = Database(f"sqlite:///{tmp_path / 'new' / 'msdigest.db'}")
    with database.writing() as connection:
        connection.exec_driver_sql("delete from facts")
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").iterdir()}
    database.close()

    assert modes
    assert set(modes.values()) == {0o600}
