"""Faults to plant into an issue, each in one place: what takes an issue and returns it with the fault."""

from __future__ import annotations

from dataclasses import replace

from tests.lint.conftest import SITE

from msdigest.lint.inspected import Inspected
from msdigest.model.entry import Identifier

IMG = f'<img src="{SITE}/a.png" width="600" height="200" alt="A curve">'


def in_html(old: str, new: str):
    """Plant by replacing something in the HTML part of every message, which must be there."""
    return lambda issue: each(issue, lambda one: replace(one, html=_replaced(one.html, old, new)))


def before_foot(new: str, text: str = ""):
    """Plant something before the foot of every HTML part, and in the text part."""
    mark = '<div class="foot"'
    return lambda issue: each(
        issue, lambda one: replace(one, html=_replaced(one.html, mark, new + mark), text=f"{one.text}\n{text}")
    )


def in_text(old: str, new: str):
    """Plant by replacing something in the plain text of every message."""
    return lambda issue: each(issue, lambda one: replace(one, text=_replaced(one.text, old, new)))


def header(name: str, *values: str):
    """Plant other values of a header; none takes it out."""

    def plant(one):
        kept = [told for told in one.headers if told[0] != name]
        return replace(one, headers=(*kept, *((name, value) for value in values)))

    return lambda issue: each(issue, plant)


def in_all(**changes: object):
    """Plant by changing fields of every message."""
    return lambda issue: each(issue, lambda one: replace(one, **changes))


def of_issue(**changes: object):
    """Plant by changing what is known of the issue."""
    return lambda issue: replace(issue, **changes)


def in_css(inline: str = "", head: str = ""):
    """Plant at the end of the stylesheets."""
    return lambda issue: replace(issue, inline_css=issue.inline_css + inline, head_css=issue.head_css + head)


def in_entry(place: int = 0, **changes: object):
    """Plant by changing one of the largest message's entries."""

    def plant(issue: Inspected) -> Inspected:
        entry = issue.entries[issue.specimens[0].entries[place]]
        return replace(issue, entries={**issue.entries, entry.id: replace(entry, **changes)})

    return plant


def each(issue: Inspected, change) -> Inspected:
    return replace(issue, specimens=tuple(change(one) for one in issue.specimens))


def _replaced(text: str, old: str, new: str) -> str:
    assert old in text, old
    return text.replace(old, new)


def shared_token(issue: Inspected) -> Inspected:
    first, second, *rest = issue.specimens
    token = first.leave_url.rpartition("/")[2]
    return replace(issue, specimens=(first, replace(second, text=f"{second.text}\n{token}"), *rest))


def short_token(issue: Inspected) -> Inspected:
    def plant(one):
        leave = f"{SITE}/leave/{'0a9f8e7d' * 3}{one.which[:2].encode().hex()}"
        return replace(
            one,
            leave_url=leave,
            html=one.html.replace(one.leave_url, leave),
            text=one.text.replace(one.leave_url, leave),
            headers=tuple((name, value.replace(one.leave_url, leave)) for name, value in one.headers),
        )

    return each(issue, plant)


def two_alike(issue: Inspected) -> Inspected:
    first, second = (issue.entries[entry] for entry in issue.specimens[0].entries[:2])
    return replace(issue, entries={**issue.entries, second.id: replace(second, url=f"{first.url}&utm_source=feed")})


def one_message_id(issue: Inspected) -> Inspected:
    return header("Message-ID", "<same@mail.charity-news.org>")(issue)


def left(issue: Inspected) -> Inspected:
    return each(
        issue,
        lambda one: replace(
            one,
            html=_replaced(one.html, "/leave/", "/left/"),
            text=f"{one.text}\n{one.leave_url}".replace("/leave/", "/left/") + f"\n{one.leave_url}",
        ),
    )


def of_size(number: int):
    return lambda issue: each(
        issue, lambda one: replace(one, html=one.html + f"<!--{'x' * (number - 7 - len(one.html.encode()))}-->")
    )


def both(issue: Inspected, **changes: object) -> Inspected:
    return in_entry(1, **changes)(in_entry(0, **changes)(issue))


def one_trial(issue: Inspected) -> Inspected:
    return both(issue, same_as=(Identifier("nct", "NCT06441617"),))


def one_paper(issue: Inspected) -> Inspected:
    return both(issue, identifiers=(Identifier("doi", "10.1000/one"),) * 2)
