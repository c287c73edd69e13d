"""The parts joined: what cannot be opened is refused with a sentence, and one round of the bell does the whole work."""

from __future__ import annotations

import io
import logging
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from tests.site import DIGESTS, START, opened, write_site

from msdigest.app import App
from msdigest.app import read_settings as load
from msdigest.demo.world import DemoWorld, subscribers_csv
from msdigest.errors import ConfigurationError, RefusedError, VaultError
from msdigest.model.clock import FixedClock
from msdigest.providers.file import FileProvider
from msdigest.providers.mailgun.sending import MailgunProvider
from msdigest.steps.composing import editing
from msdigest.steps.subscribing import subscribing
from msdigest.store import issues as issue_store
from msdigest.store.schema import fires
from msdigest.vault import new_keys

MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def sources_of(world):
    return [
        {"id": "kestrel", "kind": "feed", "url": f"{world.base_url}/kestrel/feed/"},
        {"id": "harbour", "kind": "feed", "url": f"{world.base_url}/harbour/feed.atom"},
        {"id": "beacon", "kind": "livingpage", "url": f"{world.base_url}/registries/"},
    ]


def bring(app, text, digests=("weekly",)):
    return subscribing.import_people(
        app.database,
        app.vault,
        app.clock,
        lines=io.StringIO(text),
        file="people.csv",
        digests=digests,
        vocabulary=app.settings.vocabulary,
    )


def all_issues(app):
    with app.database.reading() as connection:
        return issue_store.find(connection)


# -------------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize("from_environment", [False, True])
def test_the_keys_of_another_site_are_refused(tmp_path, from_environment) -> None:
    """A database is bound to the keys it was filled with; others would make everybody unknown, and mail them again."""
    config = write_site(tmp_path)
    with opened(config) as app:
        assert bring(app, "email\nada@example.org\n").new == 1
    environment = {"SINK_KEY": "k"}
    keys = config.parent / "vault.key"
    if from_environment:
        environment["MSDIGEST_KEYS"] = new_keys()
    else:
        keys.write_text(new_keys(), encoding="ascii")

    with App(load(config, environment), FixedClock(START)) as app:
        with pytest.raises(VaultError, match="not the keys this database was filled with"):
            bring(app, "email\nben@example.org\n")
        with pytest.raises(VaultError):
            _ = app.vault


def test_a_second_key_opens_what_the_first_one_sealed(tmp_path) -> None:
    """A new key is added below the old one: the site goes on."""
    config = write_site(tmp_path)
    with opened(config) as app:
        bring(app, "email,name\nada@example.org,Ada\n")
    keys = config.parent / "vault.key"
    keys.write_text(keys.read_text(encoding="ascii") + new_keys().replace("1:", "2:", 1), encoding="ascii")

    with opened(config) as app:
        assert subscribing.find(app.database, app.vault, "ada@example.org").name == "Ada"
        assert bring(app, "email,name\nada@example.org,Ada\n").unchanged == 1


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_keys_that_others_can_read_are_refused(tmp_path, mode) -> None:
    """With the command that mends it."""
    config = write_site(tmp_path)
    (config.parent / "vault.key").chmod(mode)

    with opened(config) as app, pytest.raises(VaultError, match="chmod 600"):
        _ = app.vault


def test_missing_keys_are_refused(tmp_path) -> None:
    """They are never made anew in silence: who has lost them must know."""
    config = write_site(tmp_path)
    (config.parent / "vault.key").unlink()

    with opened(config) as app, pytest.raises(VaultError, match="put your copy of it back"):
        _ = app.vault
    assert not (config.parent / "vault.key").exists()


def test_an_unknown_provider_is_a_fault_of_the_configuration(tmp_path) -> None:
    """It is named with its file and key, and never taken for another."""
    config = write_site(tmp_path, provider="pigeon")

    with pytest.raises(ConfigurationError, match=r"msdigest\.toml: mail\.provider"):
        load(config, {"SINK_KEY": "k"})


