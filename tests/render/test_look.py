"""The look keeps its promise: every text is told from its ground by at least 7 to 1."""

from __future__ import annotations

import pytest

from msdigest.model.subscriber import THEMES
from msdigest.render.look import DARK, LIGHT, LOOKS, LOW_GLARE


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, LOW_GLARE, DARK], ids=["light", "low-glare", "dark"])
def test_text_is_readable(colours) -> None:
    """On the background, on the panel and in every pill; a rule is no text and needs 3."""
    for ground in (colours.background, colours.panel):
        for text in (colours.ink, colours.muted, colours.link, colours.accent):
            assert _contrast(text, ground) >= 7, (text, ground)
        assert _contrast(colours.rule, ground) >= 3
    for text, ground in colours.tints.values():
        assert _contrast(text, ground) >= 7, (text, ground)


def test_contrast_is_measured_as_everybody_does() -> None:
    """Black on white is 21."""
    assert _contrast("#000000", "#ffffff") == pytest.approx(21)


def test_every_theme_has_a_look() -> None:
    """And none has a text below 16 px; the large one reads at 24."""
    assert set(LOOKS) == set(THEMES)
    for look in LOOKS.values():
        sizes = look.sizes
        assert sizes.h1 > sizes.h2 > sizes.h3 > sizes.body > sizes.small >= 16
        assert set(look.light.tints) == set(look.dark.tints)
    assert LOOKS["large"].sizes.body == 24
