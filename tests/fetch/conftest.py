"""Servers and clients for the tests of the door to the network."""

from __future__ import annotations

import socket

import pytest
from tests.fetch.loopback import Server, site

from msdigest.fetch.client import HttpClient


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
def new_http():
    """Make clients: loopback is allowed unless the test says otherwise."""
    clients = []

    def make(**options):
        settings = {"contact": "desk@example.org", "site_url": "https://digest.example", "version": "0.1.0"}
        clients.append(HttpClient(**{**settings, "allow_private": ["127.0.0.0/8"], **options}))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def http(new_http):
    return new_http()


@pytest.fixture
def closed_port():
    """A port on loopback where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
