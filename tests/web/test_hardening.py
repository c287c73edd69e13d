"""Who may see the editor's page: this machine, under its own name."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from msdigest.web.editor import editor_app


@pytest.mark.parametrize(
    ("address", "host", "client", "status"),
    [
        pytest.param("http://127.0.0.1:8401", None, "127.0.0.1", 200, id="by number"),
        pytest.param("http://localhost:8401", None, "127.0.0.1", 200, id="by name"),
        pytest.param("http://127.0.0.1:8401", "LOCALHOST:8401", "127.0.0.1", 200, id="in capitals"),
        pytest.param("http://[::1]:8401", None, "::1", 200, id="IPv6"),
        pytest.param("http://127.0.0.1:80", "localhost", "127.0.0.1", 200, id="port 80 need not be told"),
        pytest.param("http://127.0.0.1:8401", "evil.example:8401", "127.0.0.1", 403, id="rebound name"),
        pytest.param("http://127.0.0.1:8401", "localhost.evil.example:8401", "127.0.0.1", 403, id="similar name"),
        pytest.param("http://127.0.0.1:8401", "127.0.0.1", "127.0.0.1", 403, id="without its port"),
        pytest.param("http://127.0.0.1:8401", "127.0.0.1:80", "127.0.0.1", 403, id="another port"),
        pytest.param("http://127.0.0.1:8401", "", "127.0.0.1", 403, id="empty name"),
        pytest.param("http://192.0.2.7:8401", "127.0.0.1:8401", "127.0.0.1", 403, id="bound to the network"),
        pytest.param("http://127.0.0.1:8401", None, "192.0.2.9", 403, id="asked from the network"),
    ],
)
def test_only_this_machine_is_answered(app, address, host, client, status) -> None:
    """A page elsewhere that points its own name at loopback gets nothing."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(editor_app(app), client=(client, 1234))
        async with httpx.AsyncClient(transport=transport, base_url=address) as browser:
            return await browser.get("/", headers={} if host is None else {"Host": host})

    reply = asyncio.run(ask())

    assert reply.status_code == status
    assert ("Issues" in reply.text) is (status == 200)
    assert reply.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_two_names_are_no_name(app) -> None:
    """A request with two Host headers is refused."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(editor_app(app))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8401") as browser:
            return await browser.get("/", headers=[("Host", "127.0.0.1:8401"), ("Host", "evil.example")])

    assert asyncio.run(ask()).status_code == 403
