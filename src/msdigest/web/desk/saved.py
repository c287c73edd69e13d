"""Templates, styles and configuration as they are saved at this moment: noticed by their files, read when needed."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from msdigest.app import read_settings
from msdigest.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from msdigest.app import App
    from msdigest.errors import Fault

# Other files beside these are what text editors leave lying about while somebody types.
_ENDINGS = (".jinja", ".css", ".js")
# What the site stays with as long as it is open.
_KEPT = ("database", "data_dir", "keys", "key_file", "templates")


class Saved:
    """Tells when something was saved, and lets the site go by the configuration as it is then.

    The site keeps its database, its keys and its folders: another place of theirs needs another start.
    """

    def __init__(self, app: App, config: Path) -> None:
        """Take the site and the file ``msdigest.toml`` that it was read from."""
        self._app = app
        self._config = config
        self._lock = Lock()
        self._read = self.configuration()
        # None yet: what the site read before this page was opened may be another file now.
        self._files: frozenset[Path] = frozenset()
        self.faults: tuple[Fault, ...] = ()

    def stamp(self) -> str:
        """Return a hash over which files there are and when they were saved; another one after every save."""
        return _hash((self.configuration(), *_told(self._templates())))

    def configuration(self) -> str:
        """Return the same for the configuration alone."""
        return _hash(_told(sorted(self._config.parent.glob("*.toml"))))

    def refresh(self) -> None:
        """Let the site go by what is saved now; where the configuration has faults, by the last one without."""
        with self._lock:
            files, configuration = self._templates(), self.configuration()
            if files != self._files:
                # Jinja sees that a file has changed, but not that another one stands before it now.
                vars(self._app).pop("templates", None)
                self._files = files
            if configuration != self._read:
                self._read_again()
                self._read = configuration

    def _read_again(self) -> None:
        before = self._app.settings
        try:
            fresh = read_settings(self._config)
        except ConfigurationError as error:
            self.faults = error.faults
        else:
            self._app.settings = replace(fresh, **{name: getattr(before, name) for name in _KEPT})
            self.faults = ()

    def _templates(self) -> frozenset[Path]:
        return frozenset(_below(self._app.templates.folders))


def _below(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        for place, _, names in os.walk(folder):
            yield from (Path(place, name) for name in names if name.endswith(_ENDINGS))


def _told(files: Iterable[Path]) -> Iterator[str]:
    for file in files:
        try:
            found = file.stat()
        except OSError:  # gone since it was listed, as an editor's own copies are
            continue
        # The number of the file too: a replaced file may have the time and the size of the old one.
        yield f"{file}\0{found.st_mtime_ns}\0{found.st_size}\0{found.st_ino}"


def _hash(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(sorted(parts)).encode("utf-8", "surrogateescape")).hexdigest()[:32]
