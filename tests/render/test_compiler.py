"""A template that cannot be compiled for everybody is refused by file and line; a harmless change is not."""

from __future__ import annotations

from random import Random

import pytest
from tests.rendering import random_reader

from msdigest.errors import NotCompilableError, TemplateError
from msdigest.model.compiled import Block, Slot, Variant
from msdigest.render.compiler import html_program, text_program
from msdigest.render.email import check_compiled, compile_issue
from msdigest.render.sealed import Marks, Where

HTML, TEXT = "digest.html.jinja", "digest.txt.jinja"
LAYOUT = "layout.html.jinja"
CSS, HEAD = "inline.css.jinja", "head.css.jinja"
GREETING = "{{ person.greeting }}"
COUNT = "{{ selection.count_line }}"
# The excerpts of an entry, and the heading of a section.
EXCERPTS = "{% for excerpt in issue.excerpts(entry) %}"
EXCERPT = '<p class="para" dir="auto"{{ own(entry) }}>{{ excerpt.text }}</p>'
HEADING = '<h2 class="heading">{{ section.title }}'
LINE = '<li class="line"><span dir="auto"'
SHOWN_LINE = "{% shown line %}\n" + LINE
SHOWN_NOTICE = '{% shown notice %}\n<div class="entry">'
MORE = "{% shown issue.more %}<a"
CLOCK = "{{ person[entry.clock] }}"

