"""The ways to make mails that ``digest.py`` measures: the issue and its people, ours, and everybody else's."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from functools import cache
from itertools import compress
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING

import css_inline
from premailer import Premailer
from tests.rendering import NAMES, START, random_issue

from msdigest.model.compiled import Choice, CompiledIssue, Variant
from msdigest.model.delivery import Recipient, Shipment
from msdigest.model.issue import Issue
from msdigest.model.subscriber import Consent
from msdigest.providers.mailgun.sending import MailgunProvider
from msdigest.render import inline
from msdigest.render.email import HTML, TEXT, compile_issue, reference
from msdigest.render.frame import frame, stylesheets
from msdigest.render.program import Assembly, Keys, fill, filled
from msdigest.render.template import Templates, stock_templates
from msdigest.render.values import person_values, selection_values
from msdigest.steps.delivering.press import Post, Press

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from msdigest.render.issue import IssueView

ENTRIES = 60
STANDARD = Variant()
FIRST = ("Ada", "Grace", "Zoë", "Mary", "Emmy Noether")
# Surnames are numbers in letters.
LETTERS = str.maketrans("0123456789", "ghijklmnop")
ZONES = ("UTC", "Europe/London", "America/New_York", "Pacific/Auckland", "Asia/Kathmandu", "Europe/Berlin")
POST = Post(sender="MS Digest <digest@mail.example.org>", site_url="https://digest.example.org")
ISSUE = Issue(
    id=7, digest="weekly", number=42, state="sending", cut_off=START, subject="", sections=(), hash="", due_at=START,
    not_later_than=START + timedelta(days=1),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """One subscriber, as the store knows them, and what they get."""

    number: int
    name: str
    zone: str
    consent: Consent
    leave_url: str
    choice: Choice


def people(ids: tuple[str, ...], seed: int = 1) -> Iterator[Person]:
    """Draw people without end: each gets a quarter of the entries ``ids``; one name in a hundred is hostile."""
    dice = Random(seed)  # noqa: S311 - the same people each time; no secret
    for number in range(1_000_000_000):
        bits = dice.getrandbits(len(ids)) & dice.getrandbits(len(ids)) or 1
        yield Person(
            number=number,
            name=NAMES[number // 100 % len(NAMES)]
            if number % 100 == 0
            else f"{FIRST[number % len(FIRST)]} {number:x}".translate(LETTERS),
            zone=ZONES[number % len(ZONES)],
            consent=Consent(at=START - timedelta(minutes=number * 37 % 900_000)),
            leave_url=f"{POST.site_url}/leave/1.{dice.getrandbits(480):0120x}",
            # The first digit is the last of the bits: no matter here.
            choice=Choice(tuple(compress(ids, map(int, f"{bits:0{len(ids)}b}"))), more=number % 3),
        )


def some_people(ids: tuple[str, ...], count: int) -> list[Person]:
    """Draw ``count`` people, and see that each has a choice of their own."""
    drawn = [person for person, _ in zip(people(ids), range(count), strict=False)]
    if len({person.choice.entries for person in drawn}) < 0.999 * count:
        raise SystemExit("the choices are not unique")
    return drawn


@cache
def templates() -> Templates:
    """The stock templates."""
    return Templates([stock_templates()])


@cache
def issue_of(count: int = ENTRIES, variant: Variant = STANDARD) -> tuple[IssueView, CompiledIssue]:
    """Make the issue of ``count`` entries that this variant has, always the same."""
    view = random_issue(Random(count), count, variant)  # noqa: S311 - as above
    return view, compile_issue(templates(), view, variant)


def values_of(person: Person, compiled: CompiledIssue) -> dict[str, str]:
    """Return the values of somebody's slots."""
    return person_values(
        name=person.name,
        consent=person.consent,
        leave_url=person.leave_url,
        language=compiled.variant.language,
        zone=person.zone,
        meetings=compiled.meetings,
    )


class Rivals:
    """The ways that render a template for every person."""

    def __init__(self, view: IssueView, compiled: CompiledIssue) -> None:
        """Take an issue; whatever can be made ready once is."""
        self._view, self._compiled = view, compiled
        self._inline_css, head_css = stylesheets(templates(), compiled.variant)
        self._frame = frame(compiled.variant)
        self._head = {
            name: f'<style data-{name}="ignore">{head_css}</style>\n</head>' for name in ("premailer", "css-inline")
        }
        self._css_inline = css_inline.CSSInliner(
            extra_css=self._inline_css, load_remote_stylesheets=False, keep_style_tags=True
        )

    def reference(self, some: list[Person]) -> int:
        """Render as ``email.reference`` does, which also checks the stylesheets each time."""
        size = 0
        for person in some:
            selection = selection_values(self._compiled, person.choice)
            html, text = reference(
                templates(),
                self._view.only(person.choice),
                self._compiled.variant,
                selection=selection,
                person=values_of(person, self._compiled),
            )
            size += len(html.encode()) + len(text.encode())
        return size

    def premailer(self, some: list[Person]) -> int:
        """Render and inline with our options, without any check."""
        return self._each(some, "premailer", lambda html: inline._premailer(html, self._inline_css).transform())  # noqa: SLF001 - our options, and nothing around them

    def premailer_as_it_comes(self, some: list[Person]) -> int:
        """Render and inline with premailer's own options but for the network."""
        return self._each(
            some,
            "premailer",
            lambda html: Premailer(html, css_text=[self._inline_css], allow_network=False).transform(),
        )

    def css_inline(self, some: list[Person]) -> int:
        """Render, and inline with css-inline."""
        return self._each(some, "css-inline", self._css_inline.inline)

    def jinja(self, some: list[Person]) -> int:
        """Render and inline nothing, as if somebody kept inlined templates."""
        return self._each(some, "premailer", lambda html: html)

    def _each(self, some: list[Person], head: str, inlined: Callable[[str], str]) -> int:
        size = 0
        for person in some:
            values = selection_values(self._compiled, person.choice), values_of(person, self._compiled)
            selection, own = (
                SimpleNamespace(**{k: fill(k, v, html=False) for k, v in each.items()}) for each in values
            )
            # The template asks for a meeting's clock by its name.
            context = self._frame | {"issue": self._view.only(person.choice), "person": own, "selection": selection}
            html = inlined(templates().render(HTML, **context).replace("</head>", self._head[head], 1))
            text = templates().render(TEXT, **context)
            size += len(html.encode()) + len(text.encode())
        return size


