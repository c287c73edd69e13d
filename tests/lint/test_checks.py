"""What the checks make of an issue as a whole: where, how often, for whom, and on request."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace

from tests.lint.conftest import SITE, VARIANTS, issue_of
from tests.lint.planting import (
    IMG,
    before_foot,
    each,
    in_all,
    in_html,
)

from msdigest.errors import NotCompilableError
from msdigest.lint.asking import broken_links, heavy_images
from msdigest.lint.checks import lint
from msdigest.lint.finding import LEVELS
from msdigest.lint.leftovers import refused
from msdigest.model.compiled import Variant


def test_a_neutral_mail_that_tells_is_an_error() -> None:
    """As a word of its own; an acronym in capitals, for Ms Smith is no disease."""
    neutral = issue_of(Variant(neutral=True))
    cases = {"MS news": 1, "Programmes": 0, "Multiple Sclerosis": 1, "From Ms Smith": 0}

    for subject, number in cases.items():
        found = {finding.id for finding in lint(each(neutral, lambda one, told=subject: replace(one, subject=told)))}
        assert ("neutral.header" in found) == bool(number), subject
    assert "neutral.header" not in {finding.id for finding in lint(in_all(subject="MS news")(issue_of(Variant())))}


def test_links_are_asked_on_request_alone(clean) -> None:
    """Each address is asked once, never one with a token; what is gone or silent is told."""
    asked = []

    def ask(address: str) -> int | None:
        asked.append(address)
        return {"0": 404, "1": None, "2": 403, "3": 503}.get(
            address.split("/")[3][:1] if "blog" in address else "", 200
        )

    found = broken_links(clean, ask)

    assert len(asked) == len(set(asked)) > 12
    assert not any("/leave/" in address for address in asked)
    assert {finding.id for finding in found} == {"link.broken"}
    assert sorted({finding.message for finding in found}) == [
        "a link answers 404", "a link answers 503", "a link's server does not answer",
    ]  # fmt: skip
    assert all(finding.entry in clean.entries for finding in found)


def test_images_are_weighed_on_request(clean) -> None:
    """A heavy image is told by whoever can weigh it; one within the HTML is weighed as it is."""
    planted = before_foot(IMG)(clean)
    built_in = before_foot(IMG.replace(f"{SITE}/a.png", f"data:image/png;base64,{b64encode(bytes(201_000)).decode()}"))

    assert [finding.id for finding in heavy_images(planted, lambda _: 200_001)] == ["img.weight"]
    assert heavy_images(planted, lambda _: None) == ()
    assert {"img.weight", "img.type"} <= {finding.id for finding in lint(built_in(clean))}


def test_a_refused_template_is_a_finding() -> None:
    """What the compiler refuses can be shown among the rest, with its file and line."""
    finding = refused(NotCompilableError("email/digest.html.jinja", 7, "person.name stands in a comment"))

    assert (finding.id, finding.level, finding.place) == ("tpl.refused", "error", "email/digest.html.jinja, line 7")


def test_a_home_site_may_link_home(clean) -> None:
    """Where the site itself is only known at home, plain and local addresses are no fault."""
    home = "http://127.0.0.1:8025"
    planted = each(
        clean,
        lambda one: replace(
            one,
            leave_url=one.leave_url.replace(SITE, home),
            html=one.html.replace(SITE, home),
            text=one.text.replace(SITE, home),
            headers=tuple((name, value.replace(SITE, home)) for name, value in one.headers),
        ),
    )
    bad = {finding.id for finding in lint(replace(planted, site_url=SITE)) if finding.level == "error"}

    assert [finding for finding in lint(replace(planted, site_url=home)) if finding.level != "info"] == []
    assert bad == {"link.scheme", "link.localhost", "hdr.list-unsubscribe"}


def test_a_source_without_encryption_is_only_said(clean) -> None:
    """An entry's own http address stops no issue; nobody can give its source a certificate."""
    entry = clean.entries[clean.specimens[0].entries[0]]
    plain = entry.url.replace("https:", "http:")
    shown = plain.replace("&", "&amp;").replace("é", "%C3%A9")
    told = replace(clean, entries={**clean.entries, entry.id: replace(entry, url=plain)})
    planted = each(
        told,
        lambda one: replace(
            one,
            html=one.html.replace(shown.replace("http:", "https:"), shown),
            text=one.text.replace(entry.url, plain),
        ),
    )

    assert [(finding.id, finding.level) for finding in lint(planted) if finding.level != "info"] == [
        ("link.scheme", "warning")
    ]


def test_an_entrys_own_words_are_no_placeholder(clean) -> None:
    """A post may be about templates: its title holds their marks, and nobody stops the issue."""
    titles = " ".join(entry.title for entry in clean.entries.values())

    assert "{{ person }}" in titles
    assert "%recipient" in titles
    assert "tpl.placeholder" not in {finding.id for finding in lint(clean)}


def test_findings_say_where_and_what_to_do(clean) -> None:
    """Each finding has a place, a sentence and a way out; one in an entry has its id, and no token is shown."""
    planted = in_html("</h3>", '</h3><img src="http://x.charity-news.org/a.png">')(clean)
    leaked = before_foot(f"<p>{{{{ x }}}} {clean.specimens[0].leave_url}</p>")(clean)

    for finding in (*lint(planted), *lint(leaked)):
        assert finding.place
        assert finding.message
        assert finding.way_out.endswith(".")
        assert finding.level in LEVELS
        assert len(finding.excerpt) <= 80
        assert "AQ3x-Zk_9" not in finding.excerpt + finding.message + finding.place
    found = [finding for finding in lint(planted) if finding.id == "img.http"]
    told = [finding for finding in found if finding.entry == clean.specimens[0].entries[0]]
    assert told[0].place.startswith("entry “A larger dose was no better (0)”, HTML part of the largest")
    assert {finding.entry for finding in found} == {"", *clean.entries}


def test_what_several_variants_share_is_said_once() -> None:
    """A fault of the template stands in the list once and belongs to no variant; one of a theme names it."""
    both = issue_of(VARIANTS[0], VARIANTS[1])
    shared = [finding for finding in lint(before_foot("<p>None</p>")(both)) if finding.id == "tpl.placeholder"]
    large = replace(both, specimens=(*both.specimens[:3], *before_foot("<p>None</p>")(issue_of(VARIANTS[1])).specimens))
    one = [finding for finding in lint(large) if finding.id == "tpl.placeholder"]

    assert [finding.variant for finding in shared] == [""]
    assert [finding.variant for finding in one] == ["en.large"]


def test_the_worst_comes_first_and_not_too_much_of_it(clean) -> None:
    """Levels are in order, and a fault that stands there a hundred times is counted."""
    found = lint(before_foot("".join(f'<a href="x/{number}">Link {number}</a>' for number in range(100)))(clean))
    levels = [LEVELS.index(finding.level) for finding in found]
    relative = [finding for finding in found if finding.id == "link.relative"]

    assert levels == sorted(levels)
    assert len(relative) == 25
    assert relative[-1].message.endswith("; and 75 more of this kind")


def test_clients_decide_what_is_unknown(clean) -> None:
    """Whoever writes to Apple's readers alone may use what others do not know."""
    grid = before_foot('<div style="display:flex">x</div>')(clean)

    assert "warning" in {finding.level for finding in lint(grid)}
    assert not any("display:flex" in finding.message for finding in lint(grid, clients=("apple-mail",)))
