"""What can be found out about an account at SendGrid: its key, the sender's domain, tracking, the webhook.

Endpoints: SendGrid's API descriptions of scopes, domain authentication, tracking settings and webhooks. A key that may
only send mail is enough for sending; then the rest stays untold.
"""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from msdigest.ports import Failure, Inquiry, Request, Verdict
from msdigest.postal.answers import document, json_of
from msdigest.postal.proofs import same

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from msdigest.ports import Reply

_HOOK = "/hooks/sendgrid"
_TOLD_ABOUT = ("processed", "deferred", "delivered", "bounce", "dropped", "spam_report", "unsubscribe")
_SELECTOR = "._domainkey."


def inquiries(base: str, headers: Mapping[str, str], *, domain: str, public_key: str) -> Sequence[Inquiry]:
    """Return the questions about the account; ``public_key``: what the webhook's calls are proven by."""
    asked: Sequence[tuple[str, str, Callable[[Reply | Failure], Sequence[Verdict]]]] = (
        ("credentials", "/v3/scopes", _credentials),
        ("domain", f"/v3/whitelabel/domains?{urlencode({'domain': domain})}", partial(_domain, domain=domain)),
        ("tracking", "/v3/tracking_settings/open", partial(_tracking, what="opens")),
        ("tracking", "/v3/tracking_settings/click", partial(_tracking, what="links")),
        ("webhook", "/v3/user/webhooks/event/settings/all", partial(_webhooks, public_key=public_key)),
    )
    return [
        Inquiry(subject=subject, request=Request(method="GET", url=base + path, headers=headers), judge=judge)
        for subject, path, judge in asked
    ]


def _credentials(reply: Reply | Failure) -> Sequence[Verdict]:
    if trouble := _trouble(reply, "credentials"):
        return [trouble]
    scopes = document(reply).get("scopes")
    if not isinstance(scopes, list):
        return [_nonsense("credentials")]
    if "mail.send" not in scopes:
        return [_bad("credentials", "api_key may not send mail: give it the right mail.send")]
    return [_good("credentials", "api_key may send mail")]


def _domain(reply: Reply | Failure, *, domain: str) -> Sequence[Verdict]:
    if trouble := _trouble(reply, "domain"):
        return [trouble]
    told = json_of(reply)
    if not isinstance(told, list):
        return [_nonsense("domain")]
    known = [each for each in told if isinstance(each, dict) and str(each.get("domain")).lower() == domain.lower()]
    if not known:
        return [_bad("domain", f"{domain} is not authenticated at sendgrid: add it under Sender Authentication")]
    valid = [each for each in known if each.get("valid") is True]
    if not valid:
        return [_bad("domain", f"sendgrid does not find the DNS records of {domain}: verify it there")]
    selectors = tuple(dict.fromkeys(selector for each in valid for selector in _selectors(each.get("dns"))))
    sentence = f"{domain} is authenticated at sendgrid"
    return [Verdict(level="good", subject="domain", sentence=sentence, selectors=selectors)]


def _selectors(dns: object) -> list[str]:
    """Return the selectors among the names that a domain's records have."""
    records = dns.values() if isinstance(dns, dict) else ()
    hosts = [str(record.get("host")) for record in records if isinstance(record, dict)]
    return [host.partition(_SELECTOR)[0] for host in hosts if _SELECTOR in host]


def _tracking(reply: Reply | Failure, *, what: str) -> Sequence[Verdict]:
    if trouble := _trouble(reply, "tracking"):
        return [trouble]
    enabled = document(reply).get("enabled")
    if not isinstance(enabled, bool):
        return [_nonsense("tracking")]
    if enabled:
        sentence = f"the account tracks {what}; msdigest switches it off in each call, but switch it off there too"
        return [_warning("tracking", sentence)]
    return [_good("tracking", f"the account does not track {what}")]


def _webhooks(reply: Reply | Failure, *, public_key: str) -> Sequence[Verdict]:
    if trouble := _trouble(reply, "webhook"):
        return [trouble]
    hooks = document(reply).get("webhooks")
    if not isinstance(hooks, list):
        return [_nonsense("webhook")]
    ours = next((hook for hook in hooks if _is_ours(hook)), None)
    if ours is None:
        return [_warning("webhook", f"no webhook leads to {_HOOK}: what becomes of messages stays unknown")]
    return [_webhook(ours, public_key=public_key)]


def _webhook(hook: Mapping[str, Any], *, public_key: str) -> Verdict:
    missing = [name for name in _TOLD_ABOUT if hook.get(name) is not True]
    if not hook.get("public_key"):
        return _bad("webhook", "the webhook is not signed, so nothing that it tells is taken: switch its signature on")
    if not same(str(hook["public_key"]), public_key):
        return _bad("webhook", "the webhook signs with another key: set webhook_public_key to its verification key")
    if missing:
        return _warning("webhook", f"the webhook does not tell of {', '.join(missing)}: switch that on")
    if any(hook.get(name) for name in ("open", "click")):
        return _warning("webhook", "the webhook tells of opens or clicks, which nobody reads: switch that off")
    return _good("webhook", "sendgrid tells what becomes of messages")


def _is_ours(hook: object) -> bool:
    """Tell whether a webhook is switched on and leads here."""
    url = hook.get("url") if isinstance(hook, dict) and hook.get("enabled") is True else None
    try:
        return isinstance(url, str) and urlsplit(url).path.rstrip("/") == _HOOK
    except ValueError:
        return False


def _trouble(reply: Reply | Failure, subject: str) -> Verdict | None:
    """Return why an answer tells nothing, if so."""
    if isinstance(reply, Failure):
        return _warning(subject, f"sendgrid could not be asked: {reply.reason}")
    if reply.status == HTTPStatus.UNAUTHORIZED:
        return _bad(subject, "sendgrid refuses the api_key: check it, and region")
    if reply.status == HTTPStatus.FORBIDDEN:
        level = _bad if subject == "credentials" else _warning
        return level(subject, "api_key may not read this: look there yourself, or give it that right")
    return None if reply.status == HTTPStatus.OK else _nonsense(subject, status=reply.status)


def _nonsense(subject: str, *, status: int = 200) -> Verdict:
    return _warning(subject, f"sendgrid answered {status} without telling anything")


def _good(subject: str, sentence: str) -> Verdict:
    return Verdict(level="good", subject=subject, sentence=sentence)


def _warning(subject: str, sentence: str) -> Verdict:
    return Verdict(level="warning", subject=subject, sentence=sentence)


def _bad(subject: str, sentence: str) -> Verdict:
    return Verdict(level="bad", subject=subject, sentence=sentence)
