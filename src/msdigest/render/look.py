"""The look's tokens: colours and sizes by theme, for mail and web alike.

Every text colour has a contrast of at least 7 on the background and on the panel (a test measures it).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

READING_FONT = "Georgia, 'Iowan Old Style', 'Noto Serif', serif"
LABEL_FONT = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """One scheme. ``tints``: name of a label's tint → (text, background); ``rule`` is never text."""

    background: str
    panel: str
    ink: str
    muted: str
    link: str
    accent: str
    rule: str
    tints: Mapping[str, tuple[str, str]] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Type sizes in px."""

    body: float = 18.67
    small: float = 16
    h1: float = 30
    h2: float = 24
    h3: float = 20.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One theme: its light colours, the dark ones (the same for all) and its sizes."""

    light: Colours
    dark: Colours
    sizes: Sizes
    reading_font: str = READING_FONT
    label_font: str = LABEL_FONT


_LIGHT_TINTS = {
    "caution": ("#5a3d00", "#fff4d6"),
    "alarm": ("#7a1f1f", "#fdecec"),
    "trial": ("#0e4a3b", "#e3f4ee"),
    "guidance": ("#123f73", "#e6f0fb"),
    "neutral": ("#4a4f55", "#eceff2"),
}
_DARK_TINTS = {
    "caution": ("#ffe0a3", "#3a2f16"),
    "alarm": ("#ffc9c9", "#3f2020"),
    "trial": ("#b6ecd9", "#173a30"),
    "guidance": ("#c2dcff", "#1c324d"),
    "neutral": ("#d3d7db", "#33373b"),
}
LIGHT = Colours(
    background="#ffffff", panel="#f3f5f7", ink="#1a1a1a", muted="#4a4f55", link="#0b4f8a", accent="#5b2a86",
    rule="#767b82", tints=_LIGHT_TINTS,
)  # fmt: skip
LOW_GLARE = Colours(
    background="#fdf6e3", panel="#f6ecd2", ink="#1f1b14", muted="#4d4636", link="#0a487d", accent="#5a2a7a",
    rule="#7a7260", tints=_LIGHT_TINTS,
)  # fmt: skip
DARK = Colours(
    background="#1b1b1b", panel="#262829", ink="#ececec", muted="#c3c7cb", link="#9cc9ff", accent="#d9b8f5",
    rule="#8a8f95", tints=_DARK_TINTS,
)  # fmt: skip

# The large theme is the standard one times 24 / 18.67.
LOOKS: Mapping[str, Look] = {
    "standard": Look(light=LIGHT, dark=DARK, sizes=Sizes()),
    "large": Look(light=LIGHT, dark=DARK, sizes=Sizes(body=24, small=20.5, h1=38.5, h2=31, h3=26.5)),
    "low-glare": Look(light=LOW_GLARE, dark=DARK, sizes=Sizes()),
}
