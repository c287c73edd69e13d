"""What is saved is shown: a draft as it would be composed now, a fault with its file and line, and the way to compose anew."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from tests.web.asking import asker
from tests.web.editing import HERE, fields, page_of, press, send, words
from tests.web.scene import DIGESTS, SETTINGS

from msdigest.render.template import stock_templates
from msdigest.web.editor import editor_app

MAIL = "email/digest.html.jinja"
COMPOSED_OTHERWISE = "This draft was composed with other templates or another configuration"


@pytest.fixture
def template(app, issue) -> Path:
    """Lay the mail's template into the site's own folder, as it is in stock; the draft was composed before."""
    place = app.settings.templates / MAIL
    place.parent.mkdir(parents=True)
    shutil.copyfile(stock_templates() / MAIL, place)
    return place


@pytest.fixture
def config(app) -> Path:
    """Return the folder of the configuration."""
    return app.settings.config_dir


def _save(place: Path, old: str, new: str) -> None:
    text = place.read_text(encoding="utf-8")
    assert old in text
    place.write_text(text.replace(old, new), encoding="utf-8")


def _notice(page) -> str:
    return words(page.get_element_by_id("notices"))


def test_a_copy_of_a_template_is_no_change(template, ask_editor) -> None:
    """What reads the same is the same, whenever it was saved."""
    assert COMPOSED_OTHERWISE not in _notice(page_of(ask_editor("GET", "/issue/1")))


def test_a_saved_template_is_shown_and_composed_on_demand(app, issue, template, ask_editor) -> None:
    """The frame has it at once; the draft has it when somebody presses the button; then there is nothing left to say."""
    before = ask_editor("GET", "/issue/1/html").text
    _save(template, '<h1 class="title">', '<h1 class="title">Brand new ')
    page = page_of(ask_editor("GET", "/issue/1"))

    assert "Brand new Fen Weekly" not in before
    assert "Brand new Fen Weekly" in ask_editor("GET", "/issue/1/html").text
    assert COMPOSED_OTHERWISE in _notice(page)
    assert app.issue(1) == issue, "looking changes nothing"
    reply = press(ask_editor, "compose", at="/issue/1?width=375")
    assert reply.headers["Location"] == "/issue/1?width=375&done=compose#message"
    assert app.issue(1).hash != issue.hash
    assert COMPOSED_OTHERWISE not in _notice(page_of(ask_editor("GET", "/issue/1")))


def test_every_choice_is_made_of_what_is_saved(issue, template, ask_editor, who) -> None:
    """A subscriber's message, selections and topics too."""
    _save(template, '<h1 class="title">', '<h1 class="title">Brand new ')

    for asked in (f"who={who['ada']}", "who=largest", "who=median&variant=en.large", "who=topics&topics=fatigue"):
        assert "Brand new Fen Weekly" in ask_editor("GET", f"/issue/1/html?{asked}").text


def test_what_is_not_composed_yet_is_not_approved(app, issue, template, ask_editor) -> None:
    """It is composed with what was saved, and has to be looked at again; then the same button approves it."""
    told = fields(page_of(ask_editor("GET", "/issue/1")), "approve")
    _save(template, '<h1 class="title">', '<h1 class="title">Brand new ')
    reply = send(ask_editor, told)

    assert reply.status_code == 409
    assert "look at it again, then approve it" in words(page_of(reply).find(".//*[@role='alert']"))
    assert app.issue(1).state == "draft"
    assert app.issue(1).hash != issue.hash
    assert send(ask_editor, fields(page_of(reply), "approve")).status_code == 303
    assert app.issue(1).state == "approved"


