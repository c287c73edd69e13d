"""Which domains a site's mail leaves from, as far as its configuration tells."""

from __future__ import annotations

from email.utils import parseaddr
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from msdigest.config.settings import Settings


def domain_of(mailbox: str) -> str:
    """Return the domain of an address as the DNS knows it."""
    domain = parseaddr(mailbox)[1].rpartition("@")[2].lower().strip(".")
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


def senders(settings: Settings) -> list[str]:
    """Return the domains of the sender and of the neutral one, each once."""
    both = (settings.sender, settings.neutral_sender)
    return list(dict.fromkeys(domain_of(mailbox) for mailbox in both if mailbox))


def signer(settings: Settings, *, sender: str) -> str:
    """Return the domain at which keys stand of which a provider tells no more than the selector."""
    # Of these providers Mailgun alone signs for a domain of its settings, whoever the sender is.
    return settings.provider_options["domain"].lower() if settings.provider == "mailgun" else sender


def envelope(settings: Settings, *, sender: str) -> str:
    """Return the domain of the Return-Path; empty where the provider alone knows it."""
    return signer(settings, sender=sender) if settings.provider in {"mailgun", "smtp"} else ""
