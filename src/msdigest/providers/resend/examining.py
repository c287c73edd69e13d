"""What can be found out about an account at Resend: its key, the sender's domain and its tracking, webhooks.

Endpoints: Resend's API description, ``GET /domains`` and ``GET /webhooks``. A key that may only send sees neither. The
names of DKIM keys stand in no list.
"""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msdigest.ports import Failure, Inquiry, Request, Verdict
from msdigest.postal.answers import document, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from msdigest.ports import Reply

_HOOK = "/hooks/resend"
_TOLD_ABOUT = (
    "email.sent", "email.delivered", "email.delivery_delayed", "email.bounced", "email.complained", "email.failed",
    "email.suppressed",
)  # fmt: skip
_MAY_ONLY_SEND = "restricted_api_key"
_REFUSED = frozenset((HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN))


def inquiries(base: str, headers: Mapping[str, str], *, domain: str, hears: bool) -> Sequence[Inquiry]:
    """Return the questions about the account, for mail of ``domain``; ``hears``: there is a secret."""
    asked: dict[str, tuple[str, Callable[[Reply | Failure], Sequence[Verdict]]]] = {
        "credentials": ("/domains?limit=100", partial(_domains, domain=domain)),
        "webhook": ("/webhooks?limit=100", partial(_webhooks, hears=hears)),
    }
    return [
        Inquiry(subject=subject, request=Request(method="GET", url=base + path, headers=headers), judge=judge)
        for subject, (path, judge) in asked.items()
    ]


def _domains(reply: Reply | Failure, *, domain: str) -> Sequence[Verdict]:
    if trouble := _trouble(reply, "credentials"):
        return [trouble]
    said = document(reply)
    ours = next((each for each in _listed(said) if each.get("name") == domain), None)
    credentials = Verdict(level="good", subject="credentials", sentence="resend knows the api_key")
    if ours is None and said.get("has_more") is True:
        sentence = f"the account has more than a hundred domains: look there yourself whether {domain} is verified"
        return [credentials, Verdict(level="warning", subject="domain", sentence=sentence)]
    if ours is None:
        sentence = f"the account has no domain {domain}: add it at resend"
        return [credentials, Verdict(level="bad", subject="domain", sentence=sentence)]
    return [credentials, _domain(ours, domain), _tracking(ours, domain)]


def _domain(ours: Mapping[str, Any], domain: str) -> Verdict:
    capabilities = ours.get("capabilities")
    if isinstance(capabilities, dict) and capabilities.get("sending") == "disabled":
        return Verdict(level="bad", subject="domain", sentence=f"sending is switched off for {domain} at resend")
    if ours.get("status") == "verified":
        return Verdict(level="good", subject="domain", sentence=f"{domain} is verified")
    status = text_of(ours.get("status"), most=40) or "not verified"
    sentence = f"{domain} is not verified ({status}): add resend's DNS records, then have it look again"
    return Verdict(level="bad", subject="domain", sentence=sentence)


def _tracking(ours: Mapping[str, Any], domain: str) -> Verdict:
    tracked = {"opens": ours.get("open_tracking"), "clicks": ours.get("click_tracking")}
    active = [what for what, told in tracked.items() if told is True]
    if active:
        sentence = f"{domain} tracks {' and '.join(active)}, and no message can change that: switch it off at resend"
        return Verdict(level="bad", subject="tracking", sentence=sentence)
    if all(told is False for told in tracked.values()):
        return Verdict(level="good", subject="tracking", sentence=f"{domain} tracks neither opens nor clicks")
    sentence = f"resend does not tell whether {domain} tracks opens and clicks: look there, no message can change it"
    return Verdict(level="warning", subject="tracking", sentence=sentence)


def _webhooks(reply: Reply | Failure, *, hears: bool) -> Sequence[Verdict]:
    if trouble := _trouble(reply, "webhook"):
        return [trouble]
    ours = [hook for hook in _listed(document(reply)) if _is_ours(hook)]
    if not ours:
        sentence = f"no webhook leads to {_HOOK}: what becomes of messages stays unknown"
        return [Verdict(level="warning", subject="webhook", sentence=sentence)]
    if not hears:
        sentence = "there is a webhook and no webhook_secret: what it tells cannot be checked, so it is refused"
        return [Verdict(level="bad", subject="webhook", sentence=sentence)]
    told = {name for hook in ours if hook.get("status") == "enabled" for name in _events(hook)}
    missing = [name for name in _TOLD_ABOUT if name not in told]
    if missing:
        sentence = f"the webhook is off, or does not tell of {', '.join(missing)}: switch that on"
        return [Verdict(level="warning", subject="webhook", sentence=sentence)]
    return [Verdict(level="good", subject="webhook", sentence="resend tells what becomes of messages")]


def _listed(said: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    data = said.get("data")
    return [each for each in data if isinstance(each, dict)] if isinstance(data, list) else []


def _events(hook: Mapping[str, Any]) -> list[str]:
    events = hook.get("events")
    return [each for each in events if isinstance(each, str)] if isinstance(events, list) else []


def _is_ours(hook: Mapping[str, Any]) -> bool:
    try:
        return urlsplit(text_of(hook.get("endpoint"), most=2_000) or "").path.rstrip("/") == _HOOK
    except ValueError:
        return False


def _trouble(reply: Reply | Failure, subject: str) -> Verdict | None:
    """Return why an answer tells nothing, if so."""
    if isinstance(reply, Failure):
        return Verdict(level="warning", subject=subject, sentence=f"resend could not be asked: {reply.reason}")
    said = document(reply)
    if said.get("name") == _MAY_ONLY_SEND:
        sentence = "the api_key may only send, which is all that msdigest needs: look at resend yourself"
        return Verdict(level="warning", subject=subject, sentence=sentence)
    if reply.status in _REFUSED:
        return Verdict(level="bad", subject=subject, sentence="resend refuses the api_key: check it")
    if reply.status != HTTPStatus.OK or not said:
        sentence = f"resend answered {reply.status} without telling anything"
        return Verdict(level="warning", subject=subject, sentence=sentence)
    return None
