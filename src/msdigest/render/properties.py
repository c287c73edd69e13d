"""The properties that an inlined stylesheet may set, what values each may have, and which of them overlap.

A browser passes over a declaration that it does not understand and keeps the one before; premailer writes the last one
whatever it says, and loses properties that it never heard of. So only what is surely understood is let through.
"""

from __future__ import annotations

import re

_SIDES = ("top", "right", "bottom", "left")
_CORNERS = ("top-left", "top-right", "bottom-right", "bottom-left")
_ASPECTS = ("width", "style", "color")
# Names that every mail program knows.
_NAMED_COLOURS = (
    "black|silver|gray|white|maroon|red|purple|fuchsia|green|lime|olive|yellow|navy|blue|teal|aqua|transparent"
)
_COLOUR = rf"(?:#[0-9a-f]{{3}}|#[0-9a-f]{{6}}|{_NAMED_COLOURS})"
_NUMBER = r"(?:\d+(?:\.\d+)?|\.\d+)"
_SIZE = rf"(?:0|{_NUMBER}(?:px|pt|em|rem|%))"
# A percentage of what it would be a percentage of is not known to borders and letters.
_LENGTH = rf"(?:0|{_NUMBER}(?:px|pt|em|rem))"
_MARGIN = rf"(?:-?{_SIZE}|auto)"
_THICKNESS = rf"(?:{_LENGTH}|thin|medium|thick)"
_LINE = r"(?:none|solid|dashed|dotted|double)"
_BORDER = rf"(?:(?:{_THICKNESS}(?: {_LINE})?|{_LINE}(?: {_THICKNESS})?)(?: {_COLOUR})?)"
_WEIGHT = r"(?:normal|bold|bolder|lighter|[1-9]00)"
_LEADING = rf"(?:normal|{_NUMBER}|{_SIZE})"
# No name of a font, except between quotes.
_WORD = r"(?!(?:inherit|initial|unset|revert|default)\b)-?[a-z][a-z-]*"
_FAMILY = rf"""(?:"[^"\\]+"|'[^'\\]+'|{_WORD}(?: {_WORD})*)"""
_FAMILIES = rf"{_FAMILY}(?: ?, ?{_FAMILY})*"
_BULLET = r"(?:none|disc|circle|square|decimal|lower-alpha|upper-alpha|lower-roman|upper-roman)"


def _up_to_four(value: str) -> str:
    return rf"{value}(?: {value}){{0,3}}"


_VALUES = {
    "background": rf"none|{_COLOUR}(?: none)?",
    "background-color": _COLOUR,
    "border": _BORDER,
    **{f"border-{side}": _BORDER for side in _SIDES},
    **{f"border-{side}-width": _THICKNESS for side in _SIDES},
    **{f"border-{side}-style": _LINE for side in _SIDES},
    **{f"border-{side}-color": _COLOUR for side in _SIDES},
    "border-width": _up_to_four(_THICKNESS),
    "border-style": _up_to_four(_LINE),
    "border-color": _up_to_four(_COLOUR),
    "border-radius": _up_to_four(_SIZE),
    **{f"border-{corner}-radius": _SIZE for corner in _CORNERS},
    "border-collapse": "collapse|separate",
    "border-spacing": rf"{_LENGTH}(?: {_LENGTH})?",
    "box-sizing": "border-box|content-box",
    "clear": "none|left|right|both",
    "color": _COLOUR,
    "direction": "ltr|rtl",
    "display": "none|block|inline|inline-block|list-item|table|table-row|table-cell",
    "float": "none|left|right",
    "font": rf"(?:(?:normal|italic) )?(?:{_WEIGHT} )?{_SIZE}(?:/{_LEADING})? {_FAMILIES}",
    "font-family": _FAMILIES,
    "font-size": _SIZE,
    "font-style": "normal|italic",
    "font-variant": "normal|small-caps",
    "font-weight": _WEIGHT,
    "height": rf"{_SIZE}|auto",
    "hyphens": "none|manual|auto",
    "letter-spacing": rf"normal|-?{_LENGTH}",
    "line-height": _LEADING,
    "list-style": rf"{_BULLET}(?: (?:inside|outside))?",
    "list-style-type": _BULLET,
    "list-style-position": "inside|outside",
    "margin": _up_to_four(_MARGIN),
    **{f"margin-{side}": _MARGIN for side in _SIDES},
    "max-height": rf"{_SIZE}|none",
    "max-width": rf"{_SIZE}|none",
    "min-height": _SIZE,
    "min-width": _SIZE,
    "opacity": r"0|1|0?\.\d+",
    "overflow": "visible|hidden|auto|scroll",
    "overflow-wrap": "normal|break-word|anywhere",
    "padding": _up_to_four(_SIZE),
    **{f"padding-{side}": _SIZE for side in _SIDES},
    "table-layout": "auto|fixed",
    "text-align": "left|right|center|justify|start|end",
    "text-decoration": "none|underline|overline|line-through",
    "text-indent": f"-?{_SIZE}",
    "text-transform": "none|capitalize|uppercase|lowercase",
    "vertical-align": rf"baseline|sub|super|top|middle|bottom|text-top|text-bottom|-?{_SIZE}",
    "visibility": "visible|hidden|collapse",
    "white-space": "normal|nowrap|pre|pre-line|pre-wrap",
    "width": rf"{_SIZE}|auto",
    "word-break": "normal|break-all|keep-all",
    "word-spacing": rf"normal|-?{_LENGTH}",
    "word-wrap": "normal|break-word",
}
_ALLOWED = {name: re.compile(rf"(?:{values}|inherit)", re.IGNORECASE) for name, values in _VALUES.items()}
# What Word alone reads: no other program is led astray by it.
_OF_WORD = re.compile(r"mso-[a-z-]+")
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_PARTS = {
    "background": {"background-color"},
    "border": {f"border-{side}-{aspect}" for side in _SIDES for aspect in _ASPECTS},
    **{f"border-{side}": {f"border-{side}-{aspect}" for aspect in _ASPECTS} for side in _SIDES},
    **{f"border-{aspect}": {f"border-{side}-{aspect}" for side in _SIDES} for aspect in _ASPECTS},
    "border-radius": {f"border-{corner}-radius" for corner in _CORNERS},
    "font": {"font-family", "font-size", "font-style", "font-variant", "font-weight", "line-height"},
    "list-style": {"list-style-type", "list-style-position"},
    "margin": {f"margin-{side}" for side in _SIDES},
    "padding": {f"padding-{side}" for side in _SIDES},
    # Two names of one property.
    "word-wrap": {"overflow-wrap"},
}


def fault(name: str, value: str) -> str:
    """Return why ``name: value`` cannot be inlined; nothing if it can. The name is in small letters."""
    if _OF_WORD.fullmatch(name):
        return ""
    if name not in _ALLOWED:
        return f"{name} is no property that mail programs are known to agree on; the head stylesheet may have it"
    if not _ALLOWED[name].fullmatch(_BLANKS.sub(" ", value)):
        return f"it is not among the values that every mail program knows for {name}"
    return ""


def overlap(one: str, other: str) -> bool:
    """Tell whether two different properties set something in common."""
    return one != other and not _PARTS.get(one, {one}).isdisjoint(_PARTS.get(other, {other}))
