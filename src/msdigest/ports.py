"""The shape of every door, on one page.

Everything here is synchronous and may be called from any thread. Datetimes are aware, UTC. What may be
raised is written down; nothing else is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar, runtime_checkable

from msdigest.model.source import Validators

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import timedelta

    from msdigest.model.delivery import Coding, Doubt, Found, Heard, Outcome, Shipment
    from msdigest.model.entry import Entry, Known
    from msdigest.model.source import Source

NO_VALIDATORS = Validators()
NEVER = datetime.min.replace(tzinfo=UTC)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call to a mail provider. Never printed whole: it is full of addresses."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False, default_factory=dict)
    body: bytes = field(repr=False, default=b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An HTTP answer, wholly received and decoded.

    url: of the last hop. headers: names in lower case.
    moved_to: the new address if every hop on the way was a permanent redirect, else None.
    """

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    moved_to: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that got no whole answer.

    sent: "no" = the body surely was not sent completely: trying again is safe;
          "maybe" = the provider may have acted on it: never try again blindly.
    reason: what happened, without any address of a person in it.
    """

    sent: Literal["no", "maybe"]
    reason: str


class Http(Protocol):
    """The network as one source's collector sees it.

    One request at a time per host, with the source's pause between two; redirects followed (at most 5); robots.txt
    obeyed where the source's kind says so; a port that the source's address names is allowed.
    """

    def get(self, url: str, *, validators: Validators = NO_VALIDATORS, accept: str = "*/*") -> Reply:
        """Fetch ``url``, conditionally if there are ``validators``; any status is an answer.

        Raises FetchError for everything that is no answer.
        """
        ...

    def post(self, url: str, *, body: bytes, content_type: str, accept: str = "*/*") -> Reply:
        """Ask ``url`` with a ``body``; a redirect is not followed. Else as ``get``."""
        ...


class Network(Protocol):
    """The one door to the network."""

    def visiting(self, source: Source) -> Http:
        """Return the network as the collector of ``source`` may use it."""
        ...

    def send(self, request: Request, *, timeout: float = 60.0) -> Reply | Failure:
        """Make one call to the operator's mail provider; raises nothing for faults of the network."""
        ...


class Names(Protocol):
    """The DNS. Where there is no record NamesError is raised, which tells "there is none" from "nobody answered"."""

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the TXT records, each joined to one text; an alias (CNAME) is followed."""
        ...

    def mx(self, name: str) -> tuple[str, ...]:
        """Return the hosts that take mail, the preferred first; one that is empty says that no mail is taken."""
        ...

    def cname(self, name: str) -> str:
        """Return the name that this one is an alias of."""
        ...

    def addresses(self, name: str) -> tuple[str, ...]:
        """Return the addresses of a host, IPv4 first."""
        ...


class Sandbox(Protocol):
    """Runs what reads hostile bytes where it can do no harm: with limits of time and memory."""

    def run(self, function: Callable[..., T], *args: object) -> T:
        """Return ``function(*args)``; it is a public function of a module, pure, of plain and model values.

        Raises LimitError when it took too long or too much memory, and whatever MsdigestError it raised itself.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What msdigest remembers of a source when it visits it again.

    now: the moment of this visit. since: the last visit that succeeded; None = this is the first. A source that
        gives only what is recent is asked for everything since then.
    body_hash: of the last body that was read, so that an equal one need not be parsed.
    notes: what the collector itself wished to remember, e.g. validators of several addresses (see ``answers``).
    known: gives the entries that the source showed before (asked only by collectors that need them).
    seen: tells which of these keys the source showed before.
    enrich: says what can be known from entries alone. A collector may hand it to the function by which it reads (it can
        be pickled), so that what was read need not travel twice; ``Collected.enriched`` says so.
    accept: an editor has looked: a new layout is to be taken now. Doubts are told all the same: the step knows which
        of them were looked at.
    """

    now: datetime = NEVER
    since: datetime | None = None
    validators: Validators = NO_VALIDATORS
    body_hash: str | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    known: Callable[[], Sequence[Known]] = tuple
    seen: Callable[[Iterable[str]], frozenset[str]] = lambda _: frozenset()
    enrich: Callable[[Sequence[Entry]], Sequence[Entry]] | None = None
    accept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What a visit brought.

    status: unchanged = nothing to read (304 or the same body); entries is empty then.
    entries: what the source shows now, not yet enriched; with doubts, they are held for the editor.
    notes: replaces ``Memory.notes`` of the next visit. min_interval: seconds that the source asks to be left alone.
    whole: the entries are the newest that the source has, as in a feed: where most are unknown to us and yet old, its
        ids changed. filtered: the collector has already left out what ``Source.filter`` does not take.
    gone: keys of known entries that a complete view of the source no longer shows.
    warnings: sentences for the editor, e.g. that an entry was cut short and held.
    """

    status: Literal["ok", "unchanged"]
    entries: tuple[Entry, ...] = ()
    gone: tuple[str, ...] = ()
    whole: bool = False
    filtered: bool = False
    enriched: bool = False
    validators: Validators = NO_VALIDATORS
    body_hash: str | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    moved_to: str | None = None
    min_interval: float | None = None
    warnings: tuple[str, ...] = ()


