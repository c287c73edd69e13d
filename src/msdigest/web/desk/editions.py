"""An issue as it reads now: as it is kept, or a draft as it would be composed with what is saved at this moment."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from threading import RLock
from typing import TYPE_CHECKING

from msdigest.errors import RefusedError
from msdigest.model.compiled import Variant
from msdigest.render.email import compile_unchecked
from msdigest.render.program import decode
from msdigest.steps.composing.whole import contents_of, view_of
from msdigest.steps.delivering import inspecting
from msdigest.store import entries as entry_store
from msdigest.store import issues as issue_store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msdigest.app import App
    from msdigest.model.compiled import CompiledIssue
    from msdigest.model.entry import Entry
    from msdigest.model.issue import Edits, Issue
    from msdigest.steps.delivering.inspecting import Example
    from msdigest.web.desk.saved import Saved

_ROOM = 8


class Edition:
    """One issue with its entries and what is compiled of it; a draft is compiled anew, a variant at a time.

    kept: the issue as it is kept. issue: the same, with the sections that it would have now. digest: None if it is no
    longer configured. entries: by id, those too that an editor hid.
    """

    def __init__(self, app: App, kept: Issue, *, anew: bool) -> None:
        """Read ``kept``; ``anew``: do not trust what was compiled, because something may have been saved since."""
        self._app = app
        self.digest = app.settings.digest(kept.digest)
        self._anew = anew and kept.state == "draft" and self.digest is not None
        self._lock = RLock()
        self._compiled: dict[str, CompiledIssue] = {}
        self._examples: dict[str, list[Example]] = {}
        self._changed: dict[str, bool] = {}
        with app.database.reading() as connection:
            self._contents = contents_of(connection, kept, self.digest) if self.digest else None
            revisions = {} if self._contents else issue_store.revisions_in(connection, kept.id)
            chosen = self._contents.chosen if self._contents else entry_store.in_revisions(connection, revisions)
            self.variants = tuple(issue_store.variants_of(connection, kept.id))
        self.entries: Mapping[str, Entry] = {entry.id: entry for entry in chosen}
        self.kept = kept
        self.issue = replace(kept, sections=self._contents.ids) if self._contents and self._anew else kept

    def changed(self, variant: str) -> bool:
        """Tell whether a variant reads otherwise than it was composed; raises TemplateError."""
        if not self._anew or variant not in self.variants:
            return False
        with self._lock:
            if variant not in self._changed:
                self._changed[variant] = self.compiled(variant) != self._kept(variant)
            return self._changed[variant]

    @property
    def as_composed(self) -> bool:
        """Whether every variant still reads as it was composed; raises TemplateError."""
        return not any(map(self.changed, self.variants))

    def compiled(self, variant: str) -> CompiledIssue:
        """Return what a variant is joined from; raises TemplateError, and RefusedError if nobody can read it so."""
        with self._lock:
            if variant not in self._compiled:
                self._compiled[variant] = self._read(variant)
            return self._compiled[variant]

    def weighed(self, variant: str) -> Mapping[str, CompiledIssue]:
        """Return what decides how much fits into a message: all variants, or this one alone if it changed."""
        if self._anew and self.changed(variant):
            return {variant: self.compiled(variant)}
        with self._lock:
            kept = {one: self._compiled.get(one) or self._kept(one) for one in self.variants}
        return kept or {variant: self.compiled(variant)}

    def examples(self, variant: str) -> list[Example]:
        """Return the largest, the median and the smallest message of a variant, as nobody in particular gets them."""
        with self._lock:
            if variant not in self._examples:
                weighed, compiled = self.weighed(variant), self.compiled(variant)
                most = self.digest.max_entries if self.digest else len(self.entries)
                choices = inspecting.extremes(weighed, compiled.ranking, most=most)
                self._examples[variant] = [
                    inspecting.example(self.kept, compiled, self._app.post, variant=variant, which=which, choice=choice)
                    for which, choice in choices.items()
                ]
            return self._examples[variant]

    def _read(self, variant: str) -> CompiledIssue:
        if not self._anew and variant in self.variants:
            return self._kept(variant)
        if self._contents is None:
            message = f"The digest {self.kept.digest} is no longer in config/digests.toml."
            raise RefusedError(message)
        view = view_of(self._contents, self._app.imprint, Variant.of(variant))
        return compile_unchecked(self._app.templates, view, Variant.of(variant))

    def _kept(self, variant: str) -> CompiledIssue:
        with self._app.database.reading() as connection:
            return decode(issue_store.program_of(connection, self.kept.id, variant))


class Editions:
    """Editions as they are asked for; the latest are remembered until something is saved."""

    def __init__(self, app: App, saved: Saved) -> None:
        """Take the site, and what tells that something was saved."""
        self._app = app
        self._saved = saved
        self._found: OrderedDict[tuple[int, str, str], Edition] = OrderedDict()
        # Hash of an issue → the moment at which it was composed here: nothing was saved since.
        self._composed: dict[str, str] = {}
        self._lock = RLock()

    def of(self, issue: Issue) -> Edition:
        """Return ``issue`` as it reads now."""
        stamp = self._saved.stamp()
        key = (issue.id, f"{issue.hash}{issue.state}", stamp)
        with self._lock:
            if key not in self._found:
                self._found[key] = Edition(self._app, issue, anew=self._composed.get(issue.hash) != stamp)
            self._found.move_to_end(key)
            while len(self._found) > _ROOM:
                self._found.popitem(last=False)
            return self._found[key]

    def edit(self, issue: Issue, edits: Edits) -> Issue:
        """Keep a draft with ``edits``; what is compiled then needs no second look."""
        stamp = self._saved.stamp()
        edited = self._app.edit(issue, edits)
        with self._lock:
            self._composed = {edited.hash: stamp}
        return edited
