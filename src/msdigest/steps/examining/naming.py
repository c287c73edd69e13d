"""What the DNS says of a sender's domain, and whether that fits who signs and who takes bounces."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msdigest.steps.examining import alignment, dkim, dmarc, spf
from msdigest.steps.examining.senders import envelope, signer
from msdigest.steps.examining.verdicts import AGAIN, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdigest.ports import Verdict
    from msdigest.steps.examining.received import Received
    from msdigest.steps.examining.rounds import Round
    from msdigest.steps.examining.site import Known, Site


def examine(site: Site, looking: Round, *, known: Known, sender: str) -> None:
    """Look at the records of one sender's domain."""
    mail = known.mail if known.mail is not None and known.mail.sender == sender else None
    returns = (mail.envelope if mail else "") or envelope(site.settings, sender=sender)
    looking.look(spf.SUBJECT, partial(_spf, site, returns, sender=sender))
    looking.look(dmarc.SUBJECT, lambda: dmarc.judge(_walk(site, known, domain=sender)))
    looking.look(dkim.SUBJECT, partial(_keys, site, known, mail=mail, sender=sender))
    looking.look(alignment.SUBJECT, partial(_alignment, site, known, mail=mail, sender=sender, returns=returns))


def _spf(site: Site, returns: str, *, sender: str) -> Iterator[Verdict]:
    yield from spf.judge(spf.gather(site.names, returns or sender), envelope=bool(returns))


def _walk(site: Site, known: Known, *, domain: str) -> dmarc.Walk:
    if domain not in known.walks:
        known.walks[domain] = dmarc.gather(site.names, domain)
    return known.walks[domain]


def _keys(site: Site, known: Known, *, mail: Received | None, sender: str) -> Iterator[Verdict]:
    """Look at the keys that the provider or the mail tells; those of strangers who signed, too, are their own."""
    ours = _walk(site, known, domain=sender).organisation
    domain = signer(site.settings, sender=sender)
    found = [
        dkim.find(site.names, dkim.places_of(selector, domain=domain))
        for selector in dict.fromkeys(known.selectors.get(sender, ()))
    ]
    known.places[sender] = [key.place for key in found]
    signed = [each for each in (mail.signatures if mail else ()) if each.place not in known.places[sender]]
    found += [dkim.gather(site.names, each.place) for each in signed if _organisation(site, known, each.domain) == ours]
    for key in found:
        yield from dkim.judge(key)
    if not found and mail is None:
        yield dkim.without_names(provider=site.settings.provider)


def _organisation(site: Site, known: Known, domain: str) -> str:
    return _walk(site, known, domain=domain).organisation


def _alignment(site: Site, known: Known, *, mail: Received | None, sender: str, returns: str) -> Iterator[Verdict]:
    told = [dkim.domain_of(place) for place in known.places.get(sender, ())]
    signers = [each.domain for each in mail.signatures] if mail else told
    walks = {
        domain: _walk(site, known, domain=domain) for domain in dict.fromkeys((sender, returns, *signers)) if domain
    }
    unknown = [domain for domain, walk in walks.items() if walk.silent]
    if unknown:
        yield warning(alignment.SUBJECT, f"the DNS does not answer for all DMARC records above {unknown[0]}: {AGAIN}")
        return
    policy = walks[sender].policy
    tags = policy.tags if policy else {}
    yield from alignment.judge(
        alignment.Alignment(
            sender=sender,
            signers=list(dict.fromkeys(signers)),
            envelope=returns,
            strict_dkim=tags.get("adkim") == "s",
            strict_spf=tags.get("aspf") == "s",
            organisations={domain: walk.organisation for domain, walk in walks.items()},
        )
    )
