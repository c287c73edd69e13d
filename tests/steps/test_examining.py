"""The whole look at a live set-up: in order, with what one check tells another, and without any hiding another."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

import pytest
from tests.sinks.mailgun import OPTIONS, service
from tests.sinks.service import Call
from tests.site import START, opened, write_site
from tests.steps.mails import COVERED, received
from tests.steps.test_examining_names import LARGE, STRONG

from msdigest.errors import ProviderError, StoreError, VaultError
from msdigest.fetch.fake import FakeHttp
from msdigest.fetch.fakenames import FakeNames
from msdigest.ports import Failure, Reply
from msdigest.providers.mailgun.sending import MailgunProvider
from msdigest.sandbox.fake import InProcess
from msdigest.steps.examining.examining import examine
from msdigest.steps.examining.senders import domain_of
from msdigest.steps.examining.site import Site

URL = "https://digest.example.org"
DNS = {
    "mail.example.org": {"TXT": ["v=spf1 include:post.example ~all"], "MX": ["mx.example.org"]},
    "digest.example.org": {"MX": ["mx.example.org"]},
    "mx.example.org": {"A": ["192.0.2.1"]},
    "post.example": {"TXT": ["v=spf1 ip4:192.0.2.0/24 -all"]},
    "_dmarc.example.org": {"TXT": [STRONG]},
    **{f"{name}._domainkey.mail.example.org": {"TXT": [f"p={LARGE}"]} for name in ("pdk1", "pdk2", "k1")},
}
ORDER = [
    "database", "key", "disk", "credentials", "domain", "dns", "tracking", "webhook", "clock", "site", "webhook",
    "message", "message", "message", "SPF", "DMARC", "DKIM", "DKIM", "DKIM", "alignment", "alignment", "answers", "answers",
]  # fmt: skip


def mailgun(account=None, *, late=timedelta(0)):
    """Return Mailgun with an account of its own, whose clock is ``late`` after ours."""
    known = service()
    known.account |= account or {}

    def send(request):
        base, _, path = request.url.partition("mailgun.net")
        call = Call(method=request.method, path=path, headers={k.lower(): v for k, v in request.headers.items()})
        answer = known.answer(call)
        date = format_datetime(START + late, usegmt=True)
        return Reply(status=answer.status, url=base, headers={"date": date}, body=answer.body)

    return MailgunProvider(OPTIONS, send)


class Mute:
    """A provider that can neither be asked nor heard."""

    name = "mute"


def answered(url: str, status: int, body: str = "") -> Reply:
    return Reply(status=status, url=url, headers={}, body=body.encode())


PAGES = {f"{URL}/": answered(URL, 200, "MS Research Digest"), f"{URL}/hooks/mailgun": answered(URL, 403)}


@pytest.fixture
def site(tmp_path):
    """A site with which everything is right."""
    with opened(write_site(tmp_path, provider="mailgun")) as app:
        yield Site(
            settings=replace(app.settings, provider_options=OPTIONS),
            clock=app.clock,
            names=FakeNames(DNS),
            network=FakeHttp(PAGES),
            sandbox=InProcess,
            database=lambda: app.database,
            vault=lambda: app.vault,
            provider=mailgun,
            message=received(),
        )


def raising(error: Exception):
    def give():
        raise error

    return give


def worst(verdicts) -> list[tuple[str, str, str]]:
    return [(each.level, each.subject, each.sentence) for each in verdicts if each.level != "good"]


def test_everything_is_right(site) -> None:
    """Every check is made, in order, and each has its word."""
    subjects: list[str] = []
    found = examine(site, tell=subjects.append)

    assert worst(found) == []
    assert [each.subject for each in found] == ORDER
    assert subjects == [
        "database", "key", "disk", "provider", "credentials", "tracking", "webhook", "clock", "site", "webhook", "message",
        "SPF", "DMARC", "DKIM", "alignment", "answers",
    ]  # fmt: skip


def without(*names):
    return FakeNames({name: value for name, value in DNS.items() if name not in names})


SILENT = frozenset(
    {"mail.example.org", "digest.example.org", "_dmarc.mail.example.org", "_dmarc.example.org", "_dmarc.org"}
    | {f"{name}._domainkey.mail.example.org" for name in ("pdk1", "pdk2", "k1")}
)
WRONG = {
    "no database": (
        {"database": raising(StoreError("it is locked")), "vault": raising(StoreError("it is locked"))},
        [("bad", "database", "it is locked"), ("warning", "key", "whether the database was filled with it cannot be told")],
    ),
    "another key": ({"vault": raising(VaultError("these are not the keys"))}, [("bad", "key", "these are not the keys")]),
    "a clock that is off": (
        {"provider": lambda: mailgun(late=timedelta(minutes=6))},
        [("bad", "clock", "360 s behind the provider's")],
    ),
    "an account with tracking": (
        {"provider": lambda: mailgun({"/v3/domains/mail.example.org/tracking": {"tracking": {"open": {"active": True}}}})},
        [("warning", "tracking", "tracking is on")],
    ),
    "settings that are refused": (
        {"provider": lambda: MailgunProvider(OPTIONS, lambda _: raising(ProviderError("must be https"))())},
        [*[("bad", subject, "must be https") for subject in ("credentials", "tracking", "webhook")], ("warning", "clock", "")],
    ),
    "a provider that is away": (
        {"provider": lambda: MailgunProvider(OPTIONS, lambda _: Failure("no", "lost"))},
        [*[("warning", subject, "lost") for subject in ("credentials", "tracking", "webhook")], ("warning", "clock", "")],
    ),
    "a provider that cannot be made": (
        {"provider": raising(ProviderError("no such region"))},
        [("bad", "provider", "no such region"), ("warning", "clock", ""), ("bad", "webhook", "no such region")],
    ),
    "a provider that cannot be asked": (
        {"provider": Mute},
        [
            ("warning", "provider", "mute was not asked about the account"),
            ("warning", "clock", "could not be compared"),
            ("warning", "webhook", "mute tells nothing by webhook"),
        ],
    ),
    "a site that is away": (
        {"network": FakeHttp()},
        [("bad", "site", "readers cannot reach the site"), ("bad", "webhook", "cannot tell of bounces")],
    ),
    "no mail": ({"message": None}, [("warning", "message", "no received mail was looked at")]),
    "no mail and no names of keys": (
        {"message": None, "provider": lambda: mailgun({"/v4/domains/mail.example.org": {"domain": {"state": "active"}}})},
        [("warning", "message", "no received mail"), ("warning", "DKIM", "mailgun does not tell under which names")],
    ),
    "a mail of somebody else's": (
        {"message": received(sender="a@other.example")},
        [("warning", "message", "the mail is from other.example")],
    ),
    "a stranger signs": (
        {
            "message": received(signatures=(f"d=post.example; s=x; h={COVERED}",)),
        },
        [("bad", "alignment", "DKIM signs as post.example")],
    ),
    "bounces go elsewhere": (
        {"message": received(envelope="<b@post.example>")},
        [("warning", "alignment", "the Return-Path's post.example")],
    ),
    "a key is missing": (
        {"names": without("pdk2._domainkey.mail.example.org", "k1._domainkey.mail.example.org")},
        [
            ("bad", "DKIM", "no key is at pdk2._domainkey.mail.example.org"),
            ("bad", "DKIM", "no key is at k1._domainkey.mail.example.org"),
        ],
    ),
    "no policy": ({"names": without("_dmarc.example.org")}, [("bad", "DMARC", "has no DMARC record")]),
    "no record of senders": (
        {"names": FakeNames(DNS | {"mail.example.org": {"MX": ["mx.example.org"]}})},
        [("bad", "SPF", "mail.example.org has no SPF record")],
    ),
    "no answers to the contact": (
        {"names": without("digest.example.org")},
        [("bad", "answers", "digest.example.org (the contact's) can take no mail")],
    ),
    "a strict policy": (
        {
            "names": FakeNames(DNS | {"_dmarc.example.org": {"TXT": [STRONG + "; adkim=s; aspf=s"]}}),
            "message": received(signatures=(f"d=example.org; s=k1; h={COVERED}",), envelope="<b@example.org>"),
        },
        [
            ("bad", "SPF", "example.org has no SPF record"),
            ("bad", "DKIM", "no key is at k1._domainkey.example.org"),
            ("bad", "alignment", "(strict)"),
            ("warning", "alignment", "(strict)"),
        ],
    ),
    "a DNS that is away": (
        {"names": FakeNames(DNS, SILENT)},
        [
            ("warning", "SPF", "the DNS does not answer"),
            ("warning", "DMARC", "the DNS does not answer"),
            *[("warning", "DKIM", "the DNS does not answer")] * 3,
            ("warning", "alignment", "the DNS does not answer"),
            *[("warning", "answers", "the DNS does not answer")] * 2,
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong(site, case) -> None:
    """It is told by its subject, and everything else is as it was."""
    changes, expected = WRONG[case]

    found = worst(examine(replace(site, **changes)))

    assert [each[:2] for each in found] == [each[:2] for each in expected], found
    assert all(words in sentence for (*_, sentence), (*_, words) in zip(found, expected, strict=True)), found


def test_a_second_sender_is_looked_at_like_the_first(site) -> None:
    """Records of both domains; what concerns the account alone is told once."""
    neutral = {
        "quiet.example.net": {"TXT": ["v=spf1 -all"], "MX": ["mx.example.org"]},
        "_dmarc.quiet.example.net": {"TXT": [STRONG]},
    }
    settings = replace(site.settings, neutral_sender="Update <news@quiet.example.net>")
    names = FakeNames(DNS | neutral)
    found = examine(replace(site, settings=settings, names=names))
    told = [each.sentence for each in found if each.level == "good"]

    assert worst(found) == [
        ("warning", "domain", "mail from quiet.example.net is signed for mail.example.org: receivers see two senders"),
        ("bad", "alignment", next(each.sentence for each in found if each.level == "bad")),
        ("warning", "alignment", next(each.sentence for each in found if "rests on DKIM alone" in each.sentence)),
    ]
    assert sum("api_key" in sentence for sentence in told) == 1
    assert any("quiet.example.net (the sender's) takes mail" in sentence for sentence in told)
    assert any("what fails for quiet.example.net" in sentence for sentence in told)


def test_the_keys_stand_where_the_provider_signs(site) -> None:
    """A selector that Mailgun tells belongs to its own domain, whoever the sender is."""
    settings = replace(site.settings, sender="Digest <digest@example.org>")
    names = FakeNames(DNS | {"example.org": {"TXT": ["v=spf1 -all"], "MX": ["mx.example.org"]}})
    found = examine(replace(site, settings=settings, names=names, message=None))

    assert [each.sentence for each in found if each.subject == "DKIM"] == [
        f"the key at {name}._domainkey.mail.example.org has 2048 bits" for name in ("pdk1", "pdk2")
    ]
    assert [each.level for each in found if each.subject == "alignment"] == ["good", "good"]


@pytest.fixture
def quiet(site):
    """The same site with the provider ``file``, of which nobody on the internet knows."""
    settings = replace(site.settings, provider="file", provider_options={})
    return replace(site, settings=settings, network=FakeHttp(), names=FakeNames(), provider=raising(AssertionError()))


def test_nothing_leaves_the_machine(quiet) -> None:
    """Nobody is asked about accounts and names; that readers cannot reach the site is no fault yet."""
    found = examine(replace(quiet, message=None))

    assert [(each.level, each.subject) for each in found] == [
        ("good", "database"),
        ("good", "key"),
        ("good", "disk"),
        ("good", "provider"),
        ("warning", "site"),
    ]
    assert "nothing leaves this machine" in found[3].sentence
    assert quiet.names.asked == []


def test_a_mail_is_looked_at_whoever_carries_it(quiet) -> None:
    """Who names a file is told what is in it."""
    found = examine(quiet)

    assert [each.subject for each in found][-3:] == ["message"] * 3


def test_a_key_in_the_environment(site) -> None:
    """It is named by its variable."""
    keys = site.settings.key_file.read_text()
    found = examine(replace(site, settings=replace(site.settings, keys=keys)))

    assert next(each.sentence for each in found if each.subject == "key").startswith(
        "MSDIGEST_KEYS holds the vault's key"
    )


def test_a_key_file_that_others_may_read(site) -> None:
    """It is told what to run."""
    site.settings.key_file.chmod(0o644)
    found = worst(examine(site))

    assert [each[:2] for each in found] == [("bad", "key")]
    assert "chmod 600" in found[0][2]


def test_a_smtp_relay(site) -> None:
    """The sender's own domain takes the bounces, so its SPF record counts."""
    settings = replace(site.settings, provider="smtp", provider_options={})
    names = without("mail.example.org")
    found = worst(examine(replace(site, settings=settings, provider=Mute, names=names, message=None)))

    assert ("bad", "SPF") in [each[:2] for each in found]


def test_a_provider_whose_return_path_is_not_known(site) -> None:
    """Then a missing record may be right."""
    settings = replace(site.settings, provider="postmark", provider_options={})
    names = FakeNames(DNS | {"mail.example.org": {"MX": ["mx.example.org"]}})
    found = worst(examine(replace(site, settings=settings, names=names, message=None)))

    assert [level for level, subject, _ in found if subject == "SPF"] == ["warning"]


@pytest.mark.parametrize(
    ("mailbox", "domain"),
    [
        ("MS Digest <digest@Mail.Example.org>", "mail.example.org"),
        ("digest@bücher.example", "xn--bcher-kva.example"),
        (f"digest@{'x' * 64}.example", f"{'x' * 64}.example"),
    ],
)
def test_the_domain_of_a_mailbox(mailbox, domain) -> None:
    """As the DNS knows it, if it can know it at all."""
    assert domain_of(mailbox) == domain
