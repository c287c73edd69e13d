"""SMTP as a mail server understands it that somebody else wrote (aiosmtpd): what arrives is what was made."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from tests.providers.test_mailgun import person
from tests.providers.test_smtp import parcel_for, states
from tests.sinks.smtp import PASSWORD, USER, certificate

from msdigest.ports import Failure
from msdigest.providers.smtp.sending import provider
from msdigest.render.mime import message


class Inbox:
    """Keeps envelopes; one address is unknown, and one is asked to come later."""

    def __init__(self) -> None:
        self.envelopes = []

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802  # aiosmtpd's name
        if address == "p2@example.org":
            return "550 5.1.1 no such user"
        if address == "p3@example.org":
            return "450 4.2.0 come back"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802  # as above
        self.envelopes.append(envelope)
        return "250 OK"


@contextmanager
def referee(inbox, context=None):
    """Run a server in a thread; give its port."""
    loop, ready, ports = asyncio.new_event_loop(), threading.Event(), []

    def checked(_server, _session, _envelope, _mechanism, told):
        return AuthResult(success=(told.login, told.password) == (USER.encode(), PASSWORD.encode()))

    def server():
        return SMTP(
            inbox,
            hostname="referee.example",
            loop=loop,
            tls_context=context,
            require_starttls=context is not None,
            auth_required=context is not None,
            authenticator=checked,
        )

    def run():
        asyncio.set_event_loop(loop)
        listening = loop.run_until_complete(loop.create_server(server, "127.0.0.1", 0))
        ports.append(listening.sockets[0].getsockname()[1])
        ready.set()
        loop.run_forever()
        listening.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(10)
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "starttls and login"])
def test_a_foreign_server_takes_what_was_made(tmp_path, monkeypatch, secure: bool) -> None:
    """Each message whole and once, with dots where they were; refusals are about whom they are about."""
    context, file = certificate(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    inbox, people = Inbox(), [person(number) for number in range(1, 6)]
    parcel = parcel_for(*people, text=b".\r\n..two\r\n.three\r\n")
    with referee(inbox, context if secure else None) as port:
        login = {"security": "starttls", "user": USER, "password": PASSWORD} if secure else {"security": "none"}
        ours = provider({"host": "127.0.0.1", "port": str(port)} | login, lambda _: Failure("no", "no HTTP here"))
        outcomes = ours.parse(ours.carry(ours.build(parcel)), parcel)
        ours.close()
    ((letter, _),) = parcel.parts

    assert states(outcomes) == ["accepted", "rejected", "pending", "accepted", "accepted"]
    assert [each.rcpt_tos for each in inbox.envelopes] == [[f"p{number}@example.org"] for number in (1, 4, 5)]
    assert [each.content for each in inbox.envelopes] == [message(letter, people[number]) for number in (0, 3, 4)]
