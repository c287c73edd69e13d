"""A desk for each test; the worker processes are everybody's, as in a real round."""

from __future__ import annotations

import pytest
from tests.fetch.loopback import Server, site
from tests.hostile.desk import network, opened_desk

from msdigest.sandbox.workers import Workers


@pytest.fixture(scope="session")
def workers():
    """The real ones, with the limits that an operator has."""
    with Workers() as opened:
        yield opened


@pytest.fixture
def serve():
    """Start a server: ``serve(behave)``, or ``serve({path: bytes})`` for one that answers and keeps alive."""
    servers = []

    def start(behave, **options):
        servers.append(Server(site(behave) if isinstance(behave, dict) else behave, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def new_desk(tmp_path, migrated_sqlite, workers, serve):
    """Make desks: ``new_desk()``, with options of the source, or ``behave`` for a server that is no web server."""
    closing = []

    def make(behave=None, *, patience=None, **options):
        folder = tmp_path / f"desk-{len(closing)}"
        folder.mkdir()
        pages = {}
        server = serve(behave or pages)
        desk, manager = opened_desk(folder, server, pages, workers=workers, database=migrated_sqlite, **options)
        closing.append((desk, manager))
        network(desk.app, **({"deadline": patience} if patience else {}))
        return desk

    yield make
    for desk, manager in closing:
        del desk.app.__dict__["sandbox"]
        manager.__exit__(None, None, None)


@pytest.fixture
def desk(new_desk):
    """A desk that visits a feed."""
    return new_desk()