def test_what_is_approved_stays_as_it_was_looked_at(app, issue, template, ask_editor) -> None:
    """Whatever is saved afterwards: it is shown as it will be sent."""
    press(ask_editor, "approve")
    before = ask_editor("GET", "/issue/1/html").text
    _save(template, '<h1 class="title">', '<h1 class="title">Brand new ')

    assert ask_editor("GET", "/issue/1/html").text == before
    assert COMPOSED_OTHERWISE not in _notice(page_of(ask_editor("GET", "/issue/1")))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("{{ issue.digest }}", "{{ issue.digset }}", "'digset'"),
        ("{{ person.greeting }}", "{{ person.greeting|upper }}", "nothing else with it"),
        ("{% block content %}", "{% block content %}{% if %}", "Expected an expression"),
    ],
)
def test_a_fault_of_a_template_is_shown_in_place_of_the_frame(app, template, ask_editor, old, new, sentence) -> None:
    """With file and line; the outline, the checks and everything else stay, and a mended template brings it back."""
    good = template.read_text(encoding="utf-8")
    _save(template, old, new)
    line = next(number for number, text in enumerate(good.splitlines(), 1) if old in text)
    reply = ask_editor("GET", "/issue/1")
    page = page_of(reply)

    assert reply.status_code == 200
    assert f"{template}, line {line}:" in words(page.find(".//div[@class='overlay']"))
    assert sentence in words(page.find(".//div[@class='overlay']"))
    assert len(page.xpath("//li[starts-with(@id, 'entry-')]")) == 5
    assert not page.xpath("//iframe")
    assert ask_editor("GET", "/issue/1/html").status_code == 500
    assert press(ask_editor, "approve").status_code == 409
    template.write_text(good, encoding="utf-8")
    assert page_of(ask_editor("GET", "/issue/1")).xpath("//iframe")


def test_the_configuration_is_read_again(app, issue, config, ask_editor) -> None:
    """Names, sections and the title are those that were saved; database and vault stay open as they are."""
    database, vault = app.database, app.vault
    (config / "digests.toml").write_text(DIGESTS.replace("Fen Weekly", "Fen News").replace('"Papers"', '"Reading"'))
    (config / "msdigest.toml").write_text(SETTINGS.replace('title = "Fen Digest"', 'title = "Other Fen"'))
    page = page_of(ask_editor("GET", "/issue/1"))

    assert words(page.find(".//p[@class='name']")) == "Other Fen"
    assert "Reading" in [words(one.find("bdi")) for one in page.xpath("//section[h2='Outline']//h3")]
    assert "Fen News" in ask_editor("GET", "/issue/1/html").text
    assert COMPOSED_OTHERWISE in _notice(page)
    assert (app.database, app.vault) == (database, vault)


def test_faults_of_the_configuration_are_told(app, issue, config, ask_editor) -> None:
    """All of them, with file and key; the page goes by the last one without, and by the next one without."""
    (config / "digests.toml").write_text(DIGESTS.replace("weekly mon 07:00", "often").replace("zone", "zoen"))
    page = page_of(ask_editor("GET", "/issue/1"))

    assert "config/digests.toml: digest[weekly].cadence" in _notice(page)
    assert "config/digests.toml: digest[weekly].zoen" in _notice(page)
    assert len(page.xpath("//iframe")) == 1
    (config / "digests.toml").write_text(DIGESTS)
    assert "fault" not in _notice(page_of(ask_editor("GET", "/issue/1")))


def test_an_open_page_is_told_what_was_saved(app, template) -> None:
    """A question that waits is answered as soon as something is saved, and without content if nothing is."""
    import httpx

    application = editor_app(app)

    async def waits() -> tuple[int, httpx.Response]:
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
            stamp = (await client.get("/changed?since=")).json()["stamp"]
            quiet = await client.get(f"/changed?since={stamp}")
            asked = asyncio.create_task(client.get(f"/changed?since={stamp}"))
            await asyncio.to_thread(_save, template, "<h1", "<h1 ")
            return quiet.status_code, await asked

    quiet, told = asyncio.run(waits())

    assert quiet == 204
    assert told.status_code == 200
    page = page_of(asker(application, HERE)("GET", "/issue/1"))
    assert page.find(".//main").get("data-stamp") == told.json()["stamp"]
