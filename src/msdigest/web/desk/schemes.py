"""A message as it looks in the dark or in the light, whatever the screen is set to: for a look, never for sending."""

from __future__ import annotations

import re
from typing import Literal

Scheme = Literal["", "light", "dark"]
# Nothing is forced; then the frame is the message byte for byte.
AS_THE_SCREEN: Scheme = ""
SCHEMES: tuple[Scheme, ...] = (AS_THE_SCREEN, "light", "dark")
_STYLE = re.compile(r"<style\b[^>]*>.*?</style\s*>", re.IGNORECASE | re.DOTALL)
_QUERY = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
_ONLY_QUERY = re.compile(r"@media\s*\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)(?=\s*\{)", re.IGNORECASE)
_PROPERTY = re.compile(r"(?<![\w-])color-scheme\s*:\s*light\s+dark", re.IGNORECASE)


def forced(html: str, scheme: Scheme) -> str:
    """Return ``html`` with its stylesheets' questions about the colour scheme answered by ``scheme``."""
    if scheme == AS_THE_SCREEN:
        return html
    return _STYLE.sub(lambda style: _answered(style[0], scheme), html)


def _answered(style: str, scheme: Scheme) -> str:
    style = _ONLY_QUERY.sub(lambda asked: "@media all" if asked[1].lower() == scheme else "@media not all", style)
    # Among other conditions: what is always true, and what no screen is.
    style = _QUERY.sub(lambda asked: "(min-width: 0)" if asked[1].lower() == scheme else "(max-width: 0)", style)
    return _PROPERTY.sub(f"color-scheme: {scheme}", style)
