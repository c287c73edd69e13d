"""Templates: the site's before the stock ones, escaped, sandboxed, and every mistake with file and line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from msdigest.errors import NotCompilableError, RefusedError, TemplateError
from msdigest.model.compiled import Slot
from msdigest.render.sealed import Marks, Sealed
from msdigest.render.template import Templates, stock_templates


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def _render(folder: Path, source: str, name: str = "a.html.jinja", **context: object) -> str:
    (folder / name).write_text(source, encoding="utf-8")
    return Templates([folder]).render(name, **context)


def test_the_sites_own_template_comes_first(tmp_path) -> None:
    """What a site has replaced is taken from it, the rest from the stock."""
    site, stock = tmp_path / "site", tmp_path / "stock"
    for place, name, text in ((site, "a.jinja", "site"), (stock, "a.jinja", "stock"), (stock, "b.jinja", "stock b")):
        place.mkdir(exist_ok=True)
        (place / name).write_text(text, encoding="utf-8")
    templates = Templates([site, stock])

    assert [templates.render(name) for name in ("a.jinja", "b.jinja")] == ["site", "stock b"]
    assert templates.path("a.jinja") == str(site / "a.jinja")
    assert templates.names() == ["a.jinja", "b.jinja"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.html.jinja", "&lt;b&gt;"), ("a.xml.jinja", "&lt;b&gt;"), ("a.txt.jinja", "<b>"), ("a.css.jinja", "<b>")],
)
def test_markup_is_escaped_where_it_is_markup(folder, name, expected) -> None:
    """By the end of the template's name."""
    assert _render(folder, "{{ x }}", name, x="<b>") == expected


def test_filters_for_dates_numbers_and_lines(folder) -> None:
    """date_words, number_words, iso and fill."""
    when = datetime(2026, 11, 18, 7, 30, tzinfo=UTC)

    assert _render(folder, "{{ x|date_words('month') }}", x=when) == "November 2026"
    assert _render(folder, "{{ x|iso }}", x=when) == "2026-11-18T07:30:00Z"
    assert _render(folder, "{{ 12500|number_words }}") == "12,500"
    assert _render(folder, "{{ x|fill(9, first='> ', rest='> ') }}", "a.txt.jinja", x="one two https://x.example/") == (
        "> one two\n> https://x.example/"
    )


def _explode() -> None:
    message = "as things stand"
    raise RefusedError(message)


@pytest.mark.parametrize(
    ("source", "line", "why"),
    [
        ("a\n{{ nobody }}", 2, "'nobody' is undefined"),
        ("a\nb\n{{ site.nothing }}", 3, "nothing"),
        ("{% for %}", 1, "Expected"),
        ("\n{% nonsense %}", 2, "unknown tag 'nonsense'"),
        ("\n\n{{ 1 / 0 }}", 3, "ZeroDivisionError"),
        ("{% include 'other.jinja' %}", 1, "there is no template 'other.jinja'"),
        ("{{ ''.__class__ }}", 1, "unsafe"),
        ("{{ site._secret }}", 1, "unsafe"),
        ("{{ [].append(1) }}", 1, "unsafe"),
        ("{{ range(999999) }}", 1, "range"),
        ("{{ site }}{{ site() }}", 1, "not callable"),
        ("\n{{ 'x'|nofilter }}", 2, "nofilter"),
    ],
)
def test_mistakes_are_told_with_file_and_line(folder, source, line, why) -> None:
    """Whatever goes wrong in a template."""
    with pytest.raises(TemplateError, match=why) as broken:
        _render(folder, source, site=SimpleNamespace(_secret="x"))

    assert broken.value.file.endswith("a.html.jinja")
    assert broken.value.line == line


def test_the_innermost_template_is_named(folder) -> None:
    """A mistake in an included file is told where it is."""
    (folder / "part.html.jinja").write_text("\n\n{{ nobody }}", encoding="utf-8")

    with pytest.raises(TemplateError) as broken:
        _render(folder, "{% include 'part.html.jinja' %}")

    assert (Path(broken.value.file).name, broken.value.line) == ("part.html.jinja", 3)


