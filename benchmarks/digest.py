"""How fast a digest's mails are made, beside the naive way and the best of others; all in one run, offline.

The issue has 60 entries (as ``tests/rendering.py`` makes them: meetings, hostile titles, words explained at their first
use). Every subscriber gets a random part of it that is theirs alone, so no cache of choices could help.

    equal     random subscribers with hostile names over five issues of 5 to 60 entries: what was compiled against
              Jinja2 and premailer for each of them, byte for byte, HTML and text
    bodies    HTML and text: compiled; Jinja2 and premailer for each person, with our options (with and without our
              check of the stylesheets) and with premailer's own; Jinja2 and css-inline for each person
    messages  whole ones: a provider's JSON body, MIME, and Mailgun's variables for 1,000 recipients a call
    stream    a million JSON bodies out of two processes, and the memory of each
    issue     compiling 60 entries with the comparison that every issue undergoes, and checking them

Run with ``make bench-digest``, or some of it: ``make bench-digest ARGS="--only equal --equal 500"``. Rates are per
second of processor time, the median of some rounds in turns, so that other processes matter less.
"""

from __future__ import annotations

import argparse
import re
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from benchmarks.mails import (
    ENTRIES,
    ISSUE,
    POST,
    STANDARD,
    Compiled,
    Payloads,
    Person,
    Rivals,
    dumped,
    issue_of,
    library_mail,
    mailgun,
    people,
    recipient_of,
    some_people,
    templates,
)
from tests.rendering import START, entry, issue_view, random_reader

from msdigest.lint.checks import lint
from msdigest.lint.inspected import Inspected
from msdigest.model.compiled import PROFESSIONAL, Variant
from msdigest.render import mime
from msdigest.render.email import compile_issue, compile_unchecked, reference
from msdigest.render.frame import stylesheets
from msdigest.render.program import Assembly, Keys, join
from msdigest.render.values import selection_values
from msdigest.steps.delivering.inspecting import examples
from msdigest.steps.delivering.press import Press

if TYPE_CHECKING:
    from collections.abc import Callable

CORES = 2
ROUNDS = 5
# How many entries each issue of the comparison has, and how it looks.
COMPARED = {
    5: Variant(),
    12: Variant(language="de", theme="large"),
    23: Variant(neutral=True, audience=PROFESSIONAL),
    40: Variant(theme="low-glare"),
    ENTRIES: Variant(language="de", neutral=True),
}
AT_ONCE = 50
# ---- equal


def compared(count: int, first: int, number: int) -> tuple[int, int, int]:
    """Compare ``number`` subscribers of one issue both ways; return (bodies, mismatches, bytes)."""
    view, compiled = issue_of(count, COMPARED[count])
    keys = Keys(compiled)
    bodies = [Assembly(program, keys) for program in (compiled.html, compiled.text)]
    mismatches = size = 0
    for place in range(first, first + number):
        reader = random_reader(Random(f"{count} {place}"), view, compiled)  # noqa: S311 - as above
        selection, mask = selection_values(compiled, reader.choice), keys.mask(reader.choice)
        whole = reference(
            templates(), view.only(reader.choice), compiled.variant, selection=selection, person=reader.person
        )
        for body, expected in zip(bodies, whole, strict=True):
            found = join(body.parts(mask, selection), reader.person, form=body.form)
            mismatches += found != expected.encode()
            size += len(found)
    return 2 * number, mismatches, size


