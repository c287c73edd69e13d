"""The composition root: joins the parts. The one file that knows many; it decides nothing."""

from __future__ import annotations

from functools import cached_property, partial
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Self

from msdigest.config.reading import load
from msdigest.enrichments import enriched, in_order, packed
from msdigest.errors import RefusedError, VaultError
from msdigest.fetch.client import HttpClient
from msdigest.lint.checks import lint
from msdigest.lint.inspected import Inspected
from msdigest.lint.leftovers import refused
from msdigest.model.neutral import telling_words
from msdigest.providers.file import FileProvider
from msdigest.render.programs import Programs
from msdigest.render.template import Templates, stock_templates
from msdigest.sandbox.workers import Workers
from msdigest.steps import freezing, hearing, publishing
from msdigest.steps.adding import adding
from msdigest.steps.collecting import rounds
from msdigest.steps.collecting.visiting import Visitors
from msdigest.steps.composing import checking, composing, editing, overruling, wanted
from msdigest.steps.composing.whole import Imprint
from msdigest.steps.delivering import comparing, delivering, inspecting
from msdigest.steps.delivering.press import Post
from msdigest.steps.delivering.rebuilding import Rebuilding
from msdigest.steps.delivering.trial import Trying
from msdigest.store import deliveries as delivery_store
from msdigest.store import entries as entry_store
from msdigest.store import fires
from msdigest.store import issues as issue_store
from msdigest.store.database import Database
from msdigest.tasks import task_list
from msdigest.vault import Vault, read_keys

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from msdigest.config.settings import Settings
    from msdigest.engines.local import LocalEngine
    from msdigest.lint.finding import Finding
    from msdigest.model.clock import Clock
    from msdigest.model.compiled import CompiledIssue
    from msdigest.model.delivery import Account
    from msdigest.model.entry import Entry
    from msdigest.model.issue import Digest, Edits, Issue
    from msdigest.model.source import Kind, Source
    from msdigest.model.typed import Typed
    from msdigest.ports import Collector, Names, Posted, Provider, Sandbox, Verdict
    from msdigest.steps.adding.adding import Added
    from msdigest.steps.collecting.reports import SourceReport
    from msdigest.steps.delivering.rebuilding import Rebuilt
    from msdigest.steps.delivering.trial import Trial
    from msdigest.steps.hearing import Hearing
    from msdigest.steps.publishing import Published
    from msdigest.store.database import Transaction

# One line a kind of source: the module that declares its KIND and reads it with ``collect``.
_COLLECTORS = (
    "msdigest.collect.feed.collecting",
    "msdigest.collect.wordpress.collecting",
    "msdigest.collect.livingpage.collecting",
    "msdigest.collect.ctgov",
    "msdigest.collect.isrctn.collecting",
    "msdigest.collect.ctis.collecting",
    "msdigest.collect.pubmed.collecting",
    "msdigest.collect.europepmc.collecting",
    "msdigest.collect.dataset.collecting",
    "msdigest.collect.editor",
)
# One line a mail provider beside ``file``: the module that makes it with ``provider(options, send)``.
_PROVIDERS = {
    "smtp": "msdigest.providers.smtp.sending",
    "mailgun": "msdigest.providers.mailgun.sending",
    "resend": "msdigest.providers.resend.sending",
    "postmark": "msdigest.providers.postmark.sending",
    "brevo": "msdigest.providers.brevo.sending",
    "ses": "msdigest.providers.ses.sending",
    "sendgrid": "msdigest.providers.sendgrid.sending",
}
_modules = [import_module(name) for name in _COLLECTORS]
KINDS: dict[str, Kind] = {module.KIND.name: module.KIND for module in _modules}
COLLECTORS: dict[str, Collector] = {module.KIND.name: module.collect for module in _modules}


