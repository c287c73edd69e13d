"""The site's address, where links in mails lead, and the one that the provider's webhook calls."""

from __future__ import annotations

from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING

from msdigest.errors import FetchError
from msdigest.model.source import Source
from msdigest.steps.examining.verdicts import bad, good, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdigest.ports import Network, Reply, Verdict

SITE, HOOK = "site", "webhook"
# What msdigest answers to a call that proves nothing.
_OURS = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_ABSENT = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)


def hook_url(site_url: str, provider: str) -> str:
    """Return the address that a provider's webhook is to call."""
    return f"{site_url.rstrip('/')}/hooks/{provider}"


def gather_site(network: Network, site_url: str) -> Reply | FetchError:
    """Ask for the site's first page as a reader would."""
    try:
        return network.visiting(_as_source(site_url)).get(f"{site_url.rstrip('/')}/", accept="text/html")
    except FetchError as error:
        return error


def gather_hook(network: Network, url: str) -> Reply | FetchError:
    """Call the webhook with nothing: it must be refused."""
    try:
        return network.visiting(_as_source(url)).post(url, body=b"", content_type="application/json")
    except FetchError as error:
        return error


def _as_source(url: str) -> Source:
    return Source(id="doctor", kind="doctor", url=url, min_delay=0.0)


def judge_site(url: str, answer: Reply | FetchError, *, title: str) -> Iterator[Verdict]:
    """Say whether readers get to the site, and safely."""
    if not url.startswith("https://"):
        yield bad(
            SITE,
            f"[site] url is {url}: links to leave by one click must begin with https://, and mail programs want it",
        )
    if isinstance(answer, FetchError):
        yield bad(SITE, f"readers cannot reach the site: {answer}; links in mails lead there, also those to leave")
    elif answer.status >= HTTPStatus.BAD_REQUEST:
        yield bad(SITE, f"{url}/ answers {answer.status}: run `msdigest publish`, and see where that address leads")
    elif not _tells(answer.body, title):
        yield warning(SITE, f"{url}/ answers, but not with the page of this site: see where that address leads")
    else:
        yield good(SITE, f"{url}/ is reached and shows this site")


def _tells(body: bytes, title: str) -> bool:
    text = body.decode("utf-8", "replace")
    return title in text or escape(title) in text


def judge_hook(url: str, answer: Reply | FetchError) -> Verdict:
    """Say whether the provider can tell of bounces and complaints."""
    if isinstance(answer, FetchError):
        return bad(HOOK, f"the provider cannot tell of bounces and complaints: {answer}")
    if answer.status in _OURS:
        return good(HOOK, f"{url} is reached and refuses a call that proves nothing ({answer.status})")
    if answer.status in _ABSENT:
        return bad(HOOK, f"{url} answers {answer.status}: see that `msdigest run` is up and that /hooks leads to it")
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return bad(HOOK, f"{url} answers {answer.status}: see that `msdigest run` is up")
    return warning(HOOK, f"{url} answers {answer.status} to a call that proves nothing: is it msdigest that answers?")


def no_hook(provider: str) -> Verdict:
    """Say that a provider has none."""
    return warning(
        HOOK,
        f"{provider} tells nothing by webhook: bounces come as mail to the sender: hand these mails to "
        "`msdigest bounces FILE`, and addresses that take no mail are suppressed",
    )