# (what was changed, file, old, new, words of the refusal)
UNSAFE = [
    ("if on a person's value", HTML, GREETING, "{% if person.greeting %}x{% endif %}", "person.greeting is used for"),
    ("if on a name we do not give", HTML, GREETING, "{% if person.name %}x{% endif %}", "person has no 'name'"),
    ("a value by brackets", HTML, GREETING, "{{ person['name'] }}", "person has no 'name'"),
    ("the person as a whole", HTML, GREETING, "{{ person }}", "person is no value"),
    ("loop over the person", HTML, GREETING, "{% for x in person %}{% endfor %}", "person is no value"),
    ("filter", HTML, GREETING, "{{ person.greeting|upper }}", "person.greeting is used for"),
    ("filter default", HTML, GREETING, "{{ person.greeting|default('x') }}", "person.greeting is used for"),
    ("filter safe", HTML, GREETING, "{{ person.greeting|safe }}", "person.greeting is used for"),
    ("filter over a list", HTML, GREETING, "{{ [person.greeting]|join }}", "person.greeting is used for"),
    ("filter map", HTML, GREETING, "{{ [person.greeting]|map('upper')|list }}", "person.greeting is used for"),
    ("test", HTML, GREETING, "{% if person.greeting is defined %}x{% endif %}", "person.greeting is used for"),
    ("~", HTML, GREETING, "{{ 'x' ~ person.greeting }}", "person.greeting is used for"),
    ("+", HTML, GREETING, "{{ 'x' + person.greeting }}", "person.greeting is used for"),
    ("%", HTML, GREETING, "{{ '%s' % person.greeting }}", "person.greeting is used for"),
    ("format", HTML, GREETING, "{{ '{}'.format(person.greeting) }}", "person.greeting is used for"),
    ("comparison", HTML, GREETING, "{% if person.greeting == 'Hello,' %}x{% endif %}", "person.greeting is used for"),
    ("membership", HTML, GREETING, "{% if 'x' in person.greeting %}x{% endif %}", "person.greeting is used for"),
    ("loop over a value", HTML, GREETING, "{% for c in person.greeting %}x{% endfor %}", "person.greeting is used"),
    ("a method", HTML, GREETING, "{{ person.greeting.upper() }}", "person.greeting is used for"),
    ("a slice", HTML, GREETING, "{{ person.greeting[:3] }}", "person.greeting is used for"),
    (
        "number of entries",
        HTML,
        "{{ selection.count_line }}",
        "{{ selection.count_line|length }}",
        "count_line is used",
    ),
    ("as an argument", HTML, GREETING, "{{ say('greeting', name=person.greeting) }}", "person.greeting is used for"),
    (
        "captured, then filtered",
        HTML,
        GREETING,
        "{% set x %}{{ person.greeting }}{% endset %}{{ x|upper }}",
        "a filter or test is used on text",
    ),
    ("inside a filter block", HTML, GREETING, "{% filter upper %}{{ person.greeting }}{% endfilter %}", "a filter or"),
    (
        "captured, then cut",
        HTML,
        GREETING,
        "{% set x %}{{ person.greeting }}{% endset %}{{ x[:23] }}",
        "changed after it was printed",
    ),
    (
        "captured, then cut shorter than a mark",
        HTML,
        GREETING,
        "{% set x %}{{ person.greeting }}{% endset %}{{ x[:4] }}",
        "depends on which other entries",
    ),
    (
        "captured, then compared",
        HTML,
        GREETING,
        "{% set x %}{{ person.greeting }}{% endset %}{% if x == 'Hello,' %}Dear reader{% else %}{{ x }}{% endif %}",
        "depends on which other entries",
    ),
    ("in a style attribute", HTML, 'class="hello"', 'style="color:{{ person.reason }}"', "attribute style of p"),
    ("in a title attribute", HTML, 'class="hello"', 'title="{{ person.reason }}"', "the attribute title of p"),
    ("in alt", HTML, GREETING, '<img alt="{{ person.greeting }}">', "the attribute alt of img"),
    ("in an image's address", HTML, GREETING, '<img src="{{ person.leave_url }}" alt="">', "the attribute src of img"),
    ("text as an address", HTML, GREETING, '<a href="{{ person.greeting }}">x</a>', "names end in _url"),
    ("as an attribute's name", HTML, 'class="hello"', "{{ person.greeting }}", "the name of an attribute"),
    ("in a comment", HTML, GREETING, "<!-- {{ person.greeting }} -->", "stands in a comment"),
    ("in an Outlook comment", HTML, GREETING, "<!--[if mso]>{{ person.greeting }}<![endif]-->", "stands in a comment"),
    ("in the title", HTML, "title %}{{ issue.subject }}", "title %}{{ person.greeting }}", "the element title"),
    ("in a script", HTML, GREETING, "<script>{{ person.greeting }}</script>", "the element script"),
    ("in a text area", HTML, GREETING, "<textarea>{{ person.greeting }}</textarea>", "the element textarea"),
    ("running number", HTML, EXCERPTS, "<p>{{ loop.index }}</p>" + EXCERPTS, "depends on which other entries"),
    ("running number of sections", HTML, HEADING, "<h2>{{ loop.index }}", "depends on which other entries"),
    ("separator", HTML, EXCERPTS, "{% if not loop.last %}<hr>{% endif %}" + EXCERPTS, "depends on which other entries"),
    ("first is different", HTML, HEADING, "<h2>{% if loop.first %}!{% endif %}", "depends on which other entries"),
    ("zebra", HTML, EXCERPTS, "<p>{{ loop.cycle('a', 'b') }}</p>" + EXCERPTS, "depends on which other entries"),
    ("count of sections", HTML, HEADING, "<h2>{{ issue.sections|length }}", "depends on which other entries"),
    ("count of a section", HTML, HEADING, "<h2>{{ section.entries|length }}", "depends on which other entries"),
    ("first title as headline", HTML, GREETING, "{{ issue.entries[0].title }}", "depends on which other entries"),
    ("entries not marked", HTML, GREETING, "{% for e in issue.entries %}{{ e.title }}{% endfor %}", "depends on which"),
    (
        "half an element shown",
        HTML,
        '{% shown entry %}\n<div class="entry">',
        '<div class="entry">\n{% shown entry %}',
        "must hold whole elements",
    ),
    (
        "shown captured and cut",
        HTML,
        GREETING,
        "{% set x %}{% shown issue.fresh %}a{% endshown %}{% endset %}{{ x[:30] }}",
        "what is shown here stands in a comment",
    ),
    ("a flag used in an if", HTML, COUNT, "{% if issue.more.conditions %}x{% endif %}", "depends on which"),
    ("a flag printed", HTML, COUNT, "{{ issue.more }}", "depends on which"),
    (
        "the overview's flag used in an if",
        HTML,
        COUNT,
        "{% if issue.brief.conditions %}x{% endif %}",
        "depends on which",
    ),
    ("the choice used in an if", HTML, COUNT, "{% if issue.choice %}x{% endif %}", "depends on which"),
    ("the choice's count printed", HTML, COUNT, "{{ issue.choice.more if issue.choice else 0 }}", "depends on which"),
    ("the count of more filtered", HTML, COUNT, "{{ selection.more_line|upper }}", "more_line is used for"),
    ("the count of more used in an if", HTML, COUNT, "{% if selection.more_line %}x{% endif %}", "more_line is used"),
    ("running number in the overview", HTML, LINE, f"<li>{{{{ loop.index }}}}</li>{LINE}", "depends on which"),
    ("last line of the overview", HTML, LINE, f"{{% if loop.last %}}<li>!</li>{{% endif %}}{LINE}", "depends on which"),
    ("length of the overview", HTML, COUNT, "{{ issue.overview|length }}", "depends on which"),
    ("a line of the overview not marked", HTML, SHOWN_LINE, "{% shown issue.brief %}\n" + LINE, "depends on which"),
    ("an excerpt outside shown", HTML, EXCERPTS, EXCERPTS + "<p>{{ excerpt.text }}</p>", "depends on which"),
    (
        "the first way to tell an excerpt",
        HTML,
        EXCERPTS,
        "{{ (issue.excerpts(entry)|first).text if entry.excerpt }}" + EXCERPTS,
        "depends on which",
    ),
    ("number of ways to tell it", HTML, EXCERPTS, "{{ issue.excerpts(entry)|length }}" + EXCERPTS, "depends on which"),
    ("an excerpt across elements", HTML, EXCERPT, "</div><div>{{ excerpt.text }}", "must hold whole elements"),
    (
        "what is shown unless, across elements",
        HTML,
        EXCERPT,
        "<p>{{ excerpt.text }}{% endshown %}</p>{% shown excerpt %}",
        "must hold whole elements",
    ),
    (
        "an excerpt as an attribute",
        HTML,
        EXCERPT,
        '<p title="{% shown excerpt %}x{% endshown %}">y</p>',
        "the attribute title",
    ),
    (
        "a correction not marked",
        HTML,
        SHOWN_NOTICE,
        "{% shown issue.corrections %}\n" + SHOWN_NOTICE.partition("\n")[2],
        "depends on which",
    ),
    ("number of corrections", HTML, COUNT, "{{ issue.notices|length }}", "depends on which"),
    ("if there are corrections", HTML, COUNT, "{% if issue.notices %}x{% endif %}", "depends on which"),
    ("more on the web across elements", HTML, MORE, "</p>{% shown issue.more %}<p><a", "must hold whole elements"),
    ("if on a clock", HTML, CLOCK, "{% if person[entry.clock] %}x{% endif %}", "is used for more than printing"),
    ("filter on a clock", HTML, CLOCK, "{{ person[entry.clock]|lower }}", "is used for more than printing"),
    ("a clock as an address", HTML, CLOCK, '<a href="{{ person[entry.clock] }}">x</a>', "names end in _url"),
    (
        "a counter of our own",
        HTML,
        HEADING,
        "{% set n = namespace(seen=0) %}{% for e in section.entries %}{% set n.seen = n.seen + 1 %}{% endfor %}<h2>{{ n.seen }}",
        "depends on which",
    ),
    ("a long section", HTML, HEADING, "<h2>{% if section.entries|length > 1 %}!{% endif %}", "depends on which"),
    ("an excerpt's element left open", HTML, EXCERPT, "<p>{{ excerpt.text }}", "must hold whole elements"),
    ("a stranger's clock", HTML, CLOCK, "{{ person.clock_99 }}", "person has no 'clock_99'"),
    (
        "text: running number",
        TEXT,
        'fill(first="* ", rest="  ") }}\n{% endshown',
        'fill(first=loop.index ~ ". ") }}\n{% endshown',
        "depends on which",
    ),
    ("text: an excerpt outside shown", TEXT, EXCERPTS, EXCERPTS + "{{ excerpt.text }}", "depends on which"),
    ("text: a flag used in an if", TEXT, COUNT, "{{ 'x' if issue.more.conditions }}", "depends on which"),
    ("text: filter", TEXT, GREETING, "{{ person.greeting|fill }}", "person.greeting is used for"),
    ("text: logic", TEXT, GREETING, "{{ 'x' if person.greeting else 'y' }}", "person.greeting is used for"),
    (
        "style sheet in the template",
        LAYOUT,
        "</title>",
        "</title>\n<style>p{color:red}</style>",
        "<style> is not allowed",
    ),
    ("remote style sheet", LAYOUT, "</title>", '</title>\n<link rel="stylesheet" href="https://x">', "<link> is not"),
    ("style: the first entry", CSS, ".entry {", ".entry:first-child {", "'.entry:first-child'"),
    ("style: every second line", CSS, ".line {", ".line:nth-child(2n) {", "'.line:nth-child(2n)'"),
    ("style: beside a neighbour", CSS, ".section {", ".section + .section {", "'.section + .section'"),
    ("style: behind a neighbour", CSS, ".note {", ".para ~ .note {", "'.para ~ .note'"),
    ("style: all but", CSS, ".name {", ".name:not(.pill) {", "'.name:not(.pill)'"),
    ("style: an empty part", CSS, ".note {", ".note:empty {", "'.note:empty'"),
    ("style: by an attribute", CSS, ".link {", "a[href] {", "'a[href]'"),
    (
        "style: important",
        CSS,
        ".entry { margin: 0 0 32px;",
        ".entry { margin: 0 !important;",
        ".entry: 'margin: 0 !important'",
    ),
    ("style: on small screens", CSS, ".entry {", "@media print { .x { margin: 0; } }\n.entry {", "'@media'"),
    ("head: another sheet", HEAD, ":root {", "@import 'x.css'; :root {", "'@import'"),
    ("head: the end of the style", HEAD, ":root {", "</style> :root {", "'<'"),
    ("no doctype", LAYOUT, "<!DOCTYPE html>", "<!doctype html>", "must begin with <!DOCTYPE html>"),
]
HARMLESS = [
    ("other words", HTML, "<h1", "<h1 data-x='1'"),
    ("a value twice", HTML, GREETING, "{{ person.greeting }} {{ person.greeting }}"),
    ("a value under another name", HTML, GREETING, "{% set g = person.greeting %}{{ g }}"),
    ("a value by brackets", HTML, GREETING, "{{ person['greeting'] }}"),
    ("a macro", HTML, GREETING, "{% macro m(x) %}<b>{{ x }}</b>{% endmacro %}{{ m(person.greeting) }}"),
    ("captured and printed", HTML, GREETING, "{% set x %}{{ person.greeting }}{% endset %}{{ x }}"),
    ("an address as text", HTML, GREETING, "{{ person.leave_url }}"),
    (
        "logic on an entry",
        HTML,
        EXCERPTS,
        "{% if entry.topics|length > 1 %}<p>{{ entry.topics|join }}</p>{% endif %}" + EXCERPTS,
    ),
    (
        "a part of some sections",
        HTML,
        GREETING,
        "{% for s in issue.sections %}{% shown s %}<b>x</b>{% endshown %}{% endfor %}",
    ),
    (
        "a loop over something else",
        HTML,
        EXCERPTS,
        "{% for t in entry.topics %}{{ loop.index }} {{ t }}{% endfor %}" + EXCERPTS,
    ),
    ("an element left open", HTML, '<p class="para note" dir="auto">{{ entry.note }}</p>', "<p>{{ entry.note }}"),
    ("an overview that may be empty", HTML, "{% shown issue.brief %}", "{% shown issue.fresh %}"),
    ("a heading of no corrections", HTML, "{% shown issue.corrections %}", "{% shown issue.fresh %}"),
    ("none more on the web", HTML, MORE, "{% shown issue.fresh %}<a"),
    ("text: none more on the web", TEXT, "{% shown issue.more %}", "{% shown issue.fresh %}"),
    ("the plain excerpt", HTML, EXCERPT, "<p>{{ entry.excerpt }}</p>"),
    ("how much more there is, also if there is none", HTML, COUNT, "{{ selection.more_line }}"),
    ("a flag that is always true", HTML, COUNT, "{% if issue.more %}x{% endif %}"),
    ("what matters most to everybody", HTML, COUNT, "{{ issue.ranking[0] }}"),
    (
        "corrections told twice",
        HTML,
        COUNT,
        "{% for n in issue.notices %}{% shown n %}<b>{{ n.title }}</b>{% endshown %}{% endfor %}",
    ),
    (
        "an overview of our own",
        HTML,
        COUNT,
        "{% for l in issue.overview %}{% shown l %}<b>{{ l.text }}</b>{% endshown %}{% endfor %}",
    ),
    ("a part within a part", HTML, EXCERPT, "{% shown issue.more %}<b>{{ selection.more_line }}</b>{% endshown %}"),
    ("a clock twice", HTML, CLOCK, "{{ person[entry.clock] }} {{ person[entry.clock] }}"),
    ("if there are other entries at all", HTML, COUNT, "{% shown issue.fresh %}<b>new</b>{% endshown %}"),
    ("style: another margin", CSS, ".entry { margin: 0 0 32px;", ".entry { margin: 0 0 20px;"),
    ("style: a class more", CSS, ".entry {", ".section .entry .name { letter-spacing: 1px; }\n.entry {"),
    ("head: the first entry", HEAD, ":root {", ".entry:first-child { color: red !important; }\n:root {"),
    ("text: other words", TEXT, "{{ person.reason }}", "Why: {{ person.reason }}"),
]


