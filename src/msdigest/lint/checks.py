"""Placeholder until the checks are here; not committed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from msdigest.lint.finding import Finding
    from msdigest.lint.inspected import Inspected


def lint(inspected: Inspected) -> tuple[Finding, ...]:  # noqa: ARG001
    """Find nothing yet."""
    return ()
