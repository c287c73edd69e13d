"""A whole site in a folder of a test: configuration, templates, key, and an open App."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msdigest.app import App
from msdigest.app import read_settings as load
from msdigest.model.clock import FixedClock
from msdigest.steps import founding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MAIN = """
[site]
title = "MS Research Digest"
url = "https://digest.example.org"
contact = "editor@digest.example.org"

[storage]
database = "{database}"

[mail]
provider = "{provider}"
from = "MS Research Digest <digest@mail.example.org>"
postal_address = "1 Nowhere Quay, Example Harbour"

[providers.mailgun]
domain = "mail.example.org"
api_key = {{env = "SINK_KEY"}}
base_url = "{base_url}"

[fetch]
allow_private = ["127.0.0.0/8"]
"""
DIGESTS = """
[[digest]]
id = "weekly"
title = "MS Research Digest"
cadence = "weekly mon 07:00"
zone = "Europe/London"
sections = [{ title = "From the blogs", kinds = ["post"] }]
"""


def write_site(
    folder: Path,
    *,
    sources: Sequence[dict[str, str]] = (),
    provider: str = "file",
    base_url: str = "http://127.0.0.1:9",
    database: str = "sqlite:///var/msdigest.db",
    digests: str = DIGESTS,
) -> Path:
    """Write a configuration into ``folder`` and return the path of its main file."""
    tables = ["[[source]]\n" + "".join(f"{key} = '{value}'\n" for key, value in source.items()) for source in sources]
    texts = {
        "msdigest.toml": MAIN.format(provider=provider, base_url=base_url, database=database),
        "sources.toml": "\n".join(tables),
        "digests.toml": digests,
    }
    founding.found(folder, instead=texts)
    return folder / "config" / "msdigest.toml"


@contextmanager
def opened(config: Path, clock: FixedClock | None = None) -> Iterator[App]:
    """Open the site; the sink's key is in its environment."""
    with App(load(config, {"SINK_KEY": "key-of-the-sink"}), clock or FixedClock(START)) as app:
        yield app
