"""Mails to one person: both parts say the same, nothing that is handed in becomes markup, nothing is told too much."""

from __future__ import annotations

import re
import socket
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from msdigest.errors import NotCompilableError, TemplateError
from msdigest.model.change import ALARMS
from msdigest.model.compiled import Variant
from msdigest.model.subscriber import FREQUENCIES, THEMES
from msdigest.render import letters
from msdigest.render.letters import (
    AUTO_SUBMITTED,
    HAPPENINGS,
    Bulletin,
    Chosen,
    Correction,
    Mail,
    Sender,
    alarm,
    confirmation,
    correction,
    safety,
    welcome,
)
from msdigest.render.specimens import sample_letters
from msdigest.render.template import Templates, stock_templates
from msdigest.words import languages, say

NAMES = ("confirmation", "welcome", "alarm", "correction", "safety")
AT = datetime(2026, 11, 18, 23, 30, tzinfo=UTC)
SENDER = Sender(title="Multiple Sclerosis Digest", postal_address="A charity, 1 Example Street, London")
PERSON = {
    "greeting": "Hello Ada,",
    "reason": "You get this because you asked on 3 May 2026.",
    "leave_url": "https://digest.example.org/leave/aB3-_~.x",
}
CHOSEN = Chosen(
    topics=("MS relapses", "Vitamin D"), frequency="each",
    change_url="https://digest.example.org/choices/a", pause_url="https://digest.example.org/choices/a?pause=1",
)  # fmt: skip
CORRECTION = Correction(
    title="Vitamin D in MS", happening="retraction", at=AT, told_at=datetime(2026, 9, 21, 23, 30, tzinfo=UTC),
    page_url="https://digest.example.org/entry/e/", notice_url="https://journal.example/notice?a=1&b=é",
)  # fmt: skip
BULLETIN = Bulletin(
    jurisdiction="European Union", title="Natalizumab in MS: updated advice", at=AT, precision="month",
    words="Who has been treated for two years is at higher risk.\n\nTell your team.",
    url="https://agency.example/1", page_url="https://digest.example.org/entry/f/",
)  # fmt: skip
ENDLESS = "A <b>\"bold\"</b> & 'MS' <script>alert(1)</script>\r\nBcc: x\x00\u202e " * 3_000
VARIANTS = [
    Variant(language=language, theme=theme, neutral=neutral)
    for language in languages()
    for theme in THEMES
    for neutral in (False, True)
]
every_variant = pytest.mark.parametrize("variant", VARIANTS, ids=[variant.id for variant in VARIANTS])
every_letter = pytest.mark.parametrize("name", NAMES)


