"""What can be found out about a server at Postmark: whether its token works, its tracking, its stream, its webhook.

Whether a domain is verified there, only another token tells (``X-Postmark-Account-Token``), which msdigest has not.
"""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from msdigest.ports import Failure, Inquiry, Request, Verdict
from msdigest.postal.answers import document, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from msdigest.ports import Reply

_HOOK = "/hooks/postmark"
_TOLD_ABOUT = ("Delivery", "Bounce", "SpamComplaint", "SubscriptionChange")
_REFUSED = frozenset((HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN))


def inquiries(base: str, headers: Mapping[str, str], *, stream: str, domain: str) -> Sequence[Inquiry]:
    """Return the questions about the server, its ``stream`` and its webhooks."""
    asked: dict[str, tuple[str, Callable[[Reply | Failure], Sequence[Verdict]]]] = {
        "credentials": ("/server", partial(_server, domain=domain)),
        "stream": (f"/message-streams/{quote(stream, safe='')}", partial(_stream, stream=stream)),
        "webhook": (f"/webhooks?{urlencode({'MessageStream': stream})}", _webhooks),
    }
    return [
        Inquiry(subject=subject, request=Request(method="GET", url=base + path, headers=headers), judge=judge)
        for subject, (path, judge) in asked.items()
    ]


def _server(reply: Reply | Failure, *, domain: str) -> Sequence[Verdict]:
    if trouble := _trouble(reply, "credentials"):
        return [trouble]
    said = document(reply)
    sandbox = said.get("DeliveryType") == "Sandbox"
    credentials = (
        Verdict(level="bad", subject="credentials", sentence="this server is a sandbox: nothing reaches anybody")
        if sandbox
        else Verdict(level="good", subject="credentials", sentence="postmark knows the server_token")
    )
    return [credentials, _tracking(said), _domain(domain)]


def _tracking(said: Mapping[str, Any]) -> Verdict:
    if said.get("TrackOpens") is False and said.get("TrackLinks") == "None":
        return Verdict(level="good", subject="tracking", sentence="the server tracks neither opens nor links")
    if said.get("TrackOpens") is True:
        # Its manual: what is on at the server no message can switch off.
        sentence = "the server tracks opens, which no message can switch off: switch it off under Settings, Tracking"
        return Verdict(level="bad", subject="tracking", sentence=sentence)
    sentence = "the server tracks links; msdigest switches it off in each message, but switch it off there too"
    return Verdict(level="warning", subject="tracking", sentence=sentence)


def _domain(domain: str) -> Verdict:
    sentence = (
        f"whether {domain} is verified, postmark tells only to an account token, which msdigest does not ask for: "
        "look under Sender Signatures"
    )
    return Verdict(level="warning", subject="domain", sentence=sentence)


def _stream(reply: Reply | Failure, *, stream: str) -> Sequence[Verdict]:
    if not isinstance(reply, Failure) and reply.status in {HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY}:
        sentence = f"the server has no stream {stream}: set message_stream to the ID of one"
        return [Verdict(level="bad", subject="stream", sentence=sentence)]
    if trouble := _trouble(reply, "stream"):
        return [trouble]
    said = document(reply)
    if said.get("ArchivedAt"):
        return [Verdict(level="bad", subject="stream", sentence=f"the stream {stream} is archived: nothing is sent")]
    managed = said.get("SubscriptionManagementConfiguration")
    handling = text_of(managed.get("UnsubscribeHandlingType")) if isinstance(managed, dict) else None
    if handling and handling.lower() == "postmark":
        sentence = (
            f"in the stream {stream} postmark puts its own way to leave into each message, in place of ours: "
            "ask its support to let you manage unsubscribes on your own"
        )
        return [Verdict(level="bad", subject="stream", sentence=sentence)]
    if not handling or handling.lower() not in {"custom", "none"}:
        sentence = f"postmark does not tell who manages unsubscribes in the stream {stream}: look at its settings"
        return [Verdict(level="warning", subject="stream", sentence=sentence)]
    return [Verdict(level="good", subject="stream", sentence=f"the stream {stream} leaves our way to leave alone")]


def _webhooks(reply: Reply | Failure) -> Sequence[Verdict]:
    if trouble := _trouble(reply, "webhook"):
        return [trouble]
    hooks = document(reply).get("Webhooks")
    ours = [hook for hook in hooks if _is_ours(hook)] if isinstance(hooks, list) else []
    if not ours:
        sentence = f"no webhook of the stream leads to {_HOOK}: what becomes of messages stays unknown"
        return [Verdict(level="warning", subject="webhook", sentence=sentence)]
    missing = [name for name in _TOLD_ABOUT if not any(_is_on(hook, name) for hook in ours)]
    if missing:
        sentence = f"the webhook does not tell of {', '.join(missing)}: switch that on"
        return [Verdict(level="warning", subject="webhook", sentence=sentence)]
    return [Verdict(level="good", subject="webhook", sentence="postmark tells what becomes of messages")]


def _is_ours(hook: object) -> bool:
    """Tell whether a webhook leads here; nothing but its path is looked at: the rest holds a password."""
    url = hook.get("Url") if isinstance(hook, dict) else None
    try:
        return isinstance(url, str) and urlsplit(url).path.rstrip("/") == _HOOK
    except ValueError:
        return False


def _is_on(hook: Mapping[str, Any], name: str) -> bool:
    triggers = hook.get("Triggers")
    trigger = triggers.get(name) if isinstance(triggers, dict) else None
    return isinstance(trigger, dict) and trigger.get("Enabled") is True


def _trouble(reply: Reply | Failure, subject: str) -> Verdict | None:
    """Return why an answer tells nothing, if so."""
    if isinstance(reply, Failure):
        return Verdict(level="warning", subject=subject, sentence=f"postmark could not be asked: {reply.reason}")
    if reply.status in _REFUSED:
        return Verdict(level="bad", subject=subject, sentence="postmark refuses the server_token: check it")
    if reply.status != HTTPStatus.OK or not document(reply):
        sentence = f"postmark answered {reply.status} without telling anything"
        return Verdict(level="warning", subject=subject, sentence=sentence)
    return None
