"""Every error that msdigest raises, in one tree.

::

    MsdigestError                    one sentence: what, where, what to do
    ├── ConfigurationError           all faults of the configuration at once (exit status 2)
    ├── RefusedError                 a command that cannot be carried out as things stand
    │   └── TypedError               an entry that was typed has faults: all of them, each with its field
    ├── VaultError                   a key is missing, wrong or readable by others
    │   └── TokenError               a link's token is forged, cut short or of another purpose
    ├── StoreError                   the database cannot be used
    │   ├── NewerDatabaseError
    │   └── BusyError                another process holds the database's lock
    ├── FetchError                   a source's answer could not be had (carries the URL)
    │   ├── BlockedAddressError
    │   ├── UnreachableError
    │   ├── DeadlineError
    │   ├── TooLargeError
    │   ├── EncodingError
    │   ├── RedirectError
    │   └── RobotsError              the site's robots.txt asks not to be read there
    ├── NamesError                   the DNS has no such record, or does not answer (carries the name, and which)
    ├── CollectError                 an answer was had, but no entries can be made of it
    │   ├── StatusError              an HTTP status that is neither 200 nor 304
    │   ├── NotAFeedError
    │   ├── EmptyAnswerError
    │   ├── LimitError               reading it took too long or too much memory
    │   ├── AnswerError              the answer is not what this kind of source gives
    │   ├── LayoutError              a living page looks unlike itself: the editor decides
    │   └── HeldError                it would make a burst of false news: the editor decides
    ├── TemplateError                a template or stylesheet, with file and line
    │   └── NotCompilableError       it cannot be compiled once for all subscribers
    ├── ProviderError                the mail provider's settings or answer make no sense
    └── HookError                    what somebody posted to a webhook is not taken
        ├── ForgedError              nothing proves that the provider posted it
        ├── StaleError               the provider posted it at another time
        └── UnreadableError          it is genuine and makes no sense

The docstring of an error is its default message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class MsdigestError(Exception):
    """Something in msdigest went wrong."""

    def __init__(self, message: str | None = None) -> None:
        """Take ``message``, or else the first line of the class's docstring."""
        super().__init__(message or (type(self).__doc__ or "").splitlines()[0])


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of the configuration.

    file: as the operator would open it (relative to the folder that holds ``config/``).
    key: dotted path of the setting, e.g. ``digest[weekly].cadence``; empty for the file as a whole.
    message: what is wrong and what would be right, without a full stop.
    """

    file: str
    key: str
    message: str

    def __str__(self) -> str:
        """Tell the fault in one line."""
        return f"{self.file}: {self.key}: {self.message}" if self.key else f"{self.file}: {self.message}"


class ConfigurationError(MsdigestError):
    """The configuration has faults."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Carry every fault that was found; there is at least one."""
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class RefusedError(MsdigestError):
    """This cannot be done as things stand."""


class TypedError(RefusedError):
    """What was typed cannot be taken."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        """Carry a sentence for each field that has a fault; there is at least one."""
        self.faults = dict(faults)
        super().__init__("; ".join(f"{field}: {sentence}" for field, sentence in self.faults.items()))


class VaultError(MsdigestError):
    """The vault's keys cannot be used."""


class TokenError(VaultError):
    """This link is not one of ours, or it was cut short."""


class StoreError(MsdigestError):
    """The database cannot be used."""


class NewerDatabaseError(StoreError):
    """The database was written by a newer msdigest: install that version or newer."""


class BusyError(StoreError):
    """Another msdigest process holds this database: stop it first."""


class FetchError(MsdigestError):
    """A source's answer could not be had."""

    def __init__(self, url: str, message: str | None = None) -> None:
        """Carry the ``url`` that was asked (the one of the last hop)."""
        self.url = url
        super().__init__(f"{message or (type(self).__doc__ or '').splitlines()[0].rstrip('.')} ({url})")


class BlockedAddressError(FetchError):
    """The address is private or reserved and not listed in [fetch] allow_private."""


class UnreachableError(FetchError):
    """The server could not be reached or broke the connection."""

    # How the message begins where not even a connection was made.
    NO_CONNECTION = "no connection could be made"


class DeadlineError(FetchError):
    """The whole answer did not arrive in time."""


class TooLargeError(FetchError):
    """The answer is larger than the limit."""


class EncodingError(FetchError):
    """The answer is compressed in a way that is not accepted."""


class RedirectError(FetchError):
    """The answer is a redirect that is not followed."""


class RobotsError(FetchError):
    """The site's robots.txt asks programs not to read this page."""

    def __init__(self, url: str, message: str | None = None, *, retry_after: float | None = None) -> None:
        """Carry the ``url`` and, where robots.txt itself asks to wait, ``retry_after`` in seconds."""
        self.retry_after = retry_after
        super().__init__(url, message)


class NamesError(MsdigestError):
    """The DNS gave no record."""

    _SENTENCES: ClassVar = {
        "unknown": "the DNS knows no such name",
        "empty": "the DNS has no such record of this name",
        "failed": "the DNS does not answer",
    }

    def __init__(self, name: str, why: Literal["unknown", "empty", "failed"]) -> None:
        """Carry the ``name`` that was asked for and ``why``; only "failed" leaves open whether the record exists."""
        self.name = name
        self.why = why
        super().__init__(f"{self._SENTENCES[why]} ({name})")


class CollectError(MsdigestError):
    """No entries can be made of the source's answer."""


class StatusError(CollectError):
    """The server answered with a status that is no success."""

    def __init__(self, status: int, message: str, *, retry_after: float | None = None) -> None:
        """Carry the HTTP ``status`` and, where given, ``retry_after`` in seconds."""
        self.status = status
        self.retry_after = retry_after
        super().__init__(message)


class NotAFeedError(CollectError):
    """The answer is no feed."""


class EmptyAnswerError(CollectError):
    """The answer is empty."""


class LimitError(CollectError):
    """Reading the answer took too long or too much memory, so it was given up."""


class AnswerError(CollectError):
    """The answer is not what this kind of source gives."""


class HeldError(CollectError):
    """What the source shows now is held for the editor."""


class LayoutError(CollectError):
    """The page's layout changed: compare it with the source's content and stamp settings."""


class TemplateError(MsdigestError):
    """A template cannot be used."""

    def __init__(self, file: str, line: int | None, message: str) -> None:
        """Carry the template's ``file`` and the ``line`` where it is known."""
        self.file = file
        self.line = line
        where = f"{file}, line {line}" if line else file
        super().__init__(f"{where}: {message}")


class NotCompilableError(TemplateError):
    """The template cannot be compiled once for all subscribers."""


class ProviderError(MsdigestError):
    """The mail provider's settings or answer make no sense."""


class HookError(MsdigestError):
    """What was posted is not taken."""


class ForgedError(HookError):
    """Nothing proves that the provider posted this."""


class StaleError(HookError):
    """This was posted at another time."""


class UnreadableError(HookError):
    """This makes no sense."""
