"""Pausing: an issue in sending is held, nobody is lost, and it goes on when somebody says so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.steps.scene import PEOPLE, drafted, file_provider, freeze

from msdigest.errors import RefusedError
from msdigest.providers.fake import FakeProvider, accepting
from msdigest.steps.delivering import delivering
from msdigest.store import issues as issue_store


@pytest.fixture
def app(database, tmp_path):
    with drafted(tmp_path / "site", database) as app:
        yield app


def resume(app):
    delivering.resume(app.database, app.clock, issue=app.issue(1), digest=app.digest("weekly"))


def test_what_is_paused_during_a_call_is_sent_later_and_once(app) -> None:
    """The call under way ends; the others wait until they are resumed, even after the issue would be too late."""

    def answer(ids):
        if len(provider.shipments) == 1:
            delivering.pause(app.database, issue=app.issue(1))
        return accepting(ids)

    provider = FakeProvider(answer, substitutes=False)
    freeze(app, provider)
    app.deliver()
    paused, state = app.account(1), app.issue(1).state
    app.clock.advance(timedelta(days=3))
    while_paused = dict(app.deliver())
    resume(app)
    app.deliver()

    assert (paused.accepted, paused.pending, state, while_paused) == (10, PEOPLE - 10, "held", {})
    assert (app.account(1).accepted, app.issue(1).state) == (PEOPLE, "sent")
    assert max(provider.accepted.values()) == 1


@pytest.mark.parametrize("state", ["draft", "held", "sent"])
def test_only_what_is_being_sent_can_be_paused(app, state) -> None:
    """Told with the state it is in."""
    with app.database.writing() as connection:
        issue_store.set_state(connection, 1, state, only_from=("draft",))

    with pytest.raises(RefusedError, match=f"issue 1 is {state}: only an issue that is being sent can be paused"):
        delivering.pause(app.database, issue=app.issue(1))
    assert app.issue(1).state == state


def test_what_nobody_decided_cannot_be_resumed(app) -> None:
    """A draft that was held because it was late has no deliveries: sending is the way."""
    with app.database.writing() as connection:
        issue_store.set_state(connection, 1, "held", only_from=("draft",))

    with pytest.raises(RefusedError, match="nobody decided yet who gets issue 1: `msdigest issue send 1` does"):
        resume(app)
    assert app.issue(1).state == "held"
    freeze(app, file_provider(app))
    assert app.issue(1).state == "sending"
