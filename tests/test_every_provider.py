"""One small issue through every provider: sent, built again, heard of, and a mailbox that is gone is mailed no more."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from importlib import import_module

import pytest
from tests.sinks.engine import Engine
from tests.site import MAIN, START, write_site

from msdigest.app import App
from msdigest.app import read_settings as load
from msdigest.demo.world import DemoWorld, subscribers_csv
from msdigest.model.clock import FixedClock
from msdigest.model.delivery import AFTER_ACCEPTANCE
from msdigest.ports import Posted
from msdigest.providers.ses.sending import provider
from msdigest.steps.subscribing import subscribing
from msdigest.store import audience
from msdigest.store import deliveries as delivery_store

PROVIDERS = ("mailgun", "resend", "postmark", "brevo", "ses", "sendgrid")
_PLAIN = {"domain", "region", "message_stream", "webhook_user", "configuration_set", "topic"}
SECOND = timedelta(seconds=1)


def table(name, options):
    """Return ``[providers.NAME]`` and what its secrets are in the environment."""
    lines, environment = [f"[providers.{name}]"], {}
    for key, value in options.items():
        if key == "activity":
            lines.append(f"{key} = {value.lower()}")
        elif key in _PLAIN or key == "base_url":
            lines.append(f"{key} = {json.dumps(value)}")
        else:
            environment[f"SINK_{key.upper()}"] = value
            lines.append(f'{key} = {{env = "SINK_{key.upper()}"}}')
    return "\n".join(lines) + "\n", environment


@pytest.fixture(scope="module", params=PROVIDERS)
def sent(request, tmp_path_factory):
    """A site of which everybody was sent its first issue through the provider; (app, engine, service's module)."""
    sink = import_module(f"tests.sinks.{request.param}")
    with DemoWorld(START.date()) as world, Engine(sink.service()) as engine:
        config = write_site(tmp_path_factory.mktemp("site"), sources=[
            {"id": "kestrel", "kind": "feed", "url": f"{world.base_url}/kestrel/feed/"},
            {"id": "harbour", "kind": "feed", "url": f"{world.base_url}/harbour/feed.atom"},
        ])  # fmt: skip
        own, environment = table(request.param, sink.OPTIONS | {"base_url": engine.base_url})
        head, _, rest = MAIN.partition("[providers.mailgun]")
        main = head.format(provider=request.param, database="sqlite:///var/msdigest.db")
        config.write_text(
            main + own + "[fetch]\n" + rest.partition("[fetch]\n")[2].replace("{{", "{").replace("}}", "}")
        )
        clock = FixedClock(START)
        with App(load(config, environment), clock) as app:
            app.collect()
            subscribing.import_people(
                app.database, app.vault, app.clock, lines=io.StringIO(subscribers_csv(START.date())), file="people.csv",
                digests=["weekly"], vocabulary=app.settings.vocabulary,
            )  # fmt: skip
            issue = app.compose(app.digest("weekly"))
            app.freeze(issue)
            for _ in range(60):
                app.deliver()
                if not app.account(issue.id).pending:
                    break
                clock.advance(SECOND)
            yield app, engine, sink


def people(app):
    with app.database.reading() as connection:
        return {each.subscriber.address: each for each in audience.all_members(connection, app.vault, "weekly")}


def states(app):
    with app.database.reading() as connection:
        return {each.subscriber: each for each in delivery_store.records(connection, 1)}


def test_everybody_gets_it_once_and_it_can_be_built_again(sent) -> None:
    """The account is closed, the provider took each address once, and every request is the same a second time."""
    app, engine, _ = sent
    account, told, members = app.account(1), states(app), people(app)
    rebuilt = app.rebuild(app.issue(1))

    assert (account.candidates, account.pending, account.unknown, account.rejected) == (25, 0, 0, 0)
    assert dict(engine.accepted) == {
        address: 1 for address, each in members.items() if told[each.subscriber.id].state in AFTER_ACCEPTANCE
    }
    assert len(engine.accepted) == account.accepted > 15
    assert (engine.service.faults, engine.troubles) == ([], [])
    assert (rebuilt.same, rebuilt.missing, rebuilt.different) == (rebuilt.requests, {}, [])
    assert rebuilt.requests > 0


def test_a_mailbox_that_is_gone_is_mailed_no_more(sent) -> None:
    """A genuine webhook call about one of them: bounced in the account, suppressed for good; told again, it is the same."""
    app, engine, sink = sent
    address = min(engine.accepted)
    member = people(app)[address]
    ids = {"issue": 1, "delivery": app.vault.correlate("1", member.subscriber.id), "attempt": "a" * 32}
    now = app.clock.now()
    headers, body = sink.hook("bounced", address=address, **ids, at=now, now=now, provider_id="their-id")
    posted = Posted(headers={name.lower(): value for name, value in headers.items()}, body=body)
    if app.provider.name == "ses":
        # Its certificate is on another server than its API, which no test may ask.
        app.provider = provider(app.settings.provider_options, sink.fetched)
    app.hear(posted)
    app.hear(posted)
    after = states(app)[member.subscriber.id]

    assert after.state == "bounced"
    assert people(app)[address].suppressed
    assert app.account(1).accepted == len(engine.accepted)
    assert sum(each.suppressed for each in people(app).values()) == 1
