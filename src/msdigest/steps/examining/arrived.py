"""What is said of a mail that arrived: one-click leaving, signatures, the receiver's word, and that nobody watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdigest.steps.examining.verdicts import bad, good, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from msdigest.ports import Verdict
    from msdigest.steps.examining.received import Received

SUBJECT = "message"
ONE_CLICK = ("list-unsubscribe", "list-unsubscribe-post")
_METHODS = ("dkim", "spf", "dmarc")
_MOST_HOSTS = 5


def not_looked_at() -> Verdict:
    """Say how a mail is looked at as it arrives."""
    return warning(
        SUBJECT,
        "no received mail was looked at: send yourself a test (`issue test N --to`), save what arrives, "
        "with its headers, and run `doctor --message FILE`: only there it shows whether mail is signed and unchanged",
    )


def judge(found: Received, *, senders: Sequence[str], site: str) -> Iterator[Verdict]:
    """Say what is right and wrong; ``senders``: domains that we send from. ``site``: host of the site."""
    if not found.sender:
        yield bad(SUBJECT, "the file is no mail with a sender: save it with all its headers, as .eml")
        return
    if found.sender not in senders:
        yield warning(SUBJECT, f"the mail is from {found.sender}, not from {senders[0]}: is it one of this site's?")
    yield from _leaving(found, site)
    yield from _results(found)
    yield from _untouched(found, site)


def _leaving(found: Received, site: str) -> Iterator[Verdict]:
    web = [host for scheme, host in found.leave if scheme == "https"]
    if not web or not found.one_click:
        yield bad(
            SUBJECT,
            "it cannot be left by one click: List-Unsubscribe needs an https address and List-Unsubscribe-Post its one "
            "sentence; what the provider took away or changed, its settings of unsubscribe links may bring back",
        )
    elif site not in web:
        yield bad(
            SUBJECT, f"its List-Unsubscribe leads to {web[0]}, not to the site: switch the provider's own link off"
        )
    covering = [each.domain for each in found.signatures if set(ONE_CLICK) <= set(each.covers)]
    if not found.signatures:
        yield bad(SUBJECT, "it has no DKIM signature: set up the sender's domain at your provider")
    elif not covering:
        yield bad(
            SUBJECT,
            "no DKIM signature covers List-Unsubscribe and List-Unsubscribe-Post, so mail programs show no button for "
            "leaving: ask your provider to sign both",
        )
    elif web and found.one_click and site in web:
        yield good(SUBJECT, f"it can be left by one click, and the signature of {covering[0]} covers that")


def _results(found: Received) -> Iterator[Verdict]:
    if not found.told:
        yield warning(
            SUBJECT, "it tells no Authentication-Results: save the mail where it arrived, not where it was sent"
        )
        return
    told = {method: [result for name, result in found.results if name == method] for method in _METHODS}
    # One valid signature is enough, however many others there are.
    failed = [method for method, results in told.items() if results and "pass" not in results]
    silent = [method for method, results in told.items() if not results]
    if failed:
        what = ", ".join(f"{method}={told[method][0]}" for method in failed)
        yield bad(SUBJECT, f"the receiver did not take it as genuine: {what}")
    if silent:
        yield warning(SUBJECT, f"the receiver says nothing of {', '.join(silent)}")
    if not failed and not silent:
        yield good(SUBJECT, "the receiver took it as genuine: dkim, spf and dmarc pass")


def _untouched(found: Received, site: str) -> Iterator[Verdict]:
    watching = [host for host in found.images if host != site]
    rewritten = [host for host in found.links if host != site and host not in found.words]
    if not found.has_html:
        yield warning(SUBJECT, "it has no HTML part: whether links or pictures were put into it cannot be told")
        return
    if watching:
        yield bad(
            SUBJECT,
            f"it loads pictures from {_some(watching)}, which tells who opens it: switch the tracking of opens off",
        )
    if rewritten or site not in found.links:
        where = f" to {_some(rewritten)}" if rewritten else ", none of them to the site"
        yield bad(
            SUBJECT,
            f"its links were changed and lead{where}, which tells who reads what: switch the tracking of clicks off",
        )
    elif not watching:
        yield good(SUBJECT, "its links lead where its text says, and it loads no pictures from elsewhere")


def _some(hosts: Sequence[str]) -> str:
    more = f" and {len(hosts) - _MOST_HOSTS} more" if len(hosts) > _MOST_HOSTS else ""
    return ", ".join(hosts[:_MOST_HOSTS]) + more
