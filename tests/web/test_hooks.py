"""Webhooks as providers call them: proven, taken once, kept whole; and as everybody else may try."""

from __future__ import annotations

import json
import logging
import re
import shutil
from datetime import timedelta
from functools import partial
from importlib import import_module

import httpx
import pytest
from sqlalchemy import delete, select, text
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from tests.web.asking import asker, serving
from tests.web.scene import KEYS, NOW, site

from msdigest.app import _PROVIDERS, App, read_settings
from msdigest.model.clock import FixedClock
from msdigest.ports import Reply
from msdigest.providers.fake import PROOF, FakeProvider
from msdigest.steps.subscribing import subscribing
from msdigest.store import audience
from msdigest.store import deliveries as delivery_store
from msdigest.store.schema import attempts, hooks, suppressions
from msdigest.web.site import public_app

PROVIDERS = ("mailgun", "resend", "postmark", "brevo", "ses", "sendgrid")
# How each one's call is proven to be its own; without it nothing can be.
PROOFS = {
    "mailgun": "webhook_key",
    "resend": "webhook_secret",
    "postmark": "webhook_password",
    "brevo": "webhook_token",
    "ses": "topic",
    "sendgrid": "webhook_public_key",
}
# The others prove who calls, not when.
TIMED = ("mailgun", "resend", "ses", "sendgrid")
SINKS = {name: import_module(f"tests.sinks.{name}") for name in PROVIDERS}
# What is told → where the delivery may stand after it, and why nothing is sent to the address any more.
BECOMES = {
    "accepted": ({"accepted"}, None),
    "deferred": ({"deferred"}, None),
    "delivered": ({"delivered"}, None),
    "bounced": ({"bounced"}, "bounced"),
    "soft": ({"bounced", "deferred"}, None),
    "complained": ({"complained"}, "complained"),
    "unsubscribed": ({"accepted"}, "unsubscribed"),
    "rejected": ({"rejected"}, None),
    "opened": ({"accepted"}, None),
}
MEGABYTE = 1_000_000
TROUBLE = Reply(status=500, url="", headers={}, body=b"")


def provider_of(name: str, **other: str):
    """Return the provider ``name`` with the keys of its sink; nobody answers its calls, but SES has its certificate."""
    module = import_module(f"msdigest.providers.{name}.sending")
    options = {key: value for key, value in {**SINKS[name].OPTIONS, **other}.items() if value}
    return module.provider(options, getattr(SINKS[name], "fetched", lambda _: TROUBLE))


class Hooked:
    """A site whose issue was sent, and what a provider of that name tells of Ada's message."""

    issue = 1

    def __init__(self, app, name):
        self.app, self.name = app, name
        self.ada = subscribing.find(app.database, app.vault, "ada@reader.example").id
        app.__dict__["provider"] = FakeProvider(name=name)

    def call(self, kind, *, now=NOW):
        """Return (headers, body) of a genuine call."""
        with self.app.database.reading() as connection:
            attempt = connection.execute(select(attempts.c.id)).scalars().first()
        return SINKS[self.name].hook(
            kind, address="ada@reader.example", issue=self.issue, attempt=attempt, at=now - timedelta(seconds=5),
            delivery=self.app.vault.correlate(str(self.issue), self.ada), now=now, provider_id="id@sink.example",
        )  # fmt: skip

    def post(self, call, *, path="", **other):
        """Post it to the site; ``other``: options that are not the sink's."""
        if self.name in SINKS:
            self.app.__dict__["provider"] = provider_of(self.name, **other)
        headers, body = call
        ask = asker(public_app(self.app), "https://digest.example")
        return ask("POST", path or f"/hooks/{self.name}", headers=headers, content=body)

    def state(self):
        with self.app.database.reading() as connection:
            return next(each for each in delivery_store.records(connection, self.issue) if each.subscriber == self.ada)

    def suppressed(self):
        lookup = self.app.vault.look_up("ada@reader.example")
        with self.app.database.reading() as connection:
            return audience.suppressed_among(connection, [lookup]).get(lookup)

    def marks(self):
        with self.app.database.reading() as connection:
            return len(connection.execute(select(hooks)).all())


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    """A site whose first issue was sent to everybody, made once."""
    folder = tmp_path_factory.mktemp("sent")
    with site(folder) as app:
        app.__dict__["provider"] = FakeProvider()
        issue = app.compose(app.digest("weekly"))
        app.freeze(issue)
        app.deliver()
        assert issue.id == Hooked.issue
    return folder


@pytest.fixture
def hooked(sent, tmp_path):
    """Open a copy of it, for a provider of that name."""
    folder = tmp_path / "site"
    shutil.copytree(sent, folder)
    settings = read_settings(folder / "config" / "msdigest.toml", {"MSDIGEST_KEYS": KEYS})
    with App(settings, FixedClock(NOW)) as app:
        yield partial(Hooked, app)


