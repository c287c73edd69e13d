"""A test message: what somebody gets, sent to an editor, and nowhere written down."""

from __future__ import annotations

import base64
import email
import email.policy
import json
import logging
import re
import stat

import pytest
from sqlalchemy import select
from tests.steps.scene import PEOPLE, bring, drafted, file_provider, freeze, mailgun, person
from tests.web.asking import asker

from msdigest.errors import ProviderError, RefusedError
from msdigest.ports import Failure, Reply
from msdigest.providers.fake import FakeProvider
from msdigest.steps.delivering.trial import TOKEN
from msdigest.steps.subscribing import subscribing
from msdigest.store.schema import metadata

EDITOR = "editor.of.ours@example.net"
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def app(database, tmp_path):
    with drafted(tmp_path / "site", database) as app:
        app.__dict__["provider"] = file_provider(app)
        yield app


def written(app):
    """Return the one test message in the outbox."""
    (path,) = (app.settings.data_dir / "outbox" / "1").glob("test-*.eml")
    return path, email.message_from_bytes(path.read_bytes(), policy=email.policy.default)


def everything(app):
    with app.database.reading() as connection:
        return {table.name: connection.execute(select(table)).all() for table in metadata.sorted_tables}


def test_one_message_and_nothing_in_the_tables(app) -> None:
    """The whole issue as most people read it, marked in its subject; no table knows of it."""
    before = everything(app)
    sent = app.test_issue(app.issue(1), EDITOR)
    path, mail = written(app)
    html = mail.get_body(("html",)).get_content()

    assert mail["Subject"] == f"[TEST] {app.issue(1).subject}"
    assert mail["To"] == EDITOR
    assert [f"Entry {number}" in html for number in range(3)] == [True] * 3
    assert (path.stem, sent.variant, sent.entries) == (sent.delivery, "en.standard", 3)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert everything(app) == before


@only_sqlite
def test_it_is_what_the_subscriber_gets(app) -> None:
    """Their entries and their look, and not a word of who they are."""
    bring(app, "email,name,theme,topics\np1@example.org,Person One,large,fatigue\n")
    sent = app.test_issue(app.issue(1), EDITOR, subscriber=person(app, 1))
    path, mail = written(app)
    html = mail.get_body(("html",)).get_content()

    assert (sent.variant, sent.entries) == ("en.large", 2)
    assert ["Entry 0" in html, "Entry 1" in html] == [False, True]
    assert "Person" not in html
    assert b"p1@example" not in path.read_bytes()


@only_sqlite
def test_after_it_was_decided_it_is_what_was_decided(app) -> None:
    """Whatever the subscriber chose since."""
    freeze(app, file_provider(app))
    bring(app, "email,topics,theme\np1@example.org,,low-glare\n")
    sent = app.test_issue(app.issue(1), EDITOR, subscriber=person(app, 1))

    assert (sent.variant, sent.entries) == ("en.standard", 2)
    assert app.account(1).pending == PEOPLE


@only_sqlite
def test_who_came_after_it_was_decided_gets_nothing(app) -> None:
    """They are in no delivery of it, so there is nothing to show."""
    freeze(app, file_provider(app))
    bring(app, "email\np99@example.org\n")

    with pytest.raises(RefusedError, match="this person gets nothing of issue 1"):
        app.test_issue(app.issue(1), EDITOR, subscriber=person(app, 99))


@only_sqlite
def test_another_look_can_be_asked_for(app) -> None:
    """By the name of a variant that is compiled; one that is not is told with those that are."""
    sent = app.test_issue(app.issue(1), EDITOR, subscriber=person(app, 1), variant="en.standard.neutral")
    _, mail = written(app)

    assert sent.variant == "en.standard.neutral"
    assert "MS " not in mail["Subject"]
    with pytest.raises(RefusedError, match=r"not compiled as 'xx\.big', but as en\.large, en\.large\.neutral, en\.st"):
        app.test_issue(app.issue(1), EDITOR, variant="xx.big")


