"""What an issue is joined from, a variant at a time: in full, all of them would take some ten megabytes each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msdigest.model.compiled import CompiledIssue
from msdigest.render.program import decode


class Programs(Mapping[str, CompiledIssue]):
    """Variant → what was compiled for it, decoded whenever it is asked for and not remembered."""

    def __init__(self, bodies: Mapping[str, bytes]) -> None:
        """Take the kept bytes by variant; they are a hundredth of what they are decoded to."""
        self._bodies = bodies

    def __getitem__(self, variant: str) -> CompiledIssue:
        return decode(self._bodies[variant])

    def __contains__(self, variant: object) -> bool:
        # Asked by a mapping of itself, it would be decoded for it.
        return variant in self._bodies

    def __iter__(self) -> Iterator[str]:
        return iter(self._bodies)

    def __len__(self) -> int:
        return len(self._bodies)