class Compiled:
    """Our way: nothing is kept from one person to the next but what all have in common."""

    def __init__(self, compiled: CompiledIssue, coding: str) -> None:
        """Make assemblies of an issue."""
        self.compiled, self.coding = compiled, coding
        self._keys = Keys(compiled)
        self._html = Assembly(compiled.html, self._keys, coding=coding)
        self._text = Assembly(compiled.text, self._keys, coding=coding)

    def pieces(self, person: Person) -> tuple[list[bytes], list[bytes]]:
        """Make HTML and text for somebody: a choice's letter, filled for the one who gets it; not joined yet."""
        mask, selection = self._keys.mask(person.choice), selection_values(self.compiled, person.choice)
        own = values_of(person, self.compiled)
        return (
            filled(self._html.parts(mask, selection), own, form="html", coding=self.coding),
            filled(self._text.parts(mask, selection), own, form="text", coding=self.coding),
        )

    def bodies(self, person: Person) -> tuple[bytes, bytes]:
        """Join them."""
        html, text = self.pieces(person)
        return b"".join(html), b"".join(text)

    def all(self, some: list[Person]) -> int:
        """Make the bodies of ``some``; return their bytes."""
        return sum(len(html) + len(text) for html, text in map(self.bodies, some))


FIELDS = {"List-Id": "<weekly.mail.example.org>", "List-Archive": f"<{POST.site_url}/>"}


class Payloads:
    """JSON bodies for a provider that takes one message after the other, out of parts that are JSON already."""

    def __init__(self, compiled: CompiledIssue) -> None:
        """Write down what all have in common."""
        self._ours = Compiled(compiled, "json")
        shared = json.dumps(
            {"from": POST.sender, "subject": compiled.subject}, ensure_ascii=False, separators=(",", ":")
        )
        fields = json.dumps(FIELDS, separators=(",", ":"))
        self._head = shared[:-1].encode() + b',"to":"'
        self._fields = b'","headers":' + fields[:-1].encode() + b',"List-Unsubscribe":"<'
        self._post = b'>","List-Unsubscribe-Post":"List-Unsubscribe=One-Click"},"html":"'

    def body(self, person: Person) -> bytes:
        """Make somebody's."""
        html, text = self._ours.pieces(person)
        to, leave = b"person%d@example.org" % person.number, person.leave_url.encode()
        return b"".join((self._head, to, self._fields, leave, self._post, *html, b'","text":"', *text, b'"}'))

    def all(self, some: list[Person]) -> int:
        """Make the bodies of ``some``; return their bytes."""
        return sum(map(len, map(self.body, some)))


def dumped(compiled: CompiledIssue, person: Person, bodies: tuple[bytes, bytes]) -> bytes:
    """Make somebody's JSON body with the standard library."""
    leave = {"List-Unsubscribe": f"<{person.leave_url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    document = {
        "from": POST.sender,
        "subject": compiled.subject,
        "to": f"person{person.number}@example.org",
        "headers": FIELDS | leave,
        "html": bodies[0].decode(),
        "text": bodies[1].decode(),
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def recipient_of(person: Person, compiled: CompiledIssue) -> Recipient:
    """Return somebody as a provider needs them."""
    return Recipient(
        subscriber=f"{person.number:032x}",
        delivery=f"{person.number:032x}",
        address=f"person{person.number}@example.org",
        name=person.name,
        leave_url=person.leave_url,
        values=values_of(person, compiled),
    )


def library_mail(compiled: CompiledIssue, person: Person, bodies: tuple[bytes, bytes]) -> bytes:
    """Make somebody's message with the standard library."""
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"], mail["Subject"], mail["To"] = POST.sender, compiled.subject, f"person{person.number}@example.org"
    mail["List-Unsubscribe"] = f"<{person.leave_url}>"
    html, text = bodies
    mail.set_content(text.decode(), cte="quoted-printable")
    mail.add_alternative(html.decode(), subtype="html", cte="quoted-printable")
    return mail.as_bytes()


def mailgun(compiled: CompiledIssue) -> Callable[[list[Person]], int]:
    """Return what builds calls for 1,000 people each who have one choice in common."""
    provider = MailgunProvider({"domain": "mail.example.org", "api_key": "none"}, _unsent)
    press = Press(ISSUE, compiled, coding="plain")

    def build(some: list[Person]) -> int:
        size = 0
        for first in range(0, len(some), 1000):
            batch = [recipient_of(person, compiled) for person in some[first : first + 1000]]
            letter = press.letter(some[first].choice, POST)
            size += len(provider.build(Shipment(attempt=str(first), parts=[(letter, batch)])).body)
        return size

    return build


def _unsent(_: object) -> None:
    raise SystemExit("nothing is sent here")