@only_sqlite
def test_its_link_to_leave_leads_nowhere(app) -> None:
    """The page of leaving knows no such link, whether it is opened or pressed, and nobody is unsubscribed."""
    from msdigest.web.site import public_app

    app.test_issue(app.issue(1), EDITOR)
    _, mail = written(app)
    before = everything(app)
    (link,) = set(re.findall(r"https://\S+/leave/[\w-]+", mail.as_string().replace("=\n", "")))
    path = link.removeprefix(app.settings.site_url)
    ask = asker(public_app(app), app.settings.site_url)
    answers = [ask("GET", path), ask("POST", path, content="List-Unsubscribe=One-Click")]

    assert path == f"/leave/{TOKEN}"
    assert [answer.status_code for answer in answers] == [404, 404]
    assert everything(app) == before


@only_sqlite
def test_two_test_messages_are_two(app) -> None:
    """A mail program that knows the first shows the second one, too."""
    first, second = (app.test_issue(app.issue(1), EDITOR) for _ in range(2))
    paths = list((app.settings.data_dir / "outbox" / "1").glob("test-*.eml"))

    assert first.delivery != second.delivery
    assert len(paths) == 2


@only_sqlite
def test_through_mailgun_it_is_one_call_for_one_address(app) -> None:
    """Marked, without tracking, and under a name that no delivery has."""
    requests = []

    def answer(request):
        requests.append(request.body.decode())
        return Reply(status=200, url="", headers={}, body=b'{"id": "<x@y>"}')

    app.__dict__["provider"] = mailgun(answer)
    app.test_issue(app.issue(1), EDITOR)
    (body,) = requests
    variables = json.loads(re.search(r'name="recipient-variables"\r\n\r\n(.*)\r\n', body)[1])

    assert re.findall(r'name="to"\r\n\r\n(.*)\r\n', body) == [EDITOR]
    assert 'name="subject"\r\n\r\n[TEST] ' in body
    assert variables[EDITOR]["delivery"].startswith("test-")
    assert variables[EDITOR]["leave"] == f"https://digest.example.org/leave/{TOKEN}"


FAULTS = {
    "an address that is suppressed": ({}, "this address is suppressed"),
    "somebody who never subscribed": ({"subscriber": "f" * 32}, "this person never subscribed to weekly"),
    "somebody who gets nothing": ({"subscriber": 2}, "this person gets nothing of issue 1: leave --subscriber out"),
}


@pytest.mark.parametrize("case", FAULTS)
@only_sqlite
def test_what_cannot_be_sent_is_refused(app, case) -> None:
    """In one sentence without any address, and nothing is written."""
    words, sentence = FAULTS[case]
    if not words:
        subscribing.suppress(app.database, app.vault, app.clock, address=EDITOR.upper(), reason="bounced")
    if words.get("subscriber") == 2:
        bring(app, "email,topics\np2@example.org,pregnancy\n")
        words = {"subscriber": person(app, 2)}

    with pytest.raises(RefusedError, match=sentence) as refused:
        app.test_issue(app.issue(1), EDITOR, **words)
    assert "@" not in str(refused.value)
    assert not (app.settings.data_dir / "outbox" / "1").exists()


@pytest.mark.parametrize(
    ("answer", "error", "sentence"),
    [
        (Failure("no", "could not connect"), RefusedError, r"not accepted \(pending\): could not connect"),
        (Failure("maybe", "broke"), RefusedError, r"not accepted \(unknown\): broke"),
        (Reply(status=400, url="", headers={}, body=b""), RefusedError, r"not accepted \(rejected\): refused"),
        (Reply(status=403, url="", headers={}, body=b""), ProviderError, "refuses the settings"),
    ],
    ids=["not sent", "maybe sent", "rejected", "settings"],
)
@only_sqlite
def test_a_provider_that_does_not_take_it(app, answer, error, sentence) -> None:
    """Told as it is; it is not tried again."""
    provider = FakeProvider(lambda _: answer)
    app.__dict__["provider"] = provider

    with pytest.raises(error, match=sentence):
        app.test_issue(app.issue(1), EDITOR)
    assert len(provider.shipments) == 1


@only_sqlite
def test_the_address_is_in_no_log(app, caplog) -> None:
    """Nor whose choice it was."""
    caplog.set_level(logging.DEBUG)
    app.test_issue(app.issue(1), EDITOR, subscriber=person(app, 1))

    assert "test message issue=1 variant=en.standard accepted" in caplog.text
    assert "@" not in caplog.text
    assert person(app, 1) not in caplog.text
    assert base64.b64encode(EDITOR.encode()).decode() not in caplog.text
