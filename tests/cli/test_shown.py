"""What commands print: whole lines for pipes, tables that fit a terminal, and nothing that moves its cursor."""

from __future__ import annotations

import io
import json
import re
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest

from msdigest.cli import shown

COLUMNS = ("id", "#new", "~title")
ID = "f0a0198c-8e71-4875-8ebf-bd4911d84354"
ROWS = [(ID, 3, "Next open evening call: fatigue, and how to budget a day"), ("short", 12, None)]


class Terminal(io.StringIO):
    """A terminal to write on."""

    def isatty(self) -> bool:
        return True

    @property
    def text(self) -> str:
        """What stands on the screen, without what makes it bold."""
        return re.sub(r"\x1b\[[\d;]*m", "", self.getvalue())


@pytest.fixture
def terminal(monkeypatch):
    """Make standard output and standard error a terminal of a given width."""

    def of_width(width):
        screen = Terminal()
        monkeypatch.setattr(sys, "stdout", screen)
        monkeypatch.setattr(sys, "stderr", screen)
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("TERM", "xterm")
        return screen

    return of_width


def test_a_pipe_gets_whole_lines(capsys) -> None:
    """Not on a terminal a row is one line however long, numbers stand to the right, nothing trails."""
    shown.print_table(COLUMNS, ROWS)

    assert capsys.readouterr().out == (
        "id                                    new  title\n"
        f"{ID}    3  Next open evening call: fatigue, and how to budget a day\n"
        "short                                  12\n"
    )


def test_a_wide_terminal_gets_a_table(terminal) -> None:
    """Where there is room for it, only text is wrapped."""
    screen = terminal(80)

    shown.print_table(COLUMNS, ROWS)

    assert [line.rstrip() for line in screen.text.splitlines()] == [
        "id                                    new  title",
        f"{ID}    3  Next open evening call: fatigue, and",
        "                                           how to budget a day",
        "short                                  12",
    ]


def test_a_narrow_terminal_gets_blocks(terminal) -> None:
    """Where an id would be broken, each row is a block of lines."""
    screen = terminal(42)

    shown.print_table(COLUMNS, ROWS)

    assert [line.rstrip() for line in screen.text.splitlines()] == [
        f"id: {ID}",
        "new: 3",
        "title: Next open evening call: fatigue,",
        "and how to budget a day",
        "",
        "id: short",
        "new: 12",
    ]


def test_an_id_is_short_on_a_terminal(terminal, capsys) -> None:
    """The beginning is enough there; a pipe gets the whole."""
    shown.print_table(("=id", "#new"), [(ID, 3)])
    piped = capsys.readouterr().out
    screen = terminal(40)

    shown.print_table(("=id", "#new"), [(ID, 3)])

    assert piped.splitlines()[1] == f"{ID}    3"
    assert [line.rstrip() for line in screen.text.splitlines()] == ["id        new", "f0a0198c    3"]


@pytest.mark.parametrize(
    ("width", "header"),
    [(60, "id    kind  last new          title"), (36, "id    last new          title"), (24, "id    title")],
)
def test_columns_are_left_out_where_there_is_no_room(terminal, width, header) -> None:
    """The first of those that can be spared goes first; the rest stays a table."""
    screen = terminal(width)

    shown.print_table(("id", "?kind", "?last new", "~title"), [("ms-x", "post", "2026-11-20 07:00", "Sleep well")])

    assert screen.text.splitlines()[0].rstrip() == header


def test_where_nothing_more_can_be_spared_everything_is_told(terminal) -> None:
    """Blocks hold every column, and ids whole."""
    screen = terminal(12)

    shown.print_table(("=id", "?kind", "source"), [("0123456789abcdef", "post", "a-long-name-of-a-source")])

    assert "".join(screen.text.split()) == "id:0123456789abcdefkind:postsource:a-long-name-of-a-source"


def test_no_rows_are_a_sentence(capsys) -> None:
    """An empty listing is told in words."""
    shown.print_table(COLUMNS, [], empty="Nothing.")

    assert capsys.readouterr().out == "Nothing.\n"


@pytest.mark.parametrize("hostile", ["\x1b[2Jgone", "a\rb", "a\nb", "a\tb", "\u202egnp.exe", "a\x07b"])
@pytest.mark.parametrize("width", [None, 60])
def test_what_a_source_wrote_cannot_move_the_cursor(terminal, capsys, hostile, width) -> None:
    """Control characters and marks of direction stay out of tables, on a terminal and in a pipe."""
    screen = terminal(width) if width else None

    shown.print_table(("id", "~title"), [("1", hostile)])
    text = screen.text if screen else capsys.readouterr().out

    assert len(text.splitlines()) == 2
    assert not set("\x1b\r\t\x07\u202e") & set(text)


def test_square_brackets_are_no_markup(terminal) -> None:
    """A title in square brackets is printed as it is."""
    screen = terminal(60)

    shown.print_table(("~title",), [("[bold]Trial[/bold] [Updated 2026/11/20] :smile:",)])

    assert "[bold]Trial[/bold] [Updated 2026/11/20] :smile:" in screen.text


def test_times_in_documents_are_utc(capsys) -> None:
    """Times are RFC 3339 in UTC whatever zone they came in; tuples are lists; letters stay letters."""
    when = datetime(2026, 11, 20, 9, 30, 15, tzinfo=timezone(timedelta(hours=2)))

    shown.print_json({"at": when, "who": ("Łucja",)})
    out = capsys.readouterr().out

    assert json.loads(out) == {"at": "2026-11-20T07:30:15Z", "who": ["Łucja"]}
    assert "Łucja" in out


def test_what_is_no_json_is_a_fault() -> None:
    """A value that has no place in a document is refused, not printed as its name."""
    with pytest.raises(TypeError, match="object has no place in JSON"):
        shown.print_json({"x": object()})


@pytest.mark.parametrize(
    ("when", "told"), [(datetime(2026, 11, 20, 7, 5, 59, tzinfo=UTC), "2026-11-20 07:05"), (None, "–")]
)
def test_moments_in_tables(when, told) -> None:
    """To the minute, and a dash for none."""
    assert shown.moment(when) == told


@pytest.mark.parametrize(("number", "told"), [(0, "0 deliveries"), (1, "1 delivery"), (2, "2 deliveries")])
def test_one_and_many(number, told) -> None:
    """One thing is not many."""
    assert shown.counted(number, "delivery", "deliveries") == told


def test_progress_without_a_terminal(capsys) -> None:
    """Plain lines on standard error; the last one tells the whole, and standard output stays empty."""
    with shown.progress("people", 1200) as advance:
        for step in (500, 500, 200):
            advance(step)
    out, err = capsys.readouterr()

    assert out == ""
    assert err == "people: 1200 of 1200\n"


def test_progress_tells_what_came_of_it(capsys) -> None:
    """The newest note stands in the line."""
    with shown.progress("sources", 2) as advance:
        advance(1, "1 entry new")
        advance(1, "4 entries new")

    assert capsys.readouterr().err == "sources: 2 of 2, 4 entries new\n"


def test_progress_on_a_terminal(terminal) -> None:
    """A bar that ends full, with the newest note beside it."""
    screen = terminal(80)

    with shown.progress("people", 3) as advance:
        advance(1)
        advance(2, "4 entries new")

    assert "3/3" in screen.text
    assert "4 entries new" in screen.text