def read_settings(path: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Read the configuration with all kinds of sources that there are; raises ConfigurationError."""
    return load(path, environment, kinds=KINDS)


class App:
    """One site, open: settings, database, vault and doors. Parts are opened when first used; use it with ``with``."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Take what the operator decided and the clock."""
        self.settings = settings
        self.clock = clock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for name in ("sandbox", "provider", "http", "database"):
            # A provider over HTTP has no connections of its own.
            if hasattr(self.__dict__.get(name), "close"):
                self.__dict__[name].close()

    @cached_property
    def database(self) -> Database:
        """The database, upgraded to this version."""
        return Database(self.settings.database)

    @cached_property
    def vault(self) -> Vault:
        """The vault; raises VaultError if its keys are not the ones this database was filled with."""
        vault = Vault(self.settings.keys or read_keys(self.settings.key_file))
        with self.database.writing() as connection:
            if fires.fact(connection, "vault", vault.fingerprint) != vault.fingerprint:
                message = (
                    f"{self.settings.key_file}: these are not the keys this database was filled with: "
                    "put the old key file back"
                )
                raise VaultError(message)
        return vault

    @cached_property
    def http(self) -> HttpClient:
        """The door to the network."""
        return HttpClient(
            contact=self.settings.fetch_contact,
            site_url=self.settings.site_url,
            version=version("msdigest"),
            allow_private=self.settings.allow_private,
        )

    @cached_property
    def sandbox(self) -> Sandbox:
        """Where hostile answers are read."""
        return Workers()

    @cached_property
    def templates(self) -> Templates:
        """The site's templates before the stock ones."""
        return Templates([self.settings.templates, stock_templates()])

    @cached_property
    def provider(self) -> Provider:
        """The mail provider that the operator chose."""
        if self.settings.provider == "file":
            return FileProvider(self.settings.data_dir / "outbox")
        # Only the chosen one is loaded: each brings libraries of its own.
        module = import_module(_PROVIDERS[self.settings.provider])
        send = partial(self.http.send, timeout=delivering.CALL_TIMEOUT)
        made: Provider = module.provider(self.settings.provider_options, send)
        return made

    @cached_property
    def _packed_vocabulary(self) -> bytes:
        return packed(self.settings.vocabulary)

    def enriched(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Return ``entries`` with all that can be known from each alone; found out in the sandbox."""
        return self.sandbox.run(enriched, self._packed_vocabulary, tuple(entries))

    @property
    def imprint(self) -> Imprint:
        """What every issue says of the site."""
        settings = self.settings
        return Imprint(
            site_title=settings.site_title,
            site_url=settings.site_url,
            postal_address=settings.postal_address,
            source_names={source.id: source.name for source in settings.sources},
            topic_names={topic: settings.vocabulary.name(topic) for topic in settings.vocabulary.ids},
            vocabulary=settings.vocabulary,
        )

    @property
    def post(self) -> Post:
        """Who sends, and where links lead."""
        settings = self.settings
        return Post(sender=settings.sender, site_url=settings.site_url, neutral_sender=settings.neutral_sender)

    def enabled_sources(self) -> list[Source]:
        """Return the sources that are asked."""
        return [source for source in self.settings.sources if source.enabled]

    def digest(self, digest_id: str) -> Digest:
        """Return a digest of the configuration; raises RefusedError naming those that exist."""
        found = self.settings.digest(digest_id)
        if found is None:
            known = ", ".join(digest.id for digest in self.settings.digests) or "none"
            message = f"there is no digest {digest_id!r} in config/digests.toml; known: {known}"
            raise RefusedError(message)
        return found

    def issue(self, issue_id: int) -> Issue:
        """Return an issue; raises RefusedError if there is none."""
        with self.database.reading() as connection:
            found = issue_store.get(connection, issue_id)
        if found is None:
            message = f"there is no issue {issue_id}: `msdigest issue list` shows those that exist"
            raise RefusedError(message)
        return found

    def collect(
        self,
        sources: Sequence[Source] | None = None,
        *,
        due_only: bool = False,
        by_name: bool = False,
        accept: bool = False,
        progress: Callable[[SourceReport], None] = lambda _: None,
    ) -> list[SourceReport]:
        """Visit ``sources`` (default: all that are enabled); see ``rounds.collect``."""
        visitors = Visitors(
            database=self.database,
            network=self.http,
            sandbox=self.sandbox,
            clock=self.clock,
            collectors=COLLECTORS,
            enrich=self.enriched,
            enrich_there=partial(enriched, self._packed_vocabulary),
            words=repr(self.settings.vocabulary),
        )
        return rounds.collect(
            visitors,
            sources=self.enabled_sources() if sources is None else sources,
            due_only=due_only,
            by_name=by_name,
            accept=accept,
            progress=progress,
        )

    def add(self, typed: Typed, *, source_id: str = "") -> Added:
        """Keep an entry that an editor typed; see ``adding.add``."""
        desk = adding.Desk(
            database=self.database,
            clock=self.clock,
            sources=self.settings.sources,
            vocabulary=self.settings.vocabulary,
            enrichments=in_order(self.settings.vocabulary),
            site_url=self.settings.site_url,
        )
        return adding.add(desk, typed, source_id=source_id)

    def publish(self) -> Published:
        """Write feeds and pages."""
        settings = self.settings
        with publishing.in_turn(settings.public):
            with self.database.reading() as connection:
                kept, archived = publishing.gathered(connection)
            material = publishing.Material(
                title=settings.site_title,
                url=settings.site_url,
                entries=kept,
                sources=self.enabled_sources(),
                digests=settings.digests,
                issues=archived,
                topics=self.imprint.topic_names,
                contact=settings.site_contact,
            )
            return publishing.publish(material, templates=self.templates, out=settings.public)

    def compose(self, digest: Digest, *, due_at: datetime | None = None) -> Issue | None:
        """Make or remake the digest's draft; None if there is nothing new."""
        return composing.compose(
            self.database,
            self.clock,
            digest=digest,
            imprint=self.imprint,
            templates=self.templates,
            vault=self.vault,
            due_at=due_at,
        )

    def edit(self, issue: Issue, edits: Edits) -> Issue:
        """Compile a draft with what an editor changed."""
        digest = self.digest(issue.digest)
        editing.edit(
            self.database,
            issue=issue,
            edits=edits,
            digest=digest,
            imprint=self.imprint,
            templates=self.templates,
            vault=self.vault,
        )
        return self.issue(issue.id)

    def edits_after(self, issue: Issue, changes: wanted.Wanted) -> Edits:
        """Return the edits of a draft after several changes; see ``wanted.edited``."""
        with self.database.reading() as connection:
            return wanted.edited(connection, issue, self.digest(issue.digest), changes)

    def compiled(self, issue: Issue) -> Mapping[str, CompiledIssue]:
        """Return variant → what was compiled for it, decoded whenever it is asked for."""
        with self.database.reading() as connection:
            return Programs(issue_store.programs_of(connection, issue.id))

    def examples(self, issue: Issue) -> list[inspecting.Example]:
        """Return the largest, the smallest and a middle message of ``issue``, as nobody in particular gets them."""
        most = self.digest(issue.digest).max_entries
        return inspecting.examples(issue, self.compiled(issue), self.post, most=most)

    def lint(self, issue: Issue) -> tuple[Finding, ...]:
        """Check ``issue`` as it would be sent; see ``lint.checks``."""
        with self.database.reading() as connection:
            entries = entry_store.get_many(connection, issue.entries)
            styles, refusal = checking.styles_of(
                connection, issue, digest=self.digest(issue.digest), imprint=self.imprint, templates=self.templates
            )
        if refusal is not None:
            return (refused(refusal),)
        inline_css, head_css = styles
        return lint(
            Inspected(
                specimens=tuple(example.specimen for example in self.examples(issue)),
                entries=entries,
                site_url=self.settings.site_url,
                sender=self.settings.sender,
                postal_address=self.settings.postal_address,
                inline_css=inline_css,
                head_css=head_css,
                at=self.clock.now(),
                oldest=issue.cut_off - self.digest(issue.digest).max_age,
                archive_html=publishing.issue_page_of(self.settings.public, issue),
                neutral_words=telling_words(self.settings.vocabulary),
            )
        )

    def freeze(self, issue: Issue, *, progress: Callable[[int], None] = lambda _: None) -> Account:
        """Decide who gets what of ``issue`` and queue it; raises RefusedError if a check finds an error in it."""
        overruling.refuse_unless_sound(issue, self.lint(issue))
        digest = self.digest(issue.digest)
        freeze = partial(
            freezing.freeze,
            self.database,
            self.vault,
            self.clock,
            issue=issue,
            digest=digest,
            caps=self.provider.caps,
            provider=self.provider.name,
            check=partial(self._compare, issue, digest),
            progress=progress,
        )
        try:
            return freeze()
        except freezing.MissingVariantsError as missing:
            checking.add_variants(
                self.database,
                issue,
                digest=digest,
                imprint=self.imprint,
                templates=self.templates,
                vault=self.vault,
                variants=missing.variants,
            )
        # What nobody has looked at yet is checked like the rest.
        issue = self.issue(issue.id)
        overruling.refuse_unless_sound(issue, self.lint(issue))
        return freeze(issue=issue, check=partial(self._compare, issue, digest))

    def _compare(self, issue: Issue, digest: Digest, connection: Transaction) -> None:
        """Compare what some people get with the naive way, before the first message leaves."""
        checking.check_frozen(
            connection,
            issue,
            digest=digest,
            imprint=self.imprint,
            templates=self.templates,
            some=comparing.some_people(connection, self.vault, self.post, issue),
        )

    @cached_property
    def delivery(self) -> delivering.Delivery:
        """The sender of this process."""
        return delivering.Delivery(self.database, self.vault, self.clock, provider=self.provider, post=self.post)

    def recover(self) -> int:
        """Undo what dead processes held; return how many deliveries became unknown."""
        return delivering.recover(self.database, self.clock, all_of_them=self.database.is_sqlite)

    def deliver(self, *, issue: int | None = None, progress: Callable[[int], None] = lambda _: None) -> Counter[str]:
        """Hold what is too late and deliver everything else that is due."""
        delivering.hold_late(self.database, self.clock)
        return self.delivery.run(issue=issue, progress=progress)

    def reconcile(self, *, issue: int | None = None) -> Counter[str]:
        """Ask the provider now about everything that is in doubt; return how many that settled, by state."""
        delivering.recover(self.database, self.clock, all_of_them=False)
        return self.delivery.reconciling.every_one(issue=issue)

    def hear(self, posted: Posted) -> Hearing:
        """Take what the mail provider tells of messages; see ``hearing.hear``."""
        visit = partial(self.http.send, timeout=hearing.VISIT_TIMEOUT)
        return hearing.hear(self.database, self.vault, self.clock, provider=self.provider, posted=posted, visit=visit)

    def issue_due(self, digest: Digest, scheduled_for: datetime) -> None:
        """Compose the issue of a digest's time and, if nobody has to approve it, queue it."""
        composing.compose_due(
            self.database,
            self.clock,
            digest=digest,
            scheduled_for=scheduled_for,
            compose=partial(self.compose, due_at=scheduled_for),
            send=self.freeze,
        )

    def test_issue(self, issue: Issue, address: str, *, subscriber: str = "", variant: str = "") -> Trial:
        """Send one message of ``issue`` to ``address``, marked as a test; see ``trial.Trying``."""
        most = self.digest(issue.digest).max_entries
        choose = partial(freezing.choice_for, most=most)
        trying = Trying(self.database, self.vault, provider=self.provider, post=self.post, choose=choose, most=most)
        return trying.send(issue, address, subscriber=subscriber, variant=variant)

    def rebuild(
        self,
        issue: Issue,
        *,
        who: str = "",
        out: Path | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Rebuilt:
        """Build again what was sent of ``issue`` and compare it; see ``rebuilding.Rebuilding``."""
        rebuilding = Rebuilding(self.database, self.vault, issue=issue, provider=self.provider, post=self.post)
        return rebuilding.run(who=who, out=out, progress=progress)

    def examine(
        self,
        *,
        message: bytes | None = None,
        names: Names | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> list[Verdict]:
        """Look at the live set-up; ``message``: a mail as it arrived; see ``examining.examine``."""
        from msdigest.fetch.names import Resolver  # noqa: PLC0415  # a door to the DNS that `doctor` alone has
        from msdigest.steps.examining import examining  # noqa: PLC0415  # ten megabytes that nobody else needs
        from msdigest.steps.examining.site import Site  # noqa: PLC0415  # as above

        site = Site(
            settings=self.settings,
            clock=self.clock,
            names=names or Resolver(),
            network=self.http,
            sandbox=lambda: self.sandbox,
            database=lambda: self.database,
            vault=lambda: self.vault,
            provider=lambda: self.provider,
            message=message,
        )
        return examining.examine(site, tell=tell)

    def account(self, issue_id: int) -> Account:
        """Return where everybody of an issue is."""
        with self.database.reading() as connection:
            return delivery_store.account(connection, issue_id)

    def engine(self) -> LocalEngine:
        """Return the bell with the list of tasks."""
        from msdigest.engines.local import LocalEngine  # noqa: PLC0415  # a timetable that only `run` has

        tasks = task_list(
            digests=self.settings.digests,
            collect_due=lambda: self.collect(due_only=True),
            issue_due=self.issue_due,
            publish=self.publish,
            deliver=self.deliver,
        )
        return LocalEngine(self.database, self.clock, tasks)