class Collector(Protocol):
    """Turns a source into entries. Knows no store and no clock."""

    def __call__(self, source: Source, memory: Memory, http: Http, sandbox: Sandbox) -> Collected:
        """Visit ``source``; raises FetchError or CollectError, and then nothing is kept.

        Whatever parses an answer runs in the ``sandbox``.
        """
        ...


class Enrichment(Protocol):
    """Adds what can be known from an entry alone: idempotent, keeps its identity, never raises."""

    def __call__(self, entry: Entry) -> Entry:
        """Return ``entry`` with more said about it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """What a provider can do.

    max_recipients, max_bytes: of one call; a body that turns out larger is cut in two before anything is sent.
    substitutes: one letter a call with variables for each recipient (else every recipient's own message).
    whole: it takes or refuses a call as a whole, so that one accepted message settles all of them.
    parallel: how many calls may be under way at once. coding: how it wants bodies written.
    pace: calls a second that it allows before it says otherwise in its answers; None: not known.
    repeats: so long after the first call, the same attempt with the same bytes is sent at most once however often it is
        called; None: never.
    remembers: so long it can be asked what it took; None: it cannot be asked.
    """

    max_recipients: int
    substitutes: bool
    max_bytes: int = 20_000_000
    whole: bool = True
    parallel: int = 1
    coding: Coding = "plain"
    pace: float | None = None
    repeats: timedelta | None = None
    remembers: timedelta | None = None


class Provider(Protocol):
    """Hands a batch to a mail provider: build, then carry, then parse. Build and parse are pure."""

    name: str
    caps: Caps

    def build(self, shipment: Shipment) -> Request:
        """Make the request; the same shipment gives the same bytes."""
        ...

    def carry(self, request: Request) -> Reply | Failure:
        """Make the call; raises nothing for faults of the network or the disk."""
        ...

    def parse(self, reply: Reply | Failure, shipment: Shipment) -> list[Outcome]:
        """Return one outcome for each recipient, in their order.

        Raises ProviderError where the account or the settings are refused: nobody was sent anything then.
        """
        ...


@runtime_checkable
class Searchable(Protocol):
    """A provider that can be asked what it took (``Caps.remembers``). Both are pure; ``carry`` makes the call."""

    def search(self, doubt: Doubt, *, page: str = "") -> Request:
        """Ask about an attempt; ``page``: ``Found.more`` of the answer before."""
        ...

    def found(self, reply: Reply | Failure, doubt: Doubt) -> Found:
        """Read the answer; raises ProviderError where the account may not ask."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A webhook call as it arrived: names of headers in lower case, the body's very bytes."""

    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@runtime_checkable
class Audible(Protocol):
    """A provider that tells by webhook what became of messages."""

    def hear(self, posted: Posted, *, now: datetime) -> Heard:
        """Return what was told; first it is proven that the provider told it, and that just now.

        Raises ForgedError for a signature or credentials that do not prove it, StaleError for a call of another time,
        and UnreadableError for one that is genuine and makes no sense; ProviderError where what proves a call has to be
        fetched and cannot be for now: it has to be told again.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One line of what ``doctor`` found. subject: what was looked at. sentence: how it is, and what to do about it.

    selectors: names under which the provider's DKIM keys stand in the DNS, where its answer tells them.
    """

    level: Literal["good", "warning", "bad"]
    subject: str
    sentence: str
    selectors: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """A question about the operator's account that sends nothing and changes nothing, and how its answer is judged."""

    subject: str
    request: Request
    judge: Callable[[Reply | Failure], Sequence[Verdict]] = field(repr=False)


@runtime_checkable
class Examinable(Protocol):
    """A provider whose account can be looked at: credentials, the sender's domain, tracking."""

    def inquiries(self, *, domain: str) -> Sequence[Inquiry]:
        """Return what to ask; ``domain``: of the sender's address."""
        ...


class Sealer(Protocol):
    """Encrypts what is personal before it is kept."""

    def seal(self, plain: bytes, *, about: str) -> bytes:
        """Encrypt; ``about`` binds the result to its place."""
        ...

    def open(self, sealed: bytes, *, about: str) -> bytes:
        """Decrypt what was sealed for the same place; raises VaultError."""
        ...


class Task(Protocol):
    """Something that runs at its times; it first asks the tables whether there is still something to do."""

    def __call__(self, scheduled_for: datetime, /) -> object:
        """Do what is due."""
        ...