def nothing_said(reply: httpx.Response) -> bool:
    return reply.content == b"" and "Set-Cookie" not in reply.headers and reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for name in PROVIDERS for kind in BECOMES if kind in SINKS[name].TOLD]
)
def test_what_each_provider_tells(hooked, name, kind) -> None:
    """A genuine call of every provider, of every kind that it knows, ends in the same words."""
    here = hooked(name)
    reply = here.post(here.call(kind))
    states, reason = BECOMES[kind]

    assert reply.status_code == 200
    assert nothing_said(reply)
    assert here.state().state in states
    assert here.suppressed() == reason


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_call_that_is_repeated_changes_nothing(hooked, name) -> None:
    """Whoever replays it, and whatever was decided since; Mailgun is told not to repeat it once more."""
    here = hooked(name)
    call = here.call("complained")
    first = here.post(call)
    with here.app.database.writing() as connection:
        connection.execute(delete(suppressions))
    second = here.post(call)

    assert (first.status_code, second.status_code) == (200, 406 if name == "mailgun" else 200)
    assert nothing_said(second)
    assert here.suppressed() is None
    assert here.marks() == 1


FORGERIES = {
    "no proof at all": lambda _: ({}, b"{}"),
    "nothing": lambda _: ({}, b""),
    "an array of rubbish": lambda _: ({"content-type": "application/json"}, b"[" * 10_000),
    "no letters": lambda _: ({}, b"\xff\x00\xfe"),
    "the body, without its proof": lambda call: ({}, re.sub(rb'(?i)"signature":', b'"a":', call[1])),
    "the headers alone": lambda call: ({k: v for k, v in call[0].items() if k.lower() != "authorization"}, b"{}"),
}


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("case", FORGERIES)
def test_what_proves_nothing_is_refused(hooked, name, case) -> None:
    """Nobody is told what was wrong, and nothing is kept."""
    here = hooked(name)
    reply = here.post(FORGERIES[case](here.call("complained")))

    assert reply.status_code == 403
    assert nothing_said(reply)
    assert (here.state().state, here.suppressed(), here.marks()) == ("accepted", None, 0)


@pytest.mark.parametrize("name", PROVIDERS)
def test_without_a_key_everything_is_forged(hooked, name) -> None:
    """A key that was never entered opens no door."""
    here = hooked(name)
    reply = here.post(here.call("complained"), **{PROOFS[name]: ""})

    assert reply.status_code == 403
    assert here.suppressed() is None


@pytest.mark.parametrize("name", TIMED)
@pytest.mark.parametrize("ago", [timedelta(days=2), timedelta(hours=-1)], ids=["long ago", "in the future"])
def test_a_call_of_another_time_is_refused(hooked, name, ago) -> None:
    """What was recorded somewhere is worth nothing later."""
    here = hooked(name)
    reply = here.post(here.call("complained", now=NOW - ago))

    assert reply.status_code == 403
    assert here.suppressed() is None


def test_every_provider_that_tells_is_here() -> None:
    """One that is added is tried like the others; what becomes of mail over SMTP is told by mail."""
    assert {*PROVIDERS, "smtp"} == set(_PROVIDERS)


