"""Every stock mail as it is sent, as it was before its styles were inlined, and as another inliner would send it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

from css_inline import CSSInliner
from tests.render.scenes import LETTERS, endless_issue, endless_letter, issue, letter, person
from tests.rendering import html_of, issue_view

from msdigest.model.compiled import Choice, Variant
from msdigest.model.subscriber import THEMES
from msdigest.render.email import check_compiled, compile_unchecked
from msdigest.render.fitting import weigh
from msdigest.render.frame import stylesheets
from msdigest.render.template import Templates, stock_templates

if TYPE_CHECKING:
    from msdigest.model.compiled import CompiledIssue
    from msdigest.render.issue import IssueView

DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Named:
    """Which mail is looked at. endless: its words have no end."""

    name: str
    variant: Variant
    endless: bool = False

    def __str__(self) -> str:
        """Name it as a test's case and as a file."""
        return f"{self.name}{'-endless' if self.endless else ''}.{self.variant.id}"


@dataclass(frozen=True, slots=True)
class Written:
    """One mail. html: as it is sent. bare: before inlining, with both stylesheets in its head. refereed: by css-inline."""

    html: str
    bare: str
    refereed: str


def named() -> list[Named]:
    """Return every mail in every theme: in everyday English and German, and with words that have no end."""
    mails = [
        Named(name, Variant(language=language, theme=theme), endless=endless)
        for name, theme, (language, endless) in product(
            (DIGEST, *LETTERS), THEMES, (("en", False), ("de", False), ("en", True))
        )
    ]
    # A neutral mail is another one at its very beginning only.
    return [*mails, *(Named(name, Variant(neutral=True)) for name in (DIGEST, "welcome"))]


@cache
def written(mail: Named) -> Written:
    """Write a mail, once."""
    templates = _Overheard([stock_templates()])
    html = _digest(templates, mail) if mail.name == DIGEST else _letter(templates, mail)
    inline_css, head_css = stylesheets(templates, mail.variant)
    own, head = f"<style>{inline_css}</style>", f"<style>{head_css}</style>"
    plain = templates.heard[f"email/{mail.name}.html.jinja"].lstrip()
    # Told to leave alone what stands in the head, css-inline knows the sheet only by what it is handed.
    referee = CSSInliner(
        extra_css=inline_css, inline_style_tags=False, keep_style_tags=True, load_remote_stylesheets=False
    )
    return Written(
        html=html,
        bare=plain.replace("</head>", f"{own}{head}</head>", 1),
        refereed=referee.inline(plain.replace("</head>", f"{head}</head>", 1)),
    )


@cache
def largest(theme: str) -> tuple[CompiledIssue, Choice]:
    """Compile an issue of 200 entries, and choose as much of it as fits into a mail: all of it was wanted."""
    view = issue_view(200)
    compiled = compile_unchecked(Templates([stock_templates()]), view, Variant(theme=theme))
    wanted = Choice(view.ids, tuple(compiled.notices))
    return compiled, weigh([compiled]).fitting(wanted, view.ranking, most=200)


class _Overheard(Templates):
    """Templates that remember what they rendered last: a mail before its styles were inlined."""

    def __init__(self, folders: list) -> None:
        super().__init__(folders)
        self.heard: dict[str, str] = {}

    def render(self, name: str, /, **context: object) -> str:
        self.heard[name] = super().render(name, **context)
        return self.heard[name]


def _digest(templates: Templates, mail: Named) -> str:
    view = endless_issue() if mail.endless else issue(mail.variant.language)
    return digest_html(templates, view, mail.variant)


def digest_html(templates: Templates, view: IssueView, variant: Variant) -> str:
    """Return the mail of somebody who gets everything in ``view``; templates hear it before its styles are inlined."""
    compiled = compile_unchecked(templates, view, variant)
    everything = Choice(view.ids, tuple(compiled.notices), more=7)
    values = person(variant.language, compiled.meetings)
    check_compiled(templates, view, compiled, [(everything, values)])
    return html_of(compiled, everything, values)


def _letter(templates: Templates, mail: Named) -> str:
    write = endless_letter if mail.endless else letter
    return write(templates, mail.name, mail.variant).html
