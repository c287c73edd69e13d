"""Mail providers for their contract: each with its loopback service, shipments in its coding, and hostile values.

A new provider of mail over HTTP adds its line to ``ACCOUNTS`` and its service in ``tests/sinks/<name>.py``.
"""

from __future__ import annotations

import copy
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module

from tests.sinks.engine import HANGS, Engine

from msdigest.fetch.client import HttpClient
from msdigest.model.compiled import CompiledIssue, Program, Slot, Variant
from msdigest.model.delivery import Letter, Recipient, Shipment
from msdigest.ports import Failure
from msdigest.render.program import Assembly, Keys

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
# Seconds for a call that hangs, and for any other: a machine may be busy.
SOON, PATIENCE = 0.15, 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One provider of mail over HTTP.

    secrets: names of the options that nobody may read anywhere. proofs: those by which its webhook calls are proven.
    dated: whether a call tells when it was made. covers_body: whether its proof covers every byte. signs_in_headers: or in the body.
    wordless: whether a success says nothing more than its status.
    """

    name: str
    secrets: tuple[str, ...]
    proofs: tuple[str, ...]
    dated: bool
    covers_body: bool
    signs_in_headers: bool = True
    wordless: bool = False

    @property
    def sink(self):
        """Return the module of its service."""
        return import_module(f"tests.sinks.{self.name}")

    def provider(self, send=None, **more):
        """Make the provider; ``more``: options that are others, None = it is left out.

        Without ``send`` there is no network but what its sink gives to prove a webhook call by.
        """
        send = send or getattr(self.sink, "fetched", lambda _: Failure("no", "there is no network here"))
        options = {name: value for name, value in {**self.sink.OPTIONS, **more}.items() if value is not None}
        return import_module(f"msdigest.providers.{self.name}.sending").provider(options, send)

    @contextmanager
    def open(self, plan=lambda _: None, **words):
        """Give (provider, engine), connected by a real client."""
        http = HttpClient(contact="e@example.org", site_url="https://example.org", version="0", **words)
        with Engine(self.sink.service(), plan=plan) as engine, http:

            def send(request):
                number = engine.sent_calls
                if plan(number) not in HANGS:
                    return http.send(request, timeout=PATIENCE)
                reply = http.send(request, timeout=SOON)
                engine.wait_until_played(number + 1)
                return reply

            yield self.provider(send, base_url=engine.base_url), engine
        assert engine.troubles == []


ACCOUNTS = (
    Account(
        name="mailgun", secrets=("api_key", "webhook_key"), proofs=("webhook_key",), dated=True, covers_body=False,
        signs_in_headers=False,
    ),
    Account(
        name="resend", secrets=("api_key", "webhook_secret"), proofs=("webhook_secret",), dated=True, covers_body=True
    ),
    Account(
        name="postmark",
        secrets=("server_token", "webhook_password"),
        proofs=("webhook_user", "webhook_password"),
        dated=False,
        covers_body=False,
    ),
    Account(
        name="brevo", secrets=("api_key", "webhook_token"), proofs=("webhook_token",), dated=False, covers_body=False
    ),
    Account(name="ses", secrets=("access_key", "secret_key"), proofs=("topic",), dated=True, covers_body=True, signs_in_headers=False),
    Account(
        name="sendgrid",
        secrets=("api_key",),
        proofs=("webhook_public_key",),
        dated=True,
        covers_body=True,
        wordless=True,
    ),
)  # fmt: skip

# Bodies that tell nothing.
NONSENSE = (
    b"",
    b"null",
    b"[]",
    b"{}",
    b"<html>502</html>",
    b'"x"',
    b"[" * 100_000,
    b"\xff\xfe",
    b'{"id": 5, "data": 7}',
    b"[null]",
    b"1e999",
)

# What people, or whoever fills in a form for them, call themselves; each as a name and in a greeting.
NAMES = {
    "plain": "Ada",
    "none": "",
    "quotes": 'Ada "Ace" O\'Neil \\',
    "markup": "<b>Ada</b> & <script>alert(1)</script>",
    "braces": "{{name}} {{{x}}} {%if%} {{params.leave}} {greeting}",
    "percent": "%recipient.leave% %s %% 100 %d",
    "substitution": "-greeting- [leave_url] *|NAME|* ${x} :h_greeting <%x%> %unsubscribe_url%",
    "lines": "Ada\r\nBcc: x@example.org\r\n\r\nHello\u2028\u0085\x00\x1f",
    "umlauts": "Zoë Ångström-Öztürk ẞ",
    "emoji": "👩🏽‍🔬 日本語 \U0001f9e0",
    "backwards": "\u202eada\u202c",
    "commas": "Doe, Jane; jane@example.org <jane@example.org>",
    "long": "Ada " * 60,
}
# Legal, however they look: RFC 5322 allows all of it before the at sign.
ADDRESSES = {
    "percent": "a%recipient.leave%b@example.org",
    "braces": "a{{leave}}{b}@example.org",
    "quotes": "o'neil`$!#&*=?^|/~@example.org",
    "plus": "ada+x-y_z@sub.example.org",
    "capitals": "Ada.King@Example.ORG",
}
# What a source wrote, and no provider may fill in or stumble over.
WORDS = (
    'Say "{{leave}}" \\ {{{x}}} {{#if x}}a{{/if}} %recipient.leave% %unsubscribe_url% {{params.leave}} -leave- '
    "[unsubscribe] {{ contact.EMAIL }} {{ unsubscribe }} <%asm_group_unsubscribe_raw_url%> <% body %> {% x %} "
    "{{var:x}} *|UNSUB|* ${x} 100 % é 日本語 🧠"
)


def person(number, *, name="Ada", address=""):
    """Return somebody; their name greets them, too."""
    leave_url = f"https://digest.example.org/leave/token-{number}-secret"
    return Recipient(
        subscriber=f"{number:032x}",
        delivery=f"delivery{number:04}",
        address=address or f"p{number}@example.org",
        name=name,
        leave_url=leave_url,
        values={"greeting": f"Hello {name},", "leave_url": leave_url},
    )


PEOPLE = [person(number) for number in range(1, 6)]
HOSTILE = [
    *(person(number, name=name) for number, name in enumerate(NAMES.values(), 1)),
    *(person(number, address=address) for number, address in enumerate(ADDRESSES.values(), 101)),
]


def letter(coding, *, words="What is new", subject="What is new"):
    """Return a letter of two slots around ``words``, its literals in the ``coding``."""
    greeting, leave = Slot("greeting", "person"), Slot("leave_url", "person", url=True)
    shown = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    html = Program("html", ("<p>", greeting, f'</p>\n<p title="x">{shown}</p><a href="', leave, '">Leave</a>\n'))
    text = Program("text", ("", greeting, f"\n\n{words}\n", leave, "\n"))
    compiled = CompiledIssue(variant=Variant(), subject=subject, html=html, text=text)
    bodies = [Assembly(program, Keys(compiled), coding=coding).parts(0, {}) for program in (html, text)]
    return Letter(
        issue=7,
        sender="MS Digest <digest@mail.example.org>",
        subject=subject,
        list_id="weekly.mail.example.org",
        html=bodies[0],
        text=bodies[1],
        coding=coding,
        date="Fri, 20 Nov 2026 12:00:00 +0000",
        headers={"List-Id": "<weekly.mail.example.org>", "List-Archive": "<https://digest.example.org/>"},
    )


def shipment(provider, *people, attempt="a" * 32, **words):
    """Return a batch for ``provider``: one letter, or two where it takes several."""
    one = letter(provider.caps.coding, **words)
    if provider.caps.substitutes or len(people) < 2:
        return Shipment(attempt=attempt, parts=[(one, list(people))])
    other = letter(provider.caps.coding, words="Something else", subject="Other news")
    return Shipment(attempt=attempt, parts=[(one, list(people[:1])), (other, list(people[1:]))])


def sent(provider, parcel):
    """Hand a shipment over and return its outcomes."""
    return provider.parse(provider.carry(provider.build(parcel)), parcel)


def secrets_of(account):
    """Return what nobody may read anywhere."""
    return [str(account.sink.OPTIONS[name]) for name in account.secrets]


def personal(people):
    """Return what tells who somebody is, or lets others leave for them."""
    return [word for each in people for word in (each.address, each.leave_url, each.leave_url.rpartition("/")[2])]


def mutations(document):
    """Give copies of a JSON document, in each of which one value is something that nobody promised, or gone."""
    for path in _paths(document):
        for instead in (None, [], {}, "x", "", -1, 1e300, True, [[]], [None], {"x": None}, "\x00\ud800", _GONE):
            changed = copy.deepcopy(document)
            if not path:
                if instead is not _GONE:
                    yield instead
                continue
            inside = changed
            for step in path[:-1]:
                inside = inside[step]
            if instead is _GONE:
                del inside[path[-1]]
            else:
                inside[path[-1]] = instead
            yield changed


_GONE = object()


def _paths(document, path=()):
    yield path
    within = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for step, value in within:
        yield from _paths(value, (*path, step))
