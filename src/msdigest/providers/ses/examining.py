"""What can be found out about an account at SES: its keys, the sandbox, the sender's domain, the configuration set.

Answers: Amazon's description of the SES API v2. Keys that may only send mail are enough for sending; then the rest
stays untold.
"""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from msdigest.ports import Failure, Inquiry, Request, Verdict
from msdigest.postal.answers import document

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from msdigest.ports import Reply

_TOLD_ABOUT = ("SEND", "DELIVERY", "DELIVERY_DELAY", "BOUNCE", "COMPLAINT", "REJECT", "RENDERING_FAILURE")
_WATCHED = frozenset(("OPEN", "CLICK"))


def inquiries(base: str, *, domain: str, configuration_set: str, topic: str) -> Sequence[Inquiry]:
    """Return the questions about the account, not yet signed."""
    asked: list[tuple[str, str, Callable[[Reply | Failure], Sequence[Verdict]]]] = [
        ("credentials", "account", partial(_account, configuration_set=configuration_set)),
        ("domain", f"identities/{quote(domain, safe='')}", partial(_domain, domain=domain)),
    ]
    if configuration_set:
        path = f"configuration-sets/{quote(configuration_set, safe='')}"
        asked += [
            ("configuration set", path, partial(_set, name=configuration_set)),
            ("webhook", f"{path}/event-destinations", partial(_destinations, topic=topic)),
        ]
    return [
        Inquiry(subject=subject, request=Request(method="GET", url=f"{base}/v2/email/{path}"), judge=judge)
        for subject, path, judge in asked
    ]


def _account(reply: Reply | Failure, *, configuration_set: str) -> Sequence[Verdict]:
    verdicts = [_trouble(reply, "credentials") or _sending(document(reply))]
    if not configuration_set:
        sentence = "without a configuration_set, nothing tells what becomes of messages: set one with a topic of SNS"
        verdicts.append(_warning("webhook", sentence))
    return verdicts


def _sending(said: Mapping[str, Any]) -> Verdict:
    if said.get("SendingEnabled") is not True or said.get("EnforcementStatus") == "SHUTDOWN":
        return _bad("credentials", "the account may not send mail now: look at its status at SES")
    if said.get("ProductionAccessEnabled") is not True:
        sentence = "the account is in the sandbox, which sends to verified addresses alone: request production access"
        return _bad("credentials", sentence)
    if said.get("EnforcementStatus") == "PROBATION":
        return _warning("credentials", "the account is under review: look at its reputation at SES")
    return _good("credentials", "the account may send mail")


def _domain(reply: Reply | Failure, *, domain: str) -> Sequence[Verdict]:
    if not isinstance(reply, Failure) and reply.status == HTTPStatus.NOT_FOUND:
        return [_warning("domain", f"{domain} is no identity at SES, unless a domain above it is: verify it there")]
    if trouble := _trouble(reply, "domain"):
        return [trouble]
    said = document(reply)
    if said.get("VerifiedForSendingStatus") is not True:
        return [_bad("domain", f"{domain} is not verified at SES: put its records into the DNS")]
    found = said.get("DkimAttributes")
    dkim: Mapping[str, Any] = found if isinstance(found, dict) else {}
    if dkim.get("SigningEnabled") is not True or dkim.get("Status") != "SUCCESS":
        return [_bad("domain", f"SES does not sign for {domain}: set up DKIM there")]
    tokens = dkim.get("Tokens")
    selectors = tuple(token for token in tokens if isinstance(token, str)) if isinstance(tokens, list) else ()
    return [Verdict(level="good", subject="domain", sentence=f"SES signs for {domain}", selectors=selectors)]


def _set(reply: Reply | Failure, *, name: str) -> Sequence[Verdict]:
    subject = "configuration set"
    if not isinstance(reply, Failure) and reply.status == HTTPStatus.NOT_FOUND:
        return [_bad(subject, f"there is no configuration set {name} in this region: nothing can be sent with it")]
    if trouble := _trouble(reply, subject):
        return [trouble]
    options = document(reply).get("SendingOptions")
    if isinstance(options, dict) and options.get("SendingEnabled") is False:
        return [_bad(subject, f"sending is switched off in the configuration set {name}")]
    return [_good(subject, f"the configuration set {name} may be used")]


def _destinations(reply: Reply | Failure, *, topic: str) -> Sequence[Verdict]:
    if trouble := _trouble(reply, "webhook"):
        return [trouble]
    told = document(reply).get("EventDestinations")
    known = (
        [each for each in told if isinstance(each, dict) and each.get("Enabled") is True]
        if isinstance(told, list)
        else []
    )
    return [_topic(known, topic), _tracking(known)]


def _topic(known: Sequence[Mapping[str, Any]], topic: str) -> Verdict:
    kinds = {kind for each in known if topic and _topic_of(each) == topic for kind in _kinds(each)}
    if not kinds:
        return _warning(
            "webhook", "no events go to the topic of [providers.ses]: what becomes of messages stays unknown"
        )
    missing = [name for name in _TOLD_ABOUT if name not in kinds]
    if missing:
        return _warning("webhook", f"the topic is not told of {', '.join(missing)}: add that")
    return _good("webhook", "SES tells the topic what becomes of messages")


def _tracking(known: Sequence[Mapping[str, Any]]) -> Verdict:
    if any(kind in _WATCHED for each in known for kind in _kinds(each)):
        sentence = (
            "events of opens or clicks are wanted; msdigest switches them off in each call, but switch them off there"
        )
        return _warning("tracking", sentence)
    return _good("tracking", "no events of opens or clicks are wanted")


def _topic_of(destination: Mapping[str, Any]) -> object:
    sns = destination.get("SnsDestination")
    return sns.get("TopicArn") if isinstance(sns, dict) else None


def _kinds(destination: Mapping[str, Any]) -> list[str]:
    kinds = destination.get("MatchingEventTypes")
    return [kind for kind in kinds if isinstance(kind, str)] if isinstance(kinds, list) else []


def _trouble(reply: Reply | Failure, subject: str) -> Verdict | None:
    """Return why an answer tells nothing, if so."""
    if isinstance(reply, Failure):
        return _warning(subject, f"ses could not be asked: {reply.reason}")
    if reply.status == HTTPStatus.FORBIDDEN:
        denied = "AccessDenied" in reply.headers.get("x-amzn-errortype", "")
        sentence = "the keys may not read this: look there yourself, or give them that right"
        return (
            _warning(subject, sentence)
            if denied
            else _bad(subject, "ses refuses the keys: check them, region and clock")
        )
    if reply.status != HTTPStatus.OK or not document(reply):
        return _warning(subject, f"ses answered {reply.status} without telling anything")
    return None


def _good(subject: str, sentence: str) -> Verdict:
    return Verdict(level="good", subject=subject, sentence=sentence)


def _warning(subject: str, sentence: str) -> Verdict:
    return Verdict(level="warning", subject=subject, sentence=sentence)


def _bad(subject: str, sentence: str) -> Verdict:
    return Verdict(level="bad", subject=subject, sentence=sentence)
