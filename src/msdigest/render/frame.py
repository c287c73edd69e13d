"""What every mail is rendered with: the language and theme of a variant, and the stylesheets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msdigest.errors import TemplateError
from msdigest.render.inline import inline
from msdigest.render.look import LOOKS
from msdigest.words import direction, say, spoken_language

if TYPE_CHECKING:
    from msdigest.model.compiled import Variant
    from msdigest.render.look import Look
    from msdigest.render.template import Templates

INLINE_CSS, HEAD_CSS = "email/inline.css.jinja", "email/head.css.jinja"


@dataclass(frozen=True, slots=True)
class Speaker:
    """What templates call ``say``: the fixed sentences in one language."""

    language: str

    def __call__(self, key: str, **values: object) -> str:
        """Return the sentence ``key``; ``count`` among the values chooses its form."""
        count = values.pop("count", None)
        return say(key, language=self.language, count=count if isinstance(count, int) else None, **values)


def frame(variant: Variant) -> dict[str, object]:
    """Return what the layout is handed; raises TemplateError for a theme that nobody drew."""
    # What is said is English where nobody has written the sentences in the reader's language: then it is told so.
    language = spoken_language(variant.language)
    return {
        "variant": variant,
        "language": language,
        "direction": direction(language),
        "say": Speaker(language),
        "look": _look(variant),
    }


def stylesheets(templates: Templates, variant: Variant) -> tuple[str, str]:
    """Return the rendered stylesheets of a variant: what is inlined, and what stays in the head."""
    look = _look(variant)
    return templates.render(INLINE_CSS, look=look), templates.render(HEAD_CSS, look=look)


def inlined(templates: Templates, html: str, variant: Variant, *, file: str) -> str:
    """Return ``html``, rendered from the template ``file``, with its styles; raises NotCompilableError."""
    inline_css, head_css = stylesheets(templates, variant)
    return inline(
        html,
        inline_css=inline_css,
        head_css=head_css,
        inline_file=templates.path(INLINE_CSS),
        head_file=templates.path(HEAD_CSS),
        html_file=templates.path(file),
    )


def _look(variant: Variant) -> Look:
    if variant.theme not in LOOKS:
        raise TemplateError(INLINE_CSS, None, f"there is no theme {variant.theme!r}")
    return LOOKS[variant.theme]