@pytest.mark.parametrize(("name", "kind"), [("file", FileProvider), ("mailgun", MailgunProvider)])
def test_the_chosen_provider_is_opened(tmp_path, name, kind) -> None:
    """Under the name that issues are frozen for."""
    with opened(write_site(tmp_path, provider=name)) as app:
        assert isinstance(app.provider, kind)
        assert app.provider.name == name


def test_what_does_not_exist_is_refused_with_what_does(tmp_path) -> None:
    """A digest by its known names, an issue by the command that lists them."""
    with opened(write_site(tmp_path)) as app:
        with pytest.raises(RefusedError, match=r"no digest 'daily' in config/digests\.toml; known: weekly"):
            app.digest("daily")
        with pytest.raises(RefusedError, match="no issue 7: `msdigest issue list`"):
            app.issue(7)


def test_nothing_is_opened_before_it_is_used(tmp_path) -> None:
    """Looking at the settings makes no database and reads no key."""
    config = write_site(tmp_path)
    (config.parent / "vault.key").unlink()
    with opened(config) as app:
        assert app.digest("weekly").title == "MS Research Digest"

    assert not (tmp_path / "var").exists()


# ---------------------------------------------------------------------------------------------- one round of the bell


def test_a_round_of_the_bell_does_the_whole_work_in_order(tmp_path, caplog) -> None:
    """Friday: collected and published, no issue yet. Monday at seven: collected, composed, frozen, published, sent."""
    caplog.set_level(logging.INFO, logger="msdigest")
    clock = FixedClock(START)
    with DemoWorld(START.date()) as world:
        config = write_site(tmp_path, sources=sources_of(world))
        with opened(config, clock) as app:
            bring(app, subscribers_csv(START.date()))
            engine = app.engine()
            friday = engine.ring_all()
            before = all_issues(app)
            feed = app.settings.public / "feeds" / "all.rss"
            published = feed.is_file()

            clock.instant = MONDAY + timedelta(seconds=5)
            world.vary()
            caplog.clear()
            monday = engine.ring_all()
            (issue,) = all_issues(app)
            account = app.account(issue.id)
            again = engine.ring_all()
            with app.database.reading() as connection:
                rung = connection.execute(select(fires.c.task, fires.c.error).order_by(fires.c.scheduled_for)).all()

    assert (friday, before, published) == (["collect", "publish", "deliver"], [], True)
    assert monday == ["collect", "issue:weekly", "publish", "deliver"]
    assert again == []
    assert engine.errors == {}
    assert {error for _, error in rung} == {None}
    words = [record.getMessage().split()[0] for record in caplog.records if record.name.startswith("msdigest.steps")]
    assert list(dict.fromkeys(words)) == ["collected", "composed", "frozen", "delivered"]
    assert (issue.state, issue.due_at, issue.provider) == ("sent", MONDAY, "file")
    assert (account.pending, account.in_flight, account.unknown, account.rejected) == (0, 0, 0, 0)
    assert account.accepted > 15
    # Mail links to the issue's page: it is there before the first mail is sent.
    assert (tmp_path / "var" / "public" / "issue" / "weekly" / "1" / "index.html").is_file()
    outbox = list((tmp_path / "var" / "outbox" / str(issue.id)).glob("*.eml"))
    assert len(outbox) == account.accepted


def test_a_source_that_fails_is_no_fault_of_the_round(tmp_path) -> None:
    """The issue is made of the others; the failing source is told by its state."""
    clock = FixedClock(START)
    with DemoWorld(START.date()) as world:
        gone = {"id": "gone", "kind": "feed", "url": f"{world.base_url}/nothing/here/"}
        config = write_site(tmp_path, sources=[gone, *sources_of(world)])
        with opened(config, clock) as app:
            bring(app, "email\nada@example.org\n")
            engine = app.engine()
            engine.ring_all()
            clock.instant = MONDAY
            engine.ring_all()
            (issue,) = all_issues(app)
            account = app.account(issue.id)

    assert engine.errors == {}
    assert (issue.state, account.accepted) == ("sent", 1)


