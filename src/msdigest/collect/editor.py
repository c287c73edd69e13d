"""Entries that editors type: there is nobody to ask, so a visit finds nothing new. See ``steps/adding/``."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msdigest.model.source import Kind
from msdigest.model.typed import EDITOR
from msdigest.ports import Collected

if TYPE_CHECKING:
    from msdigest.model.source import Source
    from msdigest.ports import Http, Memory, Sandbox

KIND = Kind(name=EDITOR, has_url=False, interval=timedelta(hours=24), own_rhythm=False)


def collect(_source: Source, memory: Memory, _http: Http, _sandbox: Sandbox) -> Collected:
    """Ask nobody: what was typed stays as it is."""
    return Collected(status="unchanged", body_hash=memory.body_hash)
