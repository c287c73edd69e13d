"""Each message holds what fits, what matters most first, and counts what is left on the web."""

from __future__ import annotations

from dataclasses import astuple, replace
from random import Random

import pytest
from tests.rendering import CONSENT, NAMES, change, html_of, person, random_choice, random_reader, telling

from msdigest.errors import RefusedError
from msdigest.model.compiled import Block, Choice, CompiledIssue, Program, Variant
from msdigest.model.details import Event, LocalTime, Speaker
from msdigest.model.entry import Entry, Identifier
from msdigest.model.subscriber import THEMES
from msdigest.render.email import compile_issue
from msdigest.render.fitting import SIZE_LIMIT, Weights, html_size, weigh
from msdigest.render.issue import sections_view

WEIGHTS = Weights(100, {"a": 10, "b": 20, "c": 30, "d": 40})
RANKING = ("d", "b", "a", "c")


@pytest.mark.parametrize(
    ("choice", "most", "limit", "kept"),
    [
        (Choice(("a", "b", "c")), 9, 160, Choice(("a", "b", "c"))),
        (Choice(("a", "b", "c", "d")), 9, 200, Choice(("a", "b", "c", "d"))),
        (Choice(("a", "b", "c", "d")), 9, 199, Choice(("a", "b", "d"), more=1)),
        (Choice(("a", "b", "c", "d")), 2, 999, Choice(("b", "d"), more=2)),
        (Choice(("a", "b", "c"), ("n",), 5), 1, 999, Choice(("b",), ("n",), 7)),
        (Choice(("a", "c")), 9, 130, Choice(("a",), more=1)),
        (Choice((), ("n",)), 9, 100, Choice((), ("n",))),
    ],
    ids=["all", "to the byte", "a byte too much", "at most two", "notices stay", "not in print's order", "a notice"],
)
def test_what_matters_most_is_kept(choice, most, limit, kept) -> None:
    """In the order of print; the rest is counted, also what was counted before."""
    assert WEIGHTS.fitting(choice, RANKING, most=most, limit=limit) == kept


def test_nothing_smaller_jumps_the_queue() -> None:
    """What comes after the first that does not fit is left out too: the reader is told what matters most."""
    kept = WEIGHTS.fitting(Choice(("a", "b", "c", "d")), RANKING, most=9, limit=150)

    assert kept == Choice(("d",), more=3)


def test_whatever_is_kept_fits(random_issues) -> None:
    """For whoever it is, the HTML part is below the limit, and not because it is nearly empty."""
    dice = Random(5)  # noqa: S311  # the same people each time; no secret
    for view, compiled in random_issues:
        weights = weigh([compiled])
        limit = weights.around + sum(weights.entries.values()) * 2 // 3
        for _ in range(40):
            choice = random_choice(dice, view)
            kept = weights.fitting(choice, compiled.ranking, most=60, limit=limit)
            values = random_reader(dice, view, compiled).person

            assert len(html_of(compiled, kept, values).encode()) <= limit
            assert kept.more == choice.more + len(choice.entries) - len(kept.entries)
        all_of_it = weights.fitting(Choice(view.ids), compiled.ranking, most=60, limit=limit)
        assert len(view.ids) // 3 < len(all_of_it.entries) < len(view.ids)


def test_an_issue_weighs_as_much_as_its_heaviest_variant(templates, make_view) -> None:
    """An entry is left out for all or for none."""
    view = make_view(5)
    variants = [compile_issue(templates, view, Variant(theme=theme)) for theme in THEMES]
    together, alone = weigh(variants), [weigh([each]) for each in variants]

    assert together.around == max(each.around for each in alone)
    assert together.entries == {entry: max(each.entries[entry] for each in alone) for entry in view.ids}


def test_sizes_are_exact(make_view, compiled) -> None:
    """The size told before sending is the size of what is sent, and it stays small per entry."""
    ids = make_view().ids
    values = person("Åsa & Co", compiled)
    for choice in (Choice(ids[:1]), Choice(ids[::3], ("change-0",)), Choice(ids, more=1)):
        assert html_size(compiled, choice, values) == len(html_of(compiled, choice, values).encode())
        assert html_size(compiled, choice) >= html_size(compiled, choice, values)

    assert (html_size(compiled, Choice(ids)) - html_size(compiled, Choice(ids[:1]))) / (len(ids) - 1) < 3000


