"""The one door to premailer and cssutils: a stylesheet becomes style attributes.

premailer is exact for what ``stylesheet.checked`` lets through, and for nothing more.
"""

from __future__ import annotations

import logging
import re
import threading
import xml.dom
from functools import lru_cache

import cssutils
from premailer import Premailer

from msdigest.errors import NotCompilableError
from msdigest.render.stylesheet import check_head, checked

# cssutils keeps its parser's mood in one place for the whole process.
_ONE_AT_A_TIME = threading.Lock()
_FOREIGN_STYLE = re.compile(r"<(?:style|link|base)\b", re.IGNORECASE)
_ATTRIBUTES = ["align", "valign", "bgcolor", "width", "height"]
_QUIET = logging.getLogger(f"{__name__}.cssutils")
_QUIET.addHandler(logging.NullHandler())
_QUIET.propagate = False
# What cssutils has to say is raised by ``_parse`` below; saying it once more on standard error helps nobody.
cssutils.log.setLog(_QUIET)


def inline(
    html: str,
    *,
    inline_css: str,
    head_css: str,
    inline_file: str = "inline.css",
    head_file: str = "head.css",
    html_file: str = "html",
) -> str:
    """Return ``html`` with ``inline_css`` in its style attributes and ``head_css`` untouched in its head.

    ``html`` begins with ``<!DOCTYPE html>`` and brings no style of its own but style attributes. The files are named
    in errors only. Raises NotCompilableError with file and selector; never asks the network.
    """
    html = html.lstrip()
    _check_html(html, html_file)
    inline_css = checked(inline_css, html, inline_file, html_file=html_file)
    check_head(head_css, head_file)
    style = f'<style data-premailer="ignore">{head_css}</style>\n</head>'
    with _ONE_AT_A_TIME:
        _parse(inline_css, inline_file)
        try:
            return str(_premailer(html.replace("</head>", style, 1), inline_css).transform(pretty_print=False))
        except Exception as error:
            # premailer, cssutils and libxml2 raise what they like; to an editor it is one thing.
            message = f"premailer cannot inline it: {type(error).__name__}: {error}"
            raise NotCompilableError(html_file, None, message) from error


def _check_html(html: str, file: str) -> None:
    if not html.startswith("<!DOCTYPE html>"):
        raise NotCompilableError(file, None, "it must begin with <!DOCTYPE html>, in this spelling")
    if html.count("</head>") != 1 or html.count("</body>") != 1:
        raise NotCompilableError(file, None, "it must have exactly one </head> and one </body>")
    if match := _FOREIGN_STYLE.search(html):
        message = f"{match.group()}> is not allowed: styles stand in inline.css.jinja and head.css.jinja"
        raise NotCompilableError(file, None, message)


@lru_cache(maxsize=32)
def _parse(css: str, file: str) -> None:
    """Have cssutils read ``css`` with every complaint raised; what it read without one need not be read again."""
    parser = cssutils.CSSParser(raiseExceptions=True, validate=False, fetcher=_no_network)
    try:
        parser.parseString(css, validate=False)
    except xml.dom.DOMException as error:
        raise NotCompilableError(file, None, f"cssutils cannot read it: {error}") from None


def _no_network(url: str) -> None:
    message = f"a stylesheet asked for {url}"
    raise RuntimeError(message)


def _premailer(html: str, css: str) -> Premailer:
    return Premailer(
        html,
        css_text=[css],
        allow_network=False,
        allow_loading_external_files=False,
        strip_important=False,
        disable_validation=True,
        align_floating_images=False,
        # Mail programs that need attributes get them from the template; here they would be guessed for every tag.
        disable_basic_attributes=_ATTRIBUTES,
    )
