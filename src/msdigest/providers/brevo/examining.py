"""What can be found out about an account at Brevo: its key, the sender's domain with its DKIM names, the webhook.

Whether it tracks, its API does not tell.
"""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from msdigest.ports import Failure, Inquiry, Request, Verdict
from msdigest.postal.answers import document, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from msdigest.ports import Reply

_HOOK = "/hooks/brevo"
# As they are called where a webhook is set up.
_TOLD_ABOUT = ("delivered", "hardBounce", "softBounce", "blocked", "spam", "invalid", "unsubscribed")
_REFUSED = frozenset((HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN))
_KEY = "._domainkey"
_TRACKING = (
    "brevo can be neither asked nor told per message whether it tracks: in its settings, turn on the consent to pixel "
    "tracking per contact (msdigest refuses it for everybody) and the anonymous tracking of transactional mail"
)


def inquiries(base: str, headers: Mapping[str, str], *, domain: str) -> Sequence[Inquiry]:
    """Return the questions about the account, the ``domain`` and the webhooks."""
    asked: dict[str, tuple[str, Callable[[Reply | Failure], Sequence[Verdict]]]] = {
        "credentials": ("/account", _account),
        "domain": ("/senders/domains", partial(_domains, domain=domain)),
        "DKIM": (f"/senders/domains/{quote(domain, safe='')}", partial(_dkim, domain=domain)),
        "webhook": ("/webhooks?type=transactional", _webhooks),
    }
    return [
        Inquiry(subject=subject, request=Request(method="GET", url=base + path, headers=headers), judge=judge)
        for subject, (path, judge) in asked.items()
    ]


def _account(reply: Reply | Failure) -> Sequence[Verdict]:
    if trouble := _trouble(reply, "credentials"):
        return [trouble]
    relay = _part(document(reply), "relay")
    if relay.get("enabled") is False:
        sentence = "the account may not send transactional mail yet: ask Brevo to activate it"
        credentials = Verdict(level="bad", subject="credentials", sentence=sentence)
    else:
        credentials = Verdict(level="good", subject="credentials", sentence="brevo knows the api_key")
    return [credentials, Verdict(level="warning", subject="tracking", sentence=_TRACKING)]


def _domains(reply: Reply | Failure, *, domain: str) -> Sequence[Verdict]:
    if trouble := _trouble(reply, "domain"):
        return [trouble]
    domains = document(reply).get("domains")
    listed = [each for each in domains if isinstance(each, dict)] if isinstance(domains, list) else []
    ours = next((each for each in listed if str(each.get("domain_name")).lower() == domain.lower()), None)
    if ours is None:
        sentence = f"brevo does not know {domain}: add it under Senders and domains"
    elif ours.get("verified") is not True or ours.get("authenticated") is not True:
        sentence = f"brevo has not verified {domain} yet: its records are missing in the DNS"
    else:
        return [Verdict(level="good", subject="domain", sentence=f"brevo has verified {domain}")]
    return [Verdict(level="bad", subject="domain", sentence=sentence)]


def _dkim(reply: Reply | Failure, *, domain: str) -> Sequence[Verdict]:
    if not isinstance(reply, Failure) and reply.status == HTTPStatus.NOT_FOUND:
        return [Verdict(level="bad", subject="DKIM", sentence=f"brevo has no keys for {domain}: it does not know it")]
    if trouble := _trouble(reply, "DKIM"):
        return [trouble]
    records = _part(document(reply), "dns_records")
    hosts = [text_of(record.get("host_name")) or "" for record in records.values() if isinstance(record, dict)]
    selectors = [host.partition(_KEY)[0] for host in hosts if _KEY in host]
    if not selectors:
        sentence = f"brevo does not tell where its keys for {domain} are"
        return [Verdict(level="warning", subject="DKIM", sentence=sentence)]
    sentence = f"brevo signs with {', '.join(selectors)}"
    return [Verdict(level="good", subject="DKIM", sentence=sentence, selectors=selectors)]


def _webhooks(reply: Reply | Failure) -> Sequence[Verdict]:
    if not isinstance(reply, Failure) and reply.status == HTTPStatus.NOT_FOUND:
        return [_no_hook()]
    if trouble := _trouble(reply, "webhook"):
        return [trouble]
    hooks = document(reply).get("webhooks")
    ours = [hook for hook in hooks if _is_ours(hook)] if isinstance(hooks, list) else []
    if not ours:
        return [_no_hook()]
    events = {str(event) for hook in ours if isinstance(hook.get("events"), list) for event in hook["events"]}
    missing = [name for name in _TOLD_ABOUT if name not in events]
    if missing:
        sentence = f"the webhook does not tell of {', '.join(missing)}: switch that on"
        return [Verdict(level="warning", subject="webhook", sentence=sentence)]
    return [Verdict(level="good", subject="webhook", sentence="brevo tells what becomes of messages")]


def _no_hook() -> Verdict:
    sentence = f"no webhook leads to {_HOOK}: what becomes of messages stays unknown"
    return Verdict(level="warning", subject="webhook", sentence=sentence)


def _is_ours(hook: object) -> bool:
    """Tell whether a webhook leads here; nothing but its path is looked at: the rest may hold a password."""
    url = hook.get("url") if isinstance(hook, dict) else None
    try:
        return isinstance(url, str) and urlsplit(url).path.rstrip("/") == _HOOK
    except ValueError:
        return False


def _part(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = said.get(name)
    return found if isinstance(found, dict) else {}


def _trouble(reply: Reply | Failure, subject: str) -> Verdict | None:
    """Return why an answer tells nothing, if so."""
    if isinstance(reply, Failure):
        return Verdict(level="warning", subject=subject, sentence=f"brevo could not be asked: {reply.reason}")
    if reply.status in _REFUSED:
        return Verdict(level="bad", subject=subject, sentence="brevo refuses the api_key: check it")
    if reply.status != HTTPStatus.OK or not document(reply):
        sentence = f"brevo answered {reply.status} without telling anything"
        return Verdict(level="warning", subject=subject, sentence=sentence)
    return None
