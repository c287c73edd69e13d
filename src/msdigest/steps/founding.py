"""Founding a site: the configuration and templates to edit, and the vault's key."""

from __future__ import annotations

import os
import tomllib
from email.utils import parseaddr
from pathlib import Path
from typing import TYPE_CHECKING

import msdigest
from msdigest.errors import RefusedError
from msdigest.model.neutral import telling_words, word_told_by
from msdigest.render.template import stock_templates
from msdigest.vault import write_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msdigest.config.settings import Settings

# The key, what was sent to whom, and lists of people must not get into a repository.
IGNORED = """\
/config/vault.key
/var/
*.csv
"""


def stock_configuration() -> Path:
    """Return the folder of the stock configuration: inside the wheel, else of the source checkout."""
    package = Path(msdigest.__file__).parent
    for folder in (package / "_site" / "config", package.parents[1] / "config"):
        if (folder / "msdigest.toml").is_file():
            return folder
    message = "the stock configuration is not installed: install msdigest again"
    raise RefusedError(message)


def found(folder: Path, *, instead: Mapping[str, str] | None = None) -> list[Path]:
    """Write ``config/``, ``templates/`` and ``.gitignore`` into ``folder`` and make the vault's key.

    Return what was written. What is there already stays as it is. ``instead``: other texts for some files of
    ``config/``, by name.
    """
    written = []
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(stock_configuration().glob("*.toml"))}
    for name, text in {**texts, **(instead or {})}.items():
        written += _write(folder / "config" / name, text.encode())
    written += _write(folder / ".gitignore", IGNORED.encode())
    stock = stock_templates()
    for path in sorted(path for path in stock.rglob("*") if path.is_file()):
        written += _write(folder / "templates" / path.relative_to(stock), path.read_bytes())
    key = folder / "config" / "vault.key"
    if not key.exists():
        write_keys(key)
        written.append(key)
    return written


def placeholders(settings: Settings) -> list[str]:
    """Return the keys of ``msdigest.toml`` at which the stock example still stands."""
    stock = tomllib.loads((stock_configuration() / "msdigest.toml").read_text(encoding="utf-8"))
    examples = {
        "site.url": (settings.site_url, stock["site"]["url"]),
        "site.contact": (settings.site_contact, stock["site"]["contact"]),
        "mail.from": (settings.sender, stock["mail"]["from"]),
        "mail.postal_address": (settings.postal_address, stock["mail"]["postal_address"]),
    }
    return [key for key, (value, example) in examples.items() if value == example]


def telling_sender(settings: Settings) -> tuple[str, str] | None:
    """Return (key, word) where the sender that neutral readers see tells what their mail is about, else None.

    Without a sender of their own they see the usual address under a neutral name.
    """
    key, sender = "mail.neutral_from", settings.neutral_sender
    if not sender:
        key, sender = "mail.from", parseaddr(settings.sender)[1]
    word = word_told_by(sender, telling_words(settings.vocabulary))
    return None if word is None else (key, word)


def _write(path: Path, body: bytes) -> list[Path]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "wb") as file:
            file.write(body)
    except FileExistsError:
        if path.is_file():
            return []
        message = f"{path}: something else is in the way"
        raise RefusedError(message) from None
    except OSError as error:
        message = f"{path}: cannot be written ({error.strerror})"
        raise RefusedError(message) from None
    return [path]
