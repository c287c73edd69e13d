"""What the operator decided, frozen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from msdigest.model.issue import Digest
    from msdigest.model.registry import Registry
    from msdigest.model.source import Source
    from msdigest.model.topic import Vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything the operator decided.

    root: the folder that holds ``config/``; relative paths start there.
    config_dir: the folder of the configuration files. templates: the site's own templates (may be missing).
    database: SQLAlchemy-like URL, with an absolute path for SQLite.
    provider_options: the keys of the chosen provider, secrets already taken from the environment.
    keys: text of the vault's keys if the environment gives them, else None and ``key_file`` holds them.
    """

    root: Path
    config_dir: Path
    templates: Path
    site_title: str
    site_url: str
    site_contact: str
    database: str
    data_dir: Path
    key_file: Path
    keys: str | None
    provider: str
    provider_options: Mapping[str, str]
    sender: str
    neutral_sender: str
    postal_address: str
    fetch_contact: str
    allow_private: tuple[str, ...]
    sources: tuple[Source, ...]
    digests: tuple[Digest, ...]
    vocabulary: Vocabulary
    registries: tuple[Registry, ...] = ()

    @property
    def public(self) -> Path:
        """Where feeds and pages are written."""
        return self.data_dir / "public"

    def digest(self, digest_id: str) -> Digest | None:
        """Return the digest of that id, if there is one."""
        return next((digest for digest in self.digests if digest.id == digest_id), None)
