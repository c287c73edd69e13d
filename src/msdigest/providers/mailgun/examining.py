"""What can be found out about an account at Mailgun: its key, the domain, tracking, DKIM and webhooks.

Endpoints: Mailgun's API description, ``/v4/domains/{name}``, ``/v3/domains/{name}/tracking`` and
``/v3/domains/{domain}/webhooks``. A domain's sending key may see none of them.
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

_HOOK = "/hooks/mailgun"
_TOLD_ABOUT = ("accepted", "delivered", "temporary_fail", "permanent_fail", "complained", "unsubscribed")
_DKIM = "._domainkey."
_REFUSED = frozenset((HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN))


def inquiries(base: str, headers: Mapping[str, str], *, own: str, domain: str, hears: bool) -> Sequence[Inquiry]:
    """Return the questions about the account's domain ``own``, for mail of ``domain``; ``hears``: there is a key."""
    name = quote(own, safe="")
    asked: dict[str, tuple[str, Callable[[Reply | Failure], Sequence[Verdict]]]] = {
        "credentials": (f"/v4/domains/{name}", partial(_domain, own=own, domain=domain)),
        "tracking": (f"/v3/domains/{name}/tracking", _tracking),
        "webhook": (f"/v3/domains/{name}/webhooks", partial(_webhooks, hears=hears)),
    }
    return [
        Inquiry(subject=subject, request=Request(method="GET", url=base + path, headers=headers), judge=judge)
        for subject, (path, judge) in asked.items()
    ]


def _domain(reply: Reply | Failure, *, own: str, domain: str) -> Sequence[Verdict]:
    if not isinstance(reply, Failure) and reply.status == HTTPStatus.NOT_FOUND:
        sentence = f"the account has no domain {own}: check domain and region"
        return [Verdict(level="bad", subject="domain", sentence=sentence)]
    if trouble := _trouble(reply, "credentials"):
        return [trouble]
    said = document(reply)
    state = _state(_part(said, "domain"), own)
    verdicts = [Verdict(level="good", subject="credentials", sentence="mailgun knows the api_key"), state]
    if domain != own and not domain.endswith(f".{own}") and not own.endswith(f".{domain}"):
        sentence = f"mail from {domain} is signed for {own}: receivers see two senders"
        verdicts.append(Verdict(level="warning", subject="domain", sentence=sentence))
    return [*verdicts, *_records(said.get("sending_dns_records"), own)]


def _state(said: Mapping[str, Any], own: str) -> Verdict:
    if said.get("is_disabled") is True or said.get("state") == "disabled":
        return Verdict(level="bad", subject="domain", sentence=f"{own} is disabled: ask mailgun why")
    if said.get("state") != "active":
        sentence = f"{own} is not verified: add mailgun's DNS records, then have it look again"
        return Verdict(level="bad", subject="domain", sentence=sentence)
    if said.get("type") == "sandbox":
        return Verdict(level="bad", subject="domain", sentence=f"{own} is a sandbox: it mails to a few addresses only")
    return Verdict(level="good", subject="domain", sentence=f"{own} is verified")


def _records(records: object, own: str) -> Sequence[Verdict]:
    """Judge the DNS records as Mailgun sees them; the names of DKIM keys stand in them."""
    known = [record for record in records if isinstance(record, dict)] if isinstance(records, list) else []
    names = [text_of(record.get("name")) or "" for record in known]
    selectors = [name.partition(_DKIM)[0] for name in names if _DKIM in name]
    wrong = sum(record.get("valid") != "valid" for record in known)
    if wrong:
        sentence = f"mailgun does not find {wrong} of {len(known)} DNS records of {own} as they should be"
        return [Verdict(level="warning", subject="dns", sentence=sentence, selectors=selectors)]
    if not selectors:
        return []
    sentence = f"mailgun finds the DNS records of {own}"
    return [Verdict(level="good", subject="dns", sentence=sentence, selectors=selectors)]


def _tracking(reply: Reply | Failure) -> Sequence[Verdict]:
    if trouble := _trouble(reply, "tracking"):
        return [trouble]
    tracking = _part(document(reply), "tracking")
    # What is not told to be off may be on.
    active = [name for name in ("open", "click", "unsubscribe") if _part(tracking, name).get("active") is not False]
    if not active:
        return [Verdict(level="good", subject="tracking", sentence="the domain tracks nothing")]
    sentence = (
        f"tracking is on for the domain ({', '.join(active)}): msdigest asks for none, but switch it off there too"
    )
    return [Verdict(level="warning", subject="tracking", sentence=sentence)]


def _webhooks(reply: Reply | Failure, *, hears: bool) -> Sequence[Verdict]:
    if trouble := _trouble(reply, "webhook"):
        return [trouble]
    hooks = _part(document(reply), "webhooks")
    missing = [name for name in _TOLD_ABOUT if not any(map(_is_ours, _urls(hooks, name)))]
    if len(missing) == len(_TOLD_ABOUT):
        sentence = f"no webhook of the domain leads to {_HOOK}: what becomes of messages stays unknown"
        return [Verdict(level="warning", subject="webhook", sentence=sentence)]
    if not hears:
        sentence = "there is a webhook and no webhook_key: what it tells cannot be checked, so it is refused"
        return [Verdict(level="bad", subject="webhook", sentence=sentence)]
    if missing:
        sentence = f"no webhook tells of {', '.join(missing)}: add {_HOOK} there"
        return [Verdict(level="warning", subject="webhook", sentence=sentence)]
    return [Verdict(level="good", subject="webhook", sentence="mailgun tells what becomes of messages")]


def _urls(hooks: Mapping[str, Any], name: str) -> Sequence[object]:
    urls = _part(hooks, name).get("urls")
    return urls if isinstance(urls, list) else []


def _is_ours(url: object) -> bool:
    try:
        return isinstance(url, str) and urlsplit(url).path.rstrip("/") == _HOOK
    except ValueError:
        return False


def _trouble(reply: Reply | Failure, subject: str) -> Verdict | None:
    """Return why an answer tells nothing, if so."""
    if isinstance(reply, Failure):
        return Verdict(level="warning", subject=subject, sentence=f"mailgun could not be asked: {reply.reason}")
    if reply.status in _REFUSED:
        sentence = (
            "mailgun refuses the api_key: it is wrong, of the other region, or a domain's sending key, which can send "
            "but look nothing up"
        )
        return Verdict(level="bad", subject=subject, sentence=sentence)
    if reply.status != HTTPStatus.OK or not document(reply):
        sentence = f"mailgun answered {reply.status} without telling anything"
        return Verdict(level="warning", subject=subject, sentence=sentence)
    return None


def _part(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = said.get(name)
    return found if isinstance(found, dict) else {}
