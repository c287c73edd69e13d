"""The one door to Jinja2: templates of the site first, then the stock ones; errors with file and line.

``{% shown entry %}…{% endshown %}`` holds what stands or falls with an entry (or with a section): it is how a mail
template says which part belongs to whom. Elsewhere it changes nothing.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

import msdigest
from msdigest import words
from msdigest.errors import MsdigestError, NotCompilableError, TemplateError
from msdigest.render.instants import rfc3339
from msdigest.render.plain import filled
from msdigest.render.sealed import Marks, SealBrokenError, Sealed, Where, refusal, slot_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType

    from jinja2.parser import Parser

ESCAPED = (".html.jinja", ".xml.jinja", ".svg.jinja")
# The marks of the rendering that goes on; None = values are plain and nothing is marked.
_MARKS: ContextVar[Marks | None] = ContextVar("marks", default=None)


class Templates:
    """Renders templates out of ``folders``; a name is looked for in each, in their order.

    Undefined names are errors, attributes that begin with an underscore are out of reach, and names that end in
    ``.html.jinja`` (or xml, svg) escape what they print. Filters: ``date_words``, ``number_words``, ``iso``, ``fill``.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        """Read templates from ``folders`` whenever one is asked for and has changed."""
        self.folders = tuple(folders)
        self._environment = _environment(self.folders)

    def render(self, name: str, /, **context: object) -> str:
        """Render the template ``name``; raises TemplateError with file and line."""
        with _translated(name):
            return self._environment.get_template(name).render(context)

    def render_marked(self, name: str, /, marks: Marks, context: Mapping[str, object]) -> str:
        """Render with ``marks`` for sealed values and ``{% shown %}``; raises NotCompilableError too."""
        token = _MARKS.set(marks)
        try:
            return self.render(name, **context)
        finally:
            _MARKS.reset(token)

    def path(self, name: str) -> str:
        """Return the file that ``name`` is read from; raises TemplateError if there is none."""
        with _translated(name):
            return str(self._environment.get_template(name).filename)

    def fingerprint(self) -> str:
        """Return a hash over all mail templates as they are now: another one means that mails may read otherwise."""
        digest = hashlib.sha256()
        for name in self._environment.list_templates(filter_func=lambda name: name.startswith("email/")):
            # Not through the template: one that is broken has a fingerprint too.
            file = next(path for folder in self.folders if (path := folder / name).is_file())
            digest.update(name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
        return digest.hexdigest()

    def names(self) -> list[str]:
        """Return the names of all templates, for checking each."""
        return self._environment.list_templates(filter_func=lambda name: name.endswith(".jinja"))

    def check(self, name: str) -> None:
        """Read ``name`` without rendering it; raises TemplateError."""
        with _translated(name):
            self._environment.get_template(name)


def stock_templates() -> Path:
    """Return the folder of our own templates: inside the wheel, else of the source checkout."""
    package = Path(msdigest.__file__).parent
    for folder in (package / "_site" / "templates", package.parents[1] / "templates"):
        if folder.is_dir():
            return folder
    raise TemplateError(str(package / "_site" / "templates"), None, "the stock templates are not installed")


def _environment(folders: Sequence[Path]) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader([str(folder) for folder in folders]),
        undefined=jinja2.StrictUndefined,
        autoescape=lambda name: name is not None and name.endswith(ESCAPED),
        finalize=_print,
        extensions=[_Shown],
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "date_words": words.date_words,
        "number_words": words.number_words,
        "iso": rfc3339,
        "fill": filled,
    }
    tables: tuple[dict[str, Any], ...] = (environment.filters, environment.tests)
    for table in tables:
        table |= {name: _guarded(function) for name, function in table.items()}
    return environment


class _Shown(Extension):
    """The tag ``shown``: its body stands or falls with what it names: anything that has ``conditions``.

    Each condition is a pair of keys (see ``model.compiled.Block``), and all of them must hold; without any the body is
    not shown.
    """

    tags = {"shown"}  # noqa: RUF012  # the base class declares it so

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        chosen = parser.parse_expression()
        body = parser.parse_statements(("name:endshown",), drop_needle=True)
        return nodes.CallBlock(self.call_method("mark", [chosen], lineno=line), [], [], body).set_lineno(line)

    def mark(self, chosen: Any, caller: Callable[[], str]) -> str:
        body, marks = caller(), _MARKS.get()
        if not chosen.conditions:
            return body[:0]
        if marks is None:
            return body
        for keys, unless in chosen.conditions:
            begin, end = marks.block(keys, _here(), unless=unless)
            if isinstance(body, Markup):
                body = Markup("<!--{}-->{}<!--{}-->").format(begin, body, end)
            else:
                body = f"{begin}{body}{end}"
        return body


def _print(value: Any) -> Any:
    """Print a sealed value as its mark; everything else as it is."""
    if type(value) is not Sealed:
        return value
    marks = _MARKS.get()
    if marks is None:
        raise SealBrokenError(refusal(slot_of(value)))
    return Markup(marks.slot(slot_of(value), _here()))  # noqa: S704  # a mark is letters and digits


def _guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a filter or test refuse sealed values, and text that was captured with one inside."""

    @functools.wraps(function)
    def guarded(*args: Any, **options: Any) -> Any:
        if (marks := _MARKS.get()) is not None:
            for value in (*args, *options.values()):
                if type(value) is Sealed:
                    raise SealBrokenError(refusal(slot_of(value)))
                if isinstance(value, str) and marks.nonce in value:
                    message = "a filter or test is used on text with a subscriber's value or a shown part in it"
                    raise SealBrokenError(message)
        return function(*args, **options)

    return guarded


def _here() -> Where:
    """Return the template and line that is being rendered."""
    frame = inspect.currentframe()
    while frame is not None:
        if (template := frame.f_globals.get("__jinja_template__")) is not None:
            return Where(template.filename or template.name, template.get_corresponding_lineno(frame.f_lineno))
        frame = frame.f_back
    return Where("", None)


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """Turn whatever happens in a template into our errors, with its file and line."""
    try:
        yield
    except MsdigestError:
        raise
    except SealBrokenError as broken:
        where = _innermost(broken.__traceback__, name)
        raise NotCompilableError(where.file, where.line, str(broken)) from None
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(error.filename or error.name or name, error.lineno, error.message or "") from None
    except jinja2.TemplateNotFound as error:
        where = _innermost(error.__traceback__, name)
        raise TemplateError(where.file, where.line, f"there is no template {error.name!r}") from None
    except UnicodeDecodeError as error:
        raise TemplateError(name, None, "it is not in UTF-8") from error
    except Exception as error:
        # Templates are edited by operators: whatever they call may raise whatever it likes.
        where = _innermost(error.__traceback__, name)
        kind = "" if isinstance(error, jinja2.TemplateError) else f"{type(error).__name__}: "
        raise TemplateError(where.file, where.line, f"{kind}{error}") from error


def _innermost(traceback: TracebackType | None, name: str) -> Where:
    """Return the last template that ``traceback`` passes through (Jinja2 rewrites it to template lines)."""
    where = Where(name, None)
    while traceback is not None:
        if "__jinja_exception__" in traceback.tb_frame.f_globals:
            where = Where(traceback.tb_frame.f_code.co_filename, traceback.tb_lineno)
        traceback = traceback.tb_next
    return where