def test_a_limit_that_nothing_fits_into_is_refused(compiled) -> None:
    """An error that says what takes the room, and accuses no template by name; not an empty mail."""
    with pytest.raises(RefusedError, match=r"around the entries takes 1\d,\d{3}, the smallest entry \d{3}$"):
        weigh([compiled], 1000)


def test_corrections_alone_weigh_nothing_of_their_own(templates, make_view) -> None:
    """An issue without an entry has nothing to leave out."""
    view = replace(make_view(1), sections=(), ranking=())

    assert weigh([compile_issue(templates, view, Variant())], 1000).entries == {}


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("letter", ["x", "&", "é", "🙂"])
def test_no_entry_takes_the_room_of_the_others(templates, make_view, theme, letter) -> None:
    """One whose every field is as long as its source could make it leaves room for thirty ordinary ones."""
    endless = letter * 100_000
    hostile = Entry(
        id="f" * 32, key="k", source=endless, title=endless, text=endless, url=f"https://evil.example/?{endless}",
        authors=(endless,) * 50, coi=endless, disclaimer=endless, evidence=endless, language=endless,
        topics=tuple(f"{number}{endless}" for number in range(50)),
        identifiers=tuple(Identifier("doi", f"10.1000/{number}{endless}") for number in range(9))
        + tuple(Identifier("doi", f"10.1000/{letter * 110}") for _ in range(9)),
        kind="event", published=CONSENT.at, precision="day",
        event=Event(
            start=CONSENT.at, places=(LocalTime(endless, "Europe/Paris", "2026-05-04T02:00"),) * 50,
            speakers=(Speaker(endless, endless),) * 50,
            join=f"https://evil.example/?{letter * 90}", recording=f"https://evil.example/?{endless}",
        ),
    )  # fmt: skip
    ordinary = make_view(30)
    news = [
        replace(change(hostile, endless, endless + "x"), name=f"fact {number}", label=endless) for number in range(9)
    ]
    told = sections_view([("Evil", [hostile])], telling(), notes={hostile.id: endless}, news=news)
    evil = replace(told[0], entries=(replace(told[0].entries[0], clock="clock_99"),))
    view = replace(ordinary, sections=(evil, *ordinary.sections), ranking=(hostile.id, *ordinary.ranking))
    compiled = compile_issue(templates, view, Variant(theme=theme))
    everything = Choice(view.ids, tuple(compiled.notices))

    assert weigh([compiled]).fitting(everything, view.ranking, most=60) == everything
    assert max(len(html_of(compiled, everything, person(name, compiled)).encode()) for name in NAMES) < SIZE_LIMIT
    assert sum(map(len, _words_in(replace(evil.entries[0], url="", segments=())))) <= 6_700


def _words_in(value) -> list[str]:
    """Return every string that ``value`` holds, however deep."""
    if isinstance(value, str):
        return [value]
    if not isinstance(value, tuple | list) and not hasattr(value, "__dataclass_fields__"):
        return []
    parts = value if isinstance(value, tuple | list) else astuple(value)
    return [word for part in parts for word in _words_in(part)]


def test_the_default_limit_keeps_clear_of_clipping() -> None:
    """Gmail cuts at about 102,000 bytes."""
    assert SIZE_LIMIT == 95_000


def test_of_several_ways_to_tell_an_excerpt_the_heaviest_counts() -> None:
    """One of them is shown; where nobody can say which exclude each other, all are weighed."""
    earlier, others = frozenset("b"), [frozenset((letter,)) for letter in "bcdefgh"]
    either = (Block(frozenset("a"), ("short",), earlier), Block(earlier, ("a longer way",)))
    many = tuple(Block(frozenset("a"), ("12345",), other) for other in others)
    titles = dict.fromkeys("abcdefgh", "T")

    def weight(nodes) -> int:
        program = Program("html", (Block(frozenset("a"), ("entry:", *nodes)),))
        compiled = CompiledIssue(variant=Variant(), subject="S", html=program, text=program, titles=titles)
        return weigh([compiled]).entries["a"]

    assert weight(either) == len("entry:a longer way")
    assert weight(many) == len("entry:") + 5 * len(others)