@pytest.mark.parametrize(("name", "old", "new", "why"), [case[1:] for case in UNSAFE], ids=[case[0] for case in UNSAFE])
def test_what_cannot_hold_for_everybody_is_refused(mutated, make_view, name, old, new, why) -> None:
    """Each is refused by name: with the template's file and, unless only the output tells, its line."""
    templates = mutated(name, old, new)

    with pytest.raises(NotCompilableError) as refused:
        compile_issue(templates, make_view(6), Variant())

    assert why in str(refused.value)
    # What only the whole output tells is told of the mail, whichever template it came from; a style by its selector.
    assert refused.value.file.endswith((name, HTML))
    without_a_line = "depends on which" in why or "<" in why or name in {CSS, HEAD}
    assert (refused.value.line is None) == without_a_line
    if refused.value.line is not None:
        written = (templates.folders[0] / "email" / name).read_text(encoding="utf-8")
        assert abs(refused.value.line - (written[: written.index(new)].count("\n") + 1)) <= 1


@pytest.mark.parametrize(("name", "old", "new"), [case[1:] for case in HARMLESS], ids=[case[0] for case in HARMLESS])
def test_what_holds_for_everybody_is_accepted(mutated, make_view, name, old, new) -> None:
    """An operator's harmless change compiles, and says to anybody what it would say to them alone."""
    templates, view = mutated(name, old, new), make_view(6)
    compiled = compile_issue(templates, view, Variant())
    dice = Random(name + new)  # noqa: S311  # the same people each time; no secret
    people = [random_reader(dice, view, compiled) for _ in range(4)]

    check_compiled(templates, view, compiled, [(reader.choice, reader.person) for reader in people])