class Page(HTMLParser):
    """What a reader sees of a mail, and where its links lead."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.title = self.preheader = self.label = ""
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.links: dict[str, list[str]] = {}
        self._open: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs) -> None:
        own = dict(attrs)
        self.tags.append(tag)
        self.label = own.get("aria-label") or self.label
        if tag not in {"meta", "br"}:
            self._open.append((tag, own.get("class") or ""))
        if tag == "a":
            self.links.setdefault(own["href"], []).append("")

    def handle_endtag(self, tag) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data) -> None:
        tags, classes = {tag for tag, _ in self._open}, {name for _, name in self._open}
        if "title" in tags:
            self.title += data
        elif "preheader" in classes:
            self.preheader += data
        elif data.strip() and "body" in tags:
            self.texts.append(data.strip())
            if "a" in tags:
                list(self.links.values())[-1][-1] += data

    @property
    def words(self) -> list[str]:
        """Every word that is seen."""
        return " ".join(self.texts).split()


def letter(templates: Templates, name: str, variant: Variant | None = None, **changed) -> Mail:
    """Write a letter about MS."""
    about = {"templates": templates, "sender": SENDER, "variant": variant or Variant()}
    if name == "confirmation":
        own = {"digest": "MS Digest", "confirm_url": "https://digest.example.org/confirm/t", "days": 7}
        return confirmation(**about | own | changed)
    if name == "welcome":
        return welcome(**about | {"digest": "MS Digest", "chosen": CHOSEN, "person": PERSON, "next_at": AT} | changed)
    if name == "alarm":
        own = {"what": "MS issue held", "facts": ["A fact"], "advice": ["Look"], "url": "https://digest.example.org/e"}
        return alarm(**about | own | changed)
    if name == "correction":
        return correction(**about | {"correction": CORRECTION, "person": PERSON} | changed)
    return safety(**about | {"bulletin": BULLETIN, "person": PERSON} | changed)


def flat(text: str) -> str:
    """Return the words of a text part on one line, without its addresses, bullets and rule."""
    words = re.sub(r": https?://\S+|^\* |^-{72}$", "", text, flags=re.MULTILINE)
    return " ".join(words.split())


@every_variant
@every_letter
def test_both_parts_say_the_same(templates, name, variant) -> None:
    """The same words in the same order, and the same links."""
    mail = letter(templates, name, variant)
    page = Page(mail.html)

    assert " ".join(page.words) == flat(mail.text)
    assert {link.replace("%C3%A9", "é") for link in page.links} == set(re.findall(r"https?://\S+", mail.text))
    assert page.links


@every_variant
@every_letter
def test_what_every_mail_must_have(templates, name, variant) -> None:
    """Language and direction twice, one h1, ordered headings, named tables, readable sizes, who sends it and why."""
    html = letter(templates, name, variant).html
    page = Page(html)
    spoken = f'lang="{variant.language}" dir="ltr"'
    levels = [int(tag[1]) for tag in page.tags if re.fullmatch(r"h\d", tag)]
    sizes = {float(size) for size in re.findall(r"font-size:([\d.]+)px", html)}

    assert html.startswith(f"<!DOCTYPE html>\n<html {spoken}")
    assert re.search(rf"<body[^>]*>\s*<div [^>]*{spoken}", html)
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert html.count("<table") == html.count('role="presentation"')
    assert not {"script", "iframe", "form", "link", "img", "object"} & set(page.tags)
    assert not re.search(r"url\(|@import|\{\{|\{%|None|Undefined", html)
    assert min(sizes) >= 16
    assert (24.0 if variant.theme == "large" else 18.67) in sizes
    assert ("#fdf6e3" in html) == (variant.theme == "low-glare")
    assert all("text-decoration:underline" in link for link in re.findall(r"<a [^>]*>", html))
    names = [words.strip() for told in page.links.values() for words in set(told)]
    assert all(names)
    assert len(names) == len(set(names))
    assert page.title == page.label == letter(templates, name, variant).subject
    assert page.preheader.strip()
    assert SENDER.postal_address in " ".join(page.words)
    assert len(html.encode()) < 9_000


@every_letter
@pytest.mark.parametrize("language", languages())
def test_nothing_is_seen_on_a_locked_screen(templates, name, language) -> None:
    """Who reads in neutral mode: no word of the disease in what an inbox shows, nor room for the mail's beginning."""
    told = letter(templates, name, Variant(language=language))
    mail = letter(templates, name, Variant(language=language, neutral=True))
    page = Page(mail.html)

    for seen in (mail.subject, page.title, page.label, page.preheader):
        assert not re.search(r"\bMS\b|sclerosis|natalizumab|vitamin", seen, re.IGNORECASE)
    assert len(page.preheader) > 180
    assert mail.subject in {say("neutral_title", language=language), say("confirm_subject", language=language)}
    assert re.search(r"\bMS\b|Sclerosis", " ".join(page.words))
    assert flat(mail.text) == flat(told.text) == " ".join(page.words)
    assert name == "confirmation" or told.subject != mail.subject


@pytest.mark.parametrize("language", languages())
def test_a_confirmation_tells_a_stranger_nothing(templates, language) -> None:
    """Anybody may have typed the address: the subject names nothing, no name is repeated, nobody can leave."""
    mail = letter(templates, "confirmation", Variant(language=language))

    assert mail.subject == say("confirm_subject", language=language)
    assert "MS" not in mail.subject + Page(mail.html).preheader
    assert say("greeting_nobody", language=language) in mail.text
    assert "leave" not in mail.html
    assert say("confirm_days", language=language, count=7) in mail.text
    assert "7" not in flat(letter(templates, "confirmation", Variant(language=language), days=None).text)
    assert AUTO_SUBMITTED == {"Auto-Submitted": "auto-generated"}


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_a_welcome_tells_what_was_chosen(templates, frequency, language) -> None:
    """Topics and frequency in words, and each way to change one's mind."""
    chosen = replace(CHOSEN, frequency=frequency)
    text = letter(templates, "welcome", Variant(language=language), chosen=chosen, zone="Asia/Tokyo").text
    everything = letter(templates, "welcome", Variant(language=language), chosen=replace(chosen, topics=())).text

    assert say(f"frequency_{frequency}", language=language) in flat(text)
    assert say("chosen_topics", language=language, count=2, topics="MS relapses, Vitamin D") in flat(text)
    assert say("chosen_all", language=language) in flat(everything)
    assert re.search(r"19\.? November 2026", flat(text))
    assert "November" not in letter(templates, "welcome", Variant(language=language), next_at=None).text
    for url in (CHOSEN.change_url, CHOSEN.pause_url, PERSON["leave_url"]):
        assert url in text


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("happening", HAPPENINGS)
def test_a_correction_tells_what_happened_since(templates, happening, language) -> None:
    """When it was sent, what became of it and when, and where to read more."""
    told = replace(CORRECTION, happening=happening)
    mail = letter(templates, "correction", Variant(language=language), correction=told, zone="Asia/Tokyo")

    assert say(happening, language=language) in flat(mail.text)
    assert re.search(r"on 22 September 2026\. Since then:|am 22\. September 2026 berichtet\.", flat(mail.text))
    assert re.search(r"(?:of|vom) 18\.? November 2026", flat(mail.text))
    assert mail.subject == say("correction_subject", language=language, title="Vitamin D in MS")
    assert {told.notice_url, told.page_url} < set(re.findall(r"https?://\S+", mail.text))


