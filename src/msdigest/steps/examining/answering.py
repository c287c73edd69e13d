"""Whether answers arrive: the mail hosts of the sender's and the contact's domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msdigest.errors import NamesError
from msdigest.steps.examining.verdicts import AGAIN, bad, good, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdigest.ports import Names, Verdict

SUBJECT = "answers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """Who takes the mail of a domain. lost: hosts without an address. plain: it has an address itself, no mail host."""

    domain: str
    hosts: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    plain: bool = False
    silent: bool = False


def gather(names: Names, domain: str) -> Hosts:
    """Look up who takes mail for ``domain``."""
    try:
        hosts = names.mx(domain)
    except NamesError as error:
        silent = error.why == "failed"
        return Hosts(domain=domain, silent=silent, plain=not silent and _has_address(names, domain))
    return Hosts(
        domain=domain, hosts=hosts, lost=tuple(host for host in hosts if host and not _has_address(names, host))
    )


def _has_address(names: Names, host: str) -> bool:
    try:
        return bool(names.addresses(host))
    except NamesError as error:
        # Whoever does not answer now is not said to be missing.
        return error.why == "failed"


def judge(found: Hosts, *, whose: str) -> Iterator[Verdict]:
    """Say whether mail to it can arrive; ``whose``: the sender's or the contact's."""
    domain = f"{found.domain} ({whose})"
    there = [host for host in found.hosts if host and host not in found.lost]
    if found.silent:
        yield warning(SUBJECT, f"the DNS does not answer for the mail hosts of {domain}: {AGAIN}")
    elif found.plain:
        yield warning(SUBJECT, f"{domain} names no mail host (MX), so its own address is tried: enter an MX record")
    elif not found.hosts:
        yield bad(SUBJECT, f"{domain} can take no mail: answers are lost, and some receivers refuse such a sender")
    elif not any(found.hosts):
        yield bad(SUBJECT, f"{domain} says that it takes no mail: answers are lost, and some receivers refuse it")
    elif not there:
        yield bad(SUBJECT, f"no mail host of {domain} has an address: compare its MX records with what they should be")
    else:
        yield good(SUBJECT, f"{domain} takes mail at {there[0]}")