def test_there_are_enough_of_both() -> None:
    """Each has a name of its own."""
    assert len({case[0] for case in UNSAFE}) == len(UNSAFE) > 90
    assert len({case[0] for case in HARMLESS}) == len(HARMLESS) > 25


@pytest.mark.parametrize(
    ("name", "old", "new", "why"),
    [
        (HTML, GREETING, "{{ peron.greeting }}", "'peron' is undefined"),
        (HTML, GREETING, "{% if %}", "Expected an expression"),
        (HTML, GREETING, "{{ issue.sections.nothing.at_all }}", "nothing"),
        (TEXT, GREETING, "{{ 1 / 0 }}", "ZeroDivisionError"),
        (HTML, GREETING, "{{ say('no_such_sentence') }}", "no_such_sentence"),
        (HTML, COUNT, "{{ issue.overview[0].text }}", "has no element 0"),
        (HTML, COUNT, "{{ issue.entry('x').title }}", "no entry 'x'"),
        (CSS, ".hello {", ".{{ person.greeting }} {", "'person' is undefined"),
        (HTML, GREETING, "{% shown 7 %}x{% endshown %}", "conditions"),
    ],
)
def test_a_broken_template_is_no_question_of_compiling(mutated, make_view, name, old, new, why) -> None:
    """Mistakes of the plain kind are told with file and line too."""
    with pytest.raises(TemplateError, match=why) as broken:
        compile_issue(mutated(name, old, new), make_view(2), Variant())

    assert not isinstance(broken.value, NotCompilableError)
    assert broken.value.file.endswith(name)
    assert broken.value.line