def test_what_can_happen_is_what_alarms() -> None:
    """A kind of change that readers must learn has its words here."""
    assert set(HAPPENINGS) == ALARMS


@pytest.mark.parametrize("language", languages())
def test_a_bulletin_is_told_in_the_words_of_its_source(templates, language) -> None:
    """Jurisdiction, date as exactly as it is known, title and words as they are, and the fixed sentence."""
    official = "Direct healthcare professional communication (DHPC): natalizumab – " + "updated advice " * 40 + "end"
    mail = letter(templates, "safety", Variant(language=language), bulletin=replace(BULLETIN, title=official))
    text = flat(mail.text)

    assert official in text
    assert "European Union · November 2026" in text
    assert "Who has been treated for two years is at higher risk. Tell your team." in text
    assert say("do_not_stop", language=language) in text
    assert text.index(say("do_not_stop", language=language)) < text.index("Who has been treated")
    assert BULLETIN.url in mail.text


@every_letter
@every_variant
def test_nothing_that_is_handed_in_is_markup(templates, name, variant) -> None:
    """Markup, line breaks and control characters are text, and a hundred thousand of them are a few lines."""
    mail = hostile(templates, name, variant)
    page = Page(mail.html)

    assert not {"b", "script"} & set(page.tags)
    assert "\r" not in mail.html + mail.text + mail.subject
    assert "\x00" not in mail.html + mail.text + mail.subject
    assert "\n" not in mail.subject
    assert len(mail.subject) <= 120
    assert len(page.preheader.replace("\u200c", "").replace("\u00a0", "").strip()) <= 110
    assert " ".join(page.words) == flat(mail.text)
    assert max(len(line) for line in mail.text.splitlines() if "://" not in line) <= 78
    assert "\n\n\n" not in mail.text
    assert len(mail.html.encode()) < 40_000


@every_letter
@pytest.mark.parametrize("sign", ["x", "&", "é", "🙂"])
def test_no_letter_is_cut_short_by_an_inbox(templates, name, sign) -> None:
    """Whatever it is written in, it stays far below what Gmail shows."""
    assert len(hostile(templates, name, Variant(), sign * 100_000).html.encode()) < 70_000


def hostile(templates, name: str, variant: Variant, endless: str = ENDLESS) -> Mail:
    """Write a letter of which everything is hostile that comes from elsewhere."""
    sender = Sender(title=endless, postal_address="1 Example Street")
    person = PERSON | {"greeting": endless}
    evil = {"title": endless, "language": '"><script>', "page_url": "https://digest.example.org/entry/e/"}
    changed = {
        "confirmation": {"digest": endless},
        "welcome": {"digest": endless, "person": person, "chosen": replace(CHOSEN, topics=(endless,) * 90)},
        "alarm": {"what": endless, "facts": (endless,) * 90, "advice": (endless,) * 90},
        "correction": {"person": person, "correction": replace(CORRECTION, **evil, notice_url="javascript:alert(1)")},
        "safety": {
            "person": person,
            "bulletin": replace(BULLETIN, **evil, jurisdiction=endless, words=f"{endless}\n\n" * 50, url=endless),
        },
    }
    return letter(templates, name, variant, sender=sender, **changed[name])


def test_what_cannot_be_followed_is_no_link(templates) -> None:
    """A source's address that is none, or longer than programs open, is left out; our page is there."""
    for url in ("javascript:alert(1)", "", "https://x.example/" + "a" * 2_000, "https://x.example/" + "é" * 400):
        mail = letter(templates, "correction", correction=replace(CORRECTION, notice_url=url))

        assert set(Page(mail.html).links) == {CORRECTION.page_url, PERSON["leave_url"]}
        assert say("read_notice") not in mail.text