def test_a_broken_template_is_told_and_everything_else_goes_on(tmp_path) -> None:
    """No issue is made of it; collecting, publishing and delivering are rung all the same."""
    clock = FixedClock(START)
    with DemoWorld(START.date()) as world:
        config = write_site(tmp_path, sources=sources_of(world))
        own = tmp_path / "templates" / "email" / "digest.html.jinja"
        stock = own.read_text(encoding="utf-8")
        assert "<h1" in stock
        own.write_text(stock.replace("<h1", "{{ nonsense }}<h1"), encoding="utf-8")
        with opened(config, clock) as app:
            engine = app.engine()
            engine.ring_all()
            clock.instant = MONDAY
            rang = engine.ring_all()

            assert all_issues(app) == []

    assert rang == ["collect", "issue:weekly", "publish", "deliver"]
    assert list(engine.errors) == ["issue:weekly"]
    assert f"{own}, line" in engine.errors["issue:weekly"]
    assert "nonsense" in engine.errors["issue:weekly"]


def test_an_issue_that_needs_approval_waits_for_the_editor(tmp_path) -> None:
    """The bell makes the draft and sends nothing; approved, it is sent by the editor and delivered by the bell."""
    clock = FixedClock(START)
    with DemoWorld(START.date()) as world:
        config = write_site(
            tmp_path, sources=sources_of(world), digests=DIGESTS.replace("zone = ", "approval = 1\nzone = ")
        )  # fmt: skip
        with opened(config, clock) as app:
            bring(app, "email\nada@example.org\n")
            engine = app.engine()
            engine.ring_all()
            clock.instant = MONDAY
            engine.ring_all()
            (draft,) = all_issues(app)
            with pytest.raises(RefusedError, match="needs 1 more approval"):
                app.freeze(draft)
            app.freeze(editing.approve(app.database, issue=draft, required=1, name="Ada"))
            clock.advance(HOUR)
            engine.ring_all()

            assert draft.state == "draft"
            assert app.issue(draft.id).state == "sent"
            assert app.account(draft.id).accepted == 1


def test_a_site_that_slept_through_its_time_holds_the_issue(tmp_path) -> None:
    """Two days late: composed, held, not sent; sent when the editor says so."""
    clock = FixedClock(START)
    with DemoWorld(START.date()) as world:
        config = write_site(tmp_path, sources=sources_of(world))
        with opened(config, clock) as app:
            bring(app, "email\nada@example.org\n")
            app.engine().ring_all()
            clock.instant = MONDAY + 2 * DAY
            app.engine().ring_all()
            (held,) = all_issues(app)
            nothing = app.account(held.id)
            app.freeze(held)
            app.deliver()

            assert (held.state, nothing.candidates) == ("held", 0)
            assert app.issue(held.id).state == "sent"
            assert app.account(held.id).accepted == 1


def test_a_draft_whose_templates_were_broken_since_says_so(tmp_path) -> None:
    """A draft could not be composed anew, which is an error; what was approved is sent as it was looked at."""
    with DemoWorld(START.date()) as world, opened(write_site(tmp_path, sources=sources_of(world)[:1])) as app:
        app.collect()
        issue = app.compose(app.digest("weekly"))
        page = app.settings.templates / "email" / "digest.html.jinja"
        page.write_text(page.read_text(encoding="utf-8") + "{% if %}", encoding="utf-8")
        drafted = app.lint(issue)
        approved = app.lint(editing.approve(app.database, issue=issue, required=0))

    assert [found.id for found in drafted] == ["tpl.refused"]
    assert "digest.html.jinja" in drafted[0].place
    assert "tpl.refused" not in {found.id for found in approved}