def equal(subscribers: int) -> None:
    """Print how many bodies differ from the naive ones."""
    each = -(-subscribers // len(COMPARED))
    tasks = [
        (count, first, min(AT_ONCE, each - first)) for first in range(0, each, AT_ONCE) for count in reversed(COMPARED)
    ]
    begun = time.monotonic()
    with ProcessPoolExecutor(CORES, mp_context=get_context("spawn")) as pool:
        bodies, mismatches, size = map(sum, zip(*pool.map(compared, *zip(*tasks, strict=True)), strict=True))
    took = time.monotonic() - begun
    print(
        f"{mismatches} mismatches of {bodies:,} bodies ({size / 1e6:,.0f} MB): {bodies // 2:,} subscribers, "
        f"{len(COMPARED)} issues of {min(COMPARED)} to {max(COMPARED)} entries, in {took:.0f} s on {CORES} cores "
        f"(naive and compiled together {took * CORES / bodies * 2000:.0f} ms a subscriber)",
        flush=True,
    )
    if mismatches:
        raise SystemExit("the compiled way is not the naive way")


# ---- bodies


def rates(ways: dict[str, tuple[Callable[[list[Person]], int], list[Person]]]) -> dict[str, tuple[float, float]]:
    """Run each way on its people in turns; return (people/s of processor time, bytes of each) by way."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    sizes = {}
    for name, (way, some) in ways.items():
        sizes[name] = way(some[: len(some) // 4 or 1]) / (len(some) // 4 or 1)  # warms caches
    for _ in range(ROUNDS):
        for name, (way, some) in ways.items():
            begun = time.process_time()
            sizes[name] = way(some) / len(some)
            seconds[name].append((time.process_time() - begun) / len(some))
    return {name: (1 / statistics.median(seconds[name]), sizes[name]) for name in ways}


def told(name: str, rate: float, size: float, more: str = "") -> None:
    """Print one line."""
    print(f"  {name:<58} {rate:>11,.1f}/s  {1e6 / rate:>11,.1f} µs  {size:>8,.0f} B  {more}", flush=True)


def bodies(scale: float) -> None:
    """Print the rates of all ways to make HTML and text."""
    view, compiled = issue_of()
    rivals, ours = Rivals(view, compiled), Compiled(compiled, "plain")
    some = some_people(view.ids, int(20_000 * scale))
    few, more = some[: max(4, int(30 * scale))], some[: max(8, int(150 * scale))]
    found = rates(
        {
            "Jinja2 + premailer, its own options": (rivals.premailer_as_it_comes, few),
            "Jinja2 + premailer, our options and checks (naive)": (rivals.reference, few),
            "Jinja2 + premailer, our options alone": (rivals.premailer, few),
            "Jinja2 + css-inline": (rivals.css_inline, more),
            "Jinja2 alone": (rivals.jinja, more),
            "compiled": (ours.all, some),
        }
    )
    print(f"HTML and text of {ENTRIES} entries, a part of its own for each of {len(some):,}, one core:")
    rate = found["compiled"][0]
    for name, (other, size) in found.items():
        told(name, other, size, "" if name == "compiled" else f"compiled does {rate / other:,.0f} x")


# ---- messages


def messages(scale: float) -> None:
    """Print the rates of whole messages, beside the standard library's, and see that they say what they should."""
    view, compiled = issue_of()
    some = some_people(view.ids, int(10_000 * scale))
    few = some[: len(some) // 20 or 1]
    plain, payloads = Compiled(compiled, "plain"), Payloads(compiled)
    press = Press(ISSUE, compiled, coding="mime")

    def library_json(some: list[Person]) -> int:
        return sum(len(dumped(compiled, person, plain.bodies(person))) for person in some)

    def mails(some: list[Person]) -> int:
        return sum(len(mime.message(press.letter(each.choice, POST), recipient_of(each, compiled))) for each in some)

    def library_mails(some: list[Person]) -> int:
        return sum(len(library_mail(compiled, person, plain.bodies(person))) for person in some)

    found = rates(
        {
            "JSON bodies, json.dumps on compiled bodies": (library_json, some[: len(some) // 4]),
            "JSON bodies, out of JSON parts": (payloads.all, some),
            "MIME, the library's EmailMessage on compiled bodies": (library_mails, few),
            "MIME, out of quoted-printable parts": (mails, some),
            "Mailgun, a letter with variables for 1,000 (recipients)": (mailgun(compiled), some),
        }
    )
    print(f"whole messages, a part of its own for each of {len(some):,}, one core:")
    for name, (rate, size) in found.items():
        told(name, rate, size)
    different = sum(payloads.body(each) != dumped(compiled, each, plain.bodies(each)) for each in some[:1000])
    unread = sum(not reads_back(press, each, plain.bodies(each)) for each in some[:300])
    print(f"  {different} of {min(len(some), 1000):,} JSON bodies differ from json.dumps; ", end="")
    print(f"{unread} of {min(len(some), 300)} MIME messages do not parse back to the same bodies")
    if different or unread:
        raise SystemExit("messages do not say what they should")


def reads_back(press: Press, person: Person, bodies: tuple[bytes, bytes]) -> bool:
    """Tell whether the standard library reads somebody's message as it was meant."""
    raw = mime.message(press.letter(person.choice, POST), recipient_of(person, press.compiled))
    text, html = message_from_bytes(raw, policy=policy.default).iter_parts()
    read = [part.get_content().replace("\r\n", "\n").encode() for part in (html, text)]
    return read == list(bodies) and not text.defects and not html.defects


# ---- stream


def streamed(count: int, seed: int) -> tuple[float, float, float, float, int]:
    """Write ``count`` JSON bodies to nowhere; return (begun, ended, processor time, peak MiB of the process, bytes)."""
    view, compiled = issue_of()
    payloads, size, peak = Payloads(compiled), 0, Path("/proc/self/status")
    with Path("/dev/null").open("wb", buffering=0) as nowhere:
        begun, worked = time.monotonic(), time.process_time()
        for person, _ in zip(people(view.ids, seed), range(count), strict=False):
            size += nowhere.write(payloads.body(person))
        ended, worked = time.monotonic(), time.process_time() - worked
    return begun, ended, worked, int(re.search(r"VmHWM:\s+(\d+)", peak.read_text())[1]) / 1024, size


def stream(count: int) -> None:
    """Print how long ``count`` JSON bodies take two processes, and whether memory grows."""
    for number in sorted({min(10_000, count), count}):
        with ProcessPoolExecutor(CORES, mp_context=get_context("spawn")) as pool:
            done = list(pool.map(streamed, [number // CORES] * CORES, range(CORES)))
        begun, ended, worked, peaks, sizes = zip(*done, strict=True)
        took, size = max(ended) - min(begun), sum(sizes)
        print(
            f"{number:>9,} JSON bodies ({size / 1e9:.2f} GB) from {CORES} processes in {took:.1f} s of the wall, "
            f"{number / took:,.0f}/s (processor time {' + '.join(f'{each:.1f}' for each in worked)} s); peak {' + '.join(f'{peak:.0f}' for peak in peaks)} = {sum(peaks):.0f} MiB",
            flush=True,
        )


# ---- issue


def whole_issue() -> None:
    """Print how long an issue takes before anything is sent."""
    view, compiled = issue_of()
    inline_css, head_css = stylesheets(templates(), STANDARD)
    clean = replace(issue_view(ENTRIES), intro=())
    told_once = compile_unchecked(templates(), clean, STANDARD)
    made = examples(ISSUE, {STANDARD.id: told_once}, POST, most=ENTRIES)
    inspected = Inspected(
        specimens=tuple(each.specimen for each in made),
        entries={one.id: one for one in map(entry, range(ENTRIES))},
        site_url=POST.site_url,
        sender=POST.sender,
        postal_address="1 Example Street, London",
        inline_css=inline_css,
        head_css=head_css,
        at=START + timedelta(days=2),
        oldest=START - timedelta(days=30),
    )
    print(f"an issue of {ENTRIES} entries, once for everybody:")
    for name, way in {
        "compiled, without the comparison": lambda: compile_unchecked(templates(), view, STANDARD),
        "compiled, and compared with the naive way": lambda: compile_issue(templates(), view, STANDARD),
        "made ready to be joined, HTML and text": lambda: Compiled(compiled, "json"),
        f"checked, {len(made)} messages of one variant": lambda: lint(inspected),
    }.items():
        took = []
        for _ in range(ROUNDS):
            begun = time.process_time()
            way()
            took.append(time.process_time() - begun)
        print(f"  {name:<58} {statistics.median(took) * 1000:>8,.0f} ms", flush=True)


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--equal", type=int, default=10_000, metavar="N", help="subscribers in the comparison")
    parser.add_argument("--stream", type=int, default=1_000_000, metavar="N", help="JSON bodies that are streamed")
    parser.add_argument("--scale", type=float, default=1.0, help="how many messages are timed, 1 = the usual number")
    parser.add_argument("--only", nargs="+", choices=["equal", "bodies", "messages", "stream", "issue"])
    asked = parser.parse_args()
    parts = {
        "issue": whole_issue,
        "bodies": lambda: bodies(asked.scale),
        "messages": lambda: messages(asked.scale),
        "stream": lambda: stream(asked.stream),
        "equal": lambda: equal(asked.equal),
    }
    for name, part in parts.items():
        if not asked.only or name in asked.only:
            part()


if __name__ == "__main__":
    begun = time.monotonic()
    main()
    print(f"took {time.monotonic() - begun:.0f} s")