@pytest.mark.parametrize("url", ["javascript:alert(1)//token", "token", "", "https://digest.example.org/a token"])
def test_a_link_of_ours_that_is_none(templates, url) -> None:
    """Is an error here, and no mail; the error does not tell the token."""
    with pytest.raises(ValueError, match="a link of ours is no web address") as refused:
        letter(templates, "confirmation", confirm_url=url)

    assert "token" not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    ["ada@example.org", "<ada.b+c@example.org>,", "to=ada@example.org:", "mailto:ada@x", '"ada"@example.org', "ä@é.de"],
)
@pytest.mark.parametrize("part", ["what", "facts", "advice"])
def test_an_alarm_tells_nobodys_address(templates, address, part) -> None:
    """Wherever it stands: an editor's inbox is no place for it."""
    told = f"{'word ' * 15}{address} bounced"
    mail = letter(templates, "alarm", **{part: told if part == "what" else [told]})

    for seen in (mail.subject, mail.html, mail.text):
        assert address.strip("<>,:") not in seen
        assert "ada" not in seen
    assert "(an address) bounced" in flat(mail.text)


def test_an_alarm_is_a_few_lines(templates) -> None:
    """What is left out is counted; without facts or advice their headings are missing too."""
    mail = letter(templates, "alarm", facts=[f"fact {number}" for number in range(40)])
    bare = letter(templates, "alarm", facts=[], advice=[], url="")

    assert "fact 29" in mail.text
    assert "fact 30" not in mail.text
    assert say("alarm_more", count=10) in mail.text
    assert say("alarm_facts") not in bare.text
    assert say("alarm_advice") not in bare.text
    assert say("not_medical") not in bare.text
    assert "leave" not in bare.html


@pytest.mark.parametrize(("language", "told"), [("he", ' lang="he"'), ("en-US", ""), ("", ""), ('"><b>', "")])
def test_a_title_in_another_language_says_so(templates, language, told) -> None:
    """For whoever reads it out; what is no language is not told."""
    for name, about in (("correction", CORRECTION), ("safety", BULLETIN)):
        key = "correction" if name == "correction" else "bulletin"
        html = letter(templates, name, **{key: replace(about, language=language)}).html

        assert re.findall(r'<h2 [^>]*dir="auto"( lang="[^"]*")?', html) == [told]


def test_a_letter_asks_no_network(templates, monkeypatch) -> None:
    """Rendering opens no socket."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)

    assert letter(templates, "safety").html


def test_an_unknown_theme_is_refused(templates) -> None:
    """A theme that nobody drew is an error with a name, not a fallback."""
    with pytest.raises(TemplateError, match="no theme 'neon'"):
        letter(templates, "welcome", Variant(theme="neon"))


@every_letter
@pytest.mark.parametrize("part", ["html", "txt"])
def test_a_broken_letter_is_told_by_file_and_line(mutated, name, part) -> None:
    """The letters of nobody show each template at work."""
    own = mutated(f"{name}.{part}.jinja", "{% block content %}", "{% block content %}\n{{ nobody }}")

    with pytest.raises(TemplateError, match="nobody") as refused:
        sample_letters(own, variant=Variant(), sender=SENDER)

    assert refused.value.file.endswith(f"email/{name}.{part}.jinja")
    assert (
        refused.value.line
        == (own.folders[0] / "email" / f"{name}.{part}.jinja").read_text().split("{{ nobody")[0].count("\n") + 1
    )


def test_a_letter_with_styles_of_its_own_is_refused(mutated) -> None:
    """With the name of its template."""
    own = mutated("safety.html.jinja", "<tr>", "<style>p{}</style><tr>")

    with pytest.raises(NotCompilableError, match="<style> is not allowed") as refused:
        letter(own, "safety")

    assert refused.value.file.endswith("email/safety.html.jinja")


def test_a_site_changes_what_all_mails_have_in_common(mutated) -> None:
    """One template, and every letter has it."""
    own = mutated("layout.html.jinja", '<div class="foot">', '<div class="foot">\n<p class="small">Ours</p>')

    assert all(">Ours</p>" in mail.html for mail in sample_letters(own, variant=Variant(), sender=SENDER).values())


@every_variant
def test_each_letter_has_its_specimen(templates, variant) -> None:
    """All of them, with sample values in the language of the variant."""
    samples = sample_letters(templates, variant=variant, sender=SENDER, digest="MS Digest")
    makers = {
        path.name.partition(".")[0]
        for path in (stock_templates() / "email").glob("*.html.jinja")
        if callable(getattr(letters, path.name.partition(".")[0], None))
    }

    assert tuple(samples) == NAMES
    assert set(samples) == makers
    for mail in samples.values():
        assert " ".join(Page(mail.html).words) == flat(mail.text)
