"""Examining: how the live set-up looks from here, before anybody's mail depends on it. It sends no mail."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msdigest.errors import StoreError
from msdigest.ports import NEVER, Audible, Examinable
from msdigest.steps.examining import answering, arrived, machine, naming, web
from msdigest.steps.examining.received import read
from msdigest.steps.examining.rounds import Round
from msdigest.steps.examining.senders import domain_of, senders
from msdigest.steps.examining.site import Known
from msdigest.steps.examining.verdicts import good, warning
from msdigest.store import fires
from msdigest.vault import Vault, read_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from msdigest.config.settings import Settings
    from msdigest.ports import Inquiry, Verdict
    from msdigest.steps.examining.site import Site


def examine(site: Site, *, tell: Callable[[str], None] = lambda _: None) -> list[Verdict]:
    """Look at everything, one after the other; ``tell`` is called with each subject when it was looked at."""
    looking, known = Round(site.settings.provider_options, tell), Known()
    looking.look("database", partial(_database, site))
    looking.look("key", partial(_key, site))
    for folder in _folders(site.settings):
        looking.look("disk", partial(_disk, folder))
    if site.settings.provider == "file":
        looking.look("provider", _nothing_leaves)
        looking.look(web.SITE, partial(_site, site))
        if site.message is not None:
            looking.look(arrived.SUBJECT, partial(_message, site, known))
        return looking.verdicts
    _account(site, looking, known)
    looking.look("clock", lambda: machine.judge_clock(machine.offset(known.calls)))
    looking.look(web.SITE, partial(_site, site))
    looking.look(web.HOOK, partial(_hook, site))
    looking.look(arrived.SUBJECT, partial(_message, site, known))
    for sender in senders(site.settings):
        naming.examine(site, looking, known=known, sender=sender)
    looking.look(answering.SUBJECT, partial(_answers, site))
    return looking.verdicts


def _database(site: Site) -> Iterator[Verdict]:
    """Open it, which brings its tables up to this version, and write nothing into it."""
    with site.database().writing() as connection:
        fires.prune(connection, "doctor", before=NEVER)
    yield good("database", "it opens, has the tables of this version, and can be written")


def _key(site: Site) -> Iterator[Verdict]:
    settings = site.settings
    Vault(settings.keys or read_keys(settings.key_file))
    where = "MSDIGEST_KEYS holds the vault's key" if settings.keys else f"{settings.key_file} is for its owner alone"
    try:
        site.vault()
    except StoreError:
        yield warning("key", f"{where}; whether the database was filled with it cannot be told")
    else:
        yield good("key", f"{where}, and it is the one that the database was filled with")


def _folders(settings: Settings) -> list[Path]:
    """Return the folder of everything that is written, and the database's where that is on another disk."""
    database = settings.database.removeprefix("sqlite:///")
    own = [Path(database).parent] if database != settings.database else []
    found: dict[int, Path] = {}
    for folder in (settings.data_dir, *own):
        found.setdefault(machine.there(folder).stat().st_dev, folder)
    return list(found.values())


def _disk(folder: Path) -> Iterator[Verdict]:
    yield machine.judge_room(machine.room(folder), folder=folder)


def _nothing_leaves() -> Iterator[Verdict]:
    yield good(
        "provider",
        "nothing leaves this machine: the provider file writes mails into the outbox. An account and the DNS records "
        "of the sender are looked at when [mail] provider names another",
    )


def _account(site: Site, looking: Round, known: Known) -> None:
    """Ask the provider about the account, once for each sender's domain."""
    for sender in senders(site.settings):
        asked: list[Inquiry] = []
        looking.look("provider", partial(_inquiries, site, asked, sender=sender))
        for inquiry in asked:
            looking.look(inquiry.subject, partial(_ask, site, known, inquiry=inquiry, sender=sender))


def _inquiries(site: Site, asked: list[Inquiry], *, sender: str) -> Iterator[Verdict]:
    """Fill ``asked``; say so where the provider cannot be asked."""
    provider = site.provider()
    if isinstance(provider, Examinable):
        asked += provider.inquiries(domain=sender)
    else:
        yield warning(
            "provider", f"{provider.name} was not asked about the account: it cannot be, so look there yourself"
        )


def _ask(site: Site, known: Known, *, inquiry: Inquiry, sender: str) -> Iterator[Verdict]:
    before = site.clock.now()
    reply = site.provider().carry(inquiry.request)
    known.calls.append(machine.Called(reply=reply, before=before, after=site.clock.now()))
    for verdict in inquiry.judge(reply):
        known.selectors.setdefault(sender, []).extend(verdict.selectors)
        yield verdict


def _site(site: Site) -> Iterator[Verdict]:
    settings = site.settings
    answer = web.gather_site(site.network, settings.site_url)
    for verdict in web.judge_site(settings.site_url, answer, title=settings.site_title):
        # Where nothing is mailed nobody depends on it yet.
        mild = settings.provider == "file" and verdict.level == "bad"
        yield replace(verdict, level="warning") if mild else verdict


def _hook(site: Site) -> Iterator[Verdict]:
    provider = site.provider()
    if not isinstance(provider, Audible):
        yield web.no_hook(provider.name)
        return
    url = web.hook_url(site.settings.site_url, provider.name)
    yield web.judge_hook(url, web.gather_hook(site.network, url))


def _message(site: Site, known: Known) -> Iterator[Verdict]:
    if site.message is None:
        yield arrived.not_looked_at()
        return
    known.mail = site.sandbox().run(read, site.message)
    host = urlsplit(site.settings.site_url).hostname or ""
    yield from arrived.judge(known.mail, senders=senders(site.settings), site=host)


def _answers(site: Site) -> Iterator[Verdict]:
    whose = {domain_of(site.settings.site_contact): "the contact's"}
    whose |= dict.fromkeys(senders(site.settings), "the sender's")
    for domain, owner in whose.items():
        yield from answering.judge(answering.gather(site.names, domain), whose=owner)