WHERE = Where("mail.html.jinja", 7)


def _marks() -> Marks:
    marks = Marks("k0nonce")
    marks.slot(Slot("greeting", "person"), WHERE)
    marks.block(frozenset({"a"}), WHERE)
    marks.block(frozenset({"b"}), WHERE)
    return marks


def test_marks_become_slots_and_blocks() -> None:
    """Literals, slots and nested blocks come out in order."""
    program = html_program(
        "<p>1<!--k0nonceb1z-->2k0nonces0z<!--k0nonceb2z-->3<!--k0noncee2z--><!--k0noncee1z-->4", _marks()
    )

    inner = Block(frozenset({"b"}), ("3",))
    assert program.nodes == ("<p>1", Block(frozenset({"a"}), ("2", Slot("greeting", "person"), inner)), "4")
    assert text_program("k0nonceb1zxk0noncee1z", _marks()).nodes == (Block(frozenset({"a"}), ("x",)),)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("k0nonceb1z x", "has no end"),
        ("k0nonceb1z k0nonceb2z k0noncee1z k0noncee2z", "begins or ends inside"),
        ("x k0noncee1z", "begins or ends inside"),
        ("K0NONCES0Z", "changed after it was printed"),
        ("k0nonces0", "changed after it was printed"),
    ],
)
def test_marks_that_do_not_match_are_refused(text, why) -> None:
    """Whatever a template did to marks, no half of one is ever sent."""
    with pytest.raises(NotCompilableError, match=why) as refused:
        text_program(text, _marks())

    assert (refused.value.file, refused.value.line) == ("mail.html.jinja", 7)


@pytest.mark.parametrize(
    ("html", "what"),
    [
        ("<!k0nonces0z>", "stands in a"),
        ("<?k0nonces0z>", "processing instruction"),
        ("<k0nonces0z>", "name of the element"),
        ("<p/><p title=k0nonces0z />", "attribute title"),
        ("<p title='<!--k0nonceb1z-->'>", "what is shown here stands in the attribute title"),
        ("<!DOCTYPE k0nonces0z>", "stands in a declaration"),
        ("<![CDATA[k0nonces0z]]>", "stands in a"),
    ],
)
def test_no_corner_of_html_takes_a_value(html, what) -> None:
    """Only text and the addresses of links do."""
    with pytest.raises(NotCompilableError, match=what):
        html_program(html, _marks())