def fake_call(*events, **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return PROOF | names, json.dumps(events).encode()


COMPLAINT = {"kind": "complained", "address": "ada@reader.example"}


@pytest.mark.parametrize(
    "path", ["/hooks/other", "/hooks/mailgun", "/hooks/FAKE", "/hooks/fake/", "/hooks/", "/hooks", "/hooks/%00"]
)
def test_another_name_is_no_page(hooked, path) -> None:
    """Only the provider in use has a webhook; the others look like any page that does not exist."""
    here = hooked("fake")
    ask = asker(public_app(here.app), "https://digest.example")
    headers, body = fake_call(COMPLAINT)
    posted, looked, unknown = ask("POST", path, headers=headers, content=body), ask("GET", path), ask("GET", "/nothing")

    assert looked.status_code == 404
    assert looked.text == unknown.text
    assert posted.status_code in {404, 405}
    assert here.suppressed() is None


def test_a_provider_that_tells_nothing_has_no_webhook(ask) -> None:
    """The folder that stands in for a provider is never told about."""
    reply, unknown = ask("POST", "/hooks/file", content=b"[]"), ask("GET", "/nothing")

    assert (reply.status_code, reply.text) == (404, unknown.text)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_only_posting_is_answered(hooked, method) -> None:
    """Link scanners and the curious get a status."""
    here = hooked("fake")
    reply = asker(public_app(here.app), "https://digest.example")(method, "/hooks/fake", headers=PROOF)

    assert (reply.status_code, reply.headers["Allow"]) == (405, "POST")
    assert nothing_said(reply)


@pytest.mark.parametrize(
    ("call", "status"),
    [
        pytest.param(fake_call(COMPLAINT), 200, id="taken"),
        pytest.param(fake_call(), 200, id="no events"),
        pytest.param((PROOF, b"not JSON"), 400, id="genuine and no sense"),
        pytest.param((PROOF, json.dumps([{"kind": "bounced"}]).encode()), 400, id="genuine and not whole"),
        pytest.param(({}, fake_call(COMPLAINT)[1]), 403, id="forged"),
        pytest.param((PROOF, b" " * (MEGABYTE - 2) + b"[]"), 200, id="as large as it may be"),
        pytest.param((PROOF, b" " * (MEGABYTE - 1) + b"[]"), 413, id="one byte larger"),
        pytest.param(fake_call(COMPLAINT, fake_confirm="http://192.0.2.1/"), 503, id="a visit that is not made"),
    ],
)
def test_what_a_status_says(hooked, call, status) -> None:
    """Taken, or why not: a provider repeats what was not taken for a reason of ours."""
    here = hooked("fake")
    reply = here.post(call)

    assert reply.status_code == status
    assert nothing_said(reply)


def test_a_large_body_is_not_read_to_its_end(hooked) -> None:
    """A stranger can make us read a megabyte and no more."""
    here, drawn = hooked("fake"), []

    async def endless():
        while len(drawn) < 1_000:
            drawn.append(1)
            yield b"x" * 50_000

    reply = here.post((PROOF, endless()))

    assert reply.status_code == 413
    assert len(drawn) <= 22


def test_a_database_in_trouble_lets_the_provider_repeat(hooked, caplog) -> None:
    """What cannot be kept was not taken; the sentence is in the log, and nobody's address."""
    here = hooked("fake")
    with here.app.database.writing() as connection:
        connection.execute(text("alter table hooks rename to elsewhere"))
    broken = here.post(fake_call(COMPLAINT, fake_mark="m1"))
    kept = here.suppressed()
    with here.app.database.writing() as connection:
        connection.execute(text("alter table elsewhere rename to hooks"))
    mended = here.post(fake_call(COMPLAINT, fake_mark="m1"))

    assert (broken.status_code, kept) == (503, None)
    assert (mended.status_code, here.suppressed()) == (200, "complained")
    assert any("webhook not taken" in record.getMessage() for record in caplog.records)
    assert "reader.example" not in caplog.text


def test_what_cannot_be_proven_just_now_is_to_be_told_again(hooked) -> None:
    """SES signs by a certificate that has to be fetched: if that fails, nothing says that the call is forged."""
    here = hooked("ses")
    call = here.call("complained")
    here.app.__dict__["provider"] = import_module("msdigest.providers.ses.sending").provider(
        SINKS["ses"].OPTIONS, lambda _: TROUBLE
    )
    headers, body = call
    broken = asker(public_app(here.app), "https://digest.example")("POST", "/hooks/ses", headers=headers, content=body)
    kept = here.suppressed()

    assert (broken.status_code, kept) == (503, None)
    assert nothing_said(broken)
    assert here.post(call).status_code == 200
    assert here.suppressed() == "complained"


def test_a_provider_is_visited_when_it_asks_for_it(hooked) -> None:
    """Only after its proof; then it begins to tell."""
    asked = []

    async def confirm(request):
        asked.append((request.method, str(request.url.query)))
        return Response()

    here = hooked("fake")
    with serving(Starlette(routes=[Route("/confirm", confirm)])) as url:
        forged = here.post(({"fake-confirm": f"{url}/confirm?token=1"}, b"[]"))
        before = list(asked)
        genuine = here.post(fake_call(fake_confirm=f"{url}/confirm?token=1", fake_mark="m1"))
        again = here.post(fake_call(fake_confirm=f"{url}/confirm?token=1", fake_mark="m1"))

    assert (forged.status_code, before) == (403, [])
    assert (genuine.status_code, again.status_code) == (200, 200)
    assert asked == [("GET", "token=1")]


def test_over_the_wire(hooked) -> None:
    """The same over a real connection; Mailgun signs no event, so what its token was used for once is all it is for."""
    here = hooked("mailgun")
    headers, body = here.call("delivered")
    here.app.__dict__["provider"] = provider_of("mailgun")
    with serving(public_app(here.app)) as url, httpx.Client(trust_env=False, base_url=url) as client:
        statuses = [client.post("/hooks/mailgun", headers=headers, content=body).status_code for _ in range(2)]
        changed = client.post("/hooks/mailgun", headers=headers, content=body.replace(b"delivered", b"complained"))
        looked = client.get("/hooks/mailgun")

    assert statuses == [200, 406]
    assert (changed.status_code, looked.status_code) == (406, 405)
    assert (here.state().state, here.suppressed()) == ("delivered", None)


def test_nothing_personal_is_logged(hooked, caplog) -> None:
    """Neither what was posted nor whom it is about, taken or not."""
    caplog.set_level(logging.DEBUG)
    here = hooked("postmark")
    call = here.call("complained")
    for each in (call, call, ({}, call[1])):
        here.post(each)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("msdigest")]

    assert "heard provider=postmark ours=1 unknown=0 moved=1 suppressed=1" in ours
    assert "webhook refused provider=postmark ForgedError" in ours
    assert not [line for line in ours if "reader.example" in line or here.ada in line or "password" in line]