def test_an_error_of_ours_stays_what_it_is(folder) -> None:
    """A function of ours that refuses is not taken for a mistake in the template."""
    with pytest.raises(RefusedError, match="as things stand"):
        _render(folder, "{{ f() }}", f=_explode)


def test_a_file_that_is_not_utf_8(folder) -> None:
    """Is told by name."""
    (folder / "a.html.jinja").write_bytes(b"\xff\xfe")

    with pytest.raises(TemplateError, match="not in UTF-8"):
        Templates([folder]).check("a.html.jinja")


def test_a_template_that_is_not_there(folder) -> None:
    """Is told by name, when asked for its path as when rendered."""
    with pytest.raises(TemplateError, match=r"a\.html\.jinja: there is no template"):
        Templates([folder]).path("a.html.jinja")


def test_a_sealed_value_is_not_printed_without_marks(folder) -> None:
    """Outside compiling there is nothing that could fill it."""
    with pytest.raises(NotCompilableError, match=r"person\.greeting"):
        _render(folder, "{{ x }}", x=Sealed(Slot("greeting", "person")))


def test_shown_changes_nothing_elsewhere(folder) -> None:
    """On a page for everybody the tag is not there; what stands or falls with nothing is not shown anywhere."""
    source = "a{% shown x %}<b>{{ y }}</b>{% endshown %}c"
    someone = ((frozenset({"e"}), frozenset()),)

    assert _render(folder, source, x=SimpleNamespace(conditions=someone), y="&") == "a<b>&amp;</b>c"
    assert _render(folder, source, x=SimpleNamespace(conditions=()), y="&") == "ac"


def test_shown_asks_each_condition(folder) -> None:
    """While it is compiled, each pair of keys is a block of its own around the part, in HTML and in text."""
    conditions = ((frozenset({"a", "b"}), frozenset()), (frozenset({"c"}), frozenset({"a"})))
    marked = {}
    for name in ("a.html.jinja", "a.txt.jinja"):
        (folder / name).write_text("{% shown x %}y{% endshown %}", encoding="utf-8")
        marks = Marks("k0")
        marked[name] = Templates([folder]).render_marked(name, marks, {"x": SimpleNamespace(conditions=conditions)})
        assert [(place.keys, place.unless) for place in marks.places] == list(conditions)

    assert marked["a.html.jinja"] == "<!--k0b1z--><!--k0b0z-->y<!--k0e0z--><!--k0e1z-->"
    assert marked["a.txt.jinja"] == "k0b1zk0b0zyk0e0zk0e1z"


def test_the_fingerprint_is_of_the_mail_templates(tmp_path) -> None:
    """Another letter in one of them, or another name, is another one; a page's template is none of its business."""
    (tmp_path / "email").mkdir()
    (tmp_path / "email" / "a.jinja").write_text("one", encoding="utf-8")
    templates, seen = Templates([tmp_path]), []
    for name, text in (
        ("email/a.jinja", "one"),
        ("email/a.jinja", "two"),
        ("email/b.jinja", "two"),
        ("page.jinja", "x"),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
        seen.append(templates.fingerprint())

    assert len(set(seen)) == 3
    assert seen[2] == seen[3] == Templates([tmp_path]).fingerprint()


def test_an_edited_template_is_read_again(folder) -> None:
    """The preview shows what was saved, in the same process."""
    path = folder / "a.jinja"
    path.write_text("one", encoding="utf-8")
    templates = Templates([folder])
    assert templates.render("a.jinja") == "one"
    path.write_text("two!", encoding="utf-8")

    assert templates.render("a.jinja") == "two!"


def test_the_stock_templates_are_found() -> None:
    """In a checkout they stand beside the source."""
    assert (stock_templates() / "email" / "digest.html.jinja").is_file()


def test_every_stock_template_is_read() -> None:
    """None has a mistake that reading alone would show."""
    templates = Templates([stock_templates()])

    for name in templates.names():
        templates.check(name)
    assert {"email/digest.html.jinja", "email/digest.txt.jinja"} <= set(templates.names())
