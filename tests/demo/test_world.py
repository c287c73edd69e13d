"""The fictional world answers on loopback, tells the same each time, and gives everybody something to read."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from html import unescape
from itertools import pairwise
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import feedparser
import pytest

from msdigest.app import KINDS
from msdigest.app import read_settings as load
from msdigest.demo.world import DemoWorld, build_pages, demo_config, subscribers_csv
from msdigest.enrich import disclosures, topics
from msdigest.model.entry import Entry
from msdigest.model.subscriber import AUDIENCES, FREQUENCIES, THEMES
from msdigest.model.topic import Vocabulary

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 11, 20)
FEEDS = ("/kestrel/feed/", "/harbour/feed.atom")
BASE = "http://127.0.0.1:1"
STAMP = re.compile(r"\[Updated (\d{4})/(\d\d)/(\d\d)\]")
OPENER = build_opener(ProxyHandler({}))


@pytest.fixture(scope="module")
def world():
    with DemoWorld(TODAY) as running:
        yield running


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.from_toml_data(tomllib.loads((ROOT / "config" / "topics.toml").read_text(encoding="utf-8")))


def ask(url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    request = Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with OPENER.open(request, timeout=5) as reply:
            return reply.status, dict(reply.headers), reply.read()
    except HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def plain(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", html))


def posts(today: date = TODAY, stage: int = 1) -> list[Entry]:
    """Read both feeds as entries, not yet enriched."""
    pages = build_pages(today, stage=stage, base_url=BASE)
    return [
        Entry(
            key=row.id,
            source=path.split("/")[1],
            title=row.title,
            url=row.link,
            html=row.content[0].value,
            text=plain(row.content[0].value),
            authors=(row.author,),
            published=datetime(*row.published_parsed[:6], tzinfo=UTC),
            categories=tuple(tag.term for tag in row.tags),
        )
        for path in FEEDS
        for row in feedparser.parse(pages[path].body).entries
    ]


def living(today: date = TODAY, stage: int = 1) -> list[Entry]:
    """Read the living page: one entry for each paragraph and list entry under a date line."""
    page = build_pages(today, stage=stage, base_url=BASE)["/registries/"].body.decode()
    content = page.split('<div class="entry-content">')[1].split("</div>")[0]
    entries, section, published = [], "", None
    for tag, html in re.findall(r"<(h2|p|li)>(.*?)</\1>", content, re.DOTALL):
        if tag == "h2":
            section, published = plain(html), None
        elif stamp := STAMP.fullmatch(html):
            published = datetime(*map(int, stamp.groups()), tzinfo=UTC)
        else:
            assert published, f"no date line is in force above {html!r}"
            words = plain(html)
            entries.append(
                Entry(
                    key=words[:40],
                    source="beacon",
                    title=words[:40],
                    url=BASE,
                    html=f"<p>{html}</p>",
                    text=words,
                    kind="note",
                    section=(section,),
                    published=published,
                )
            )
    return entries


def test_the_feeds_are_without_fault(world: DemoWorld) -> None:
    """Both feeds are served as what they are, and feedparser has nothing to complain about."""
    types = {}
    for path in FEEDS:
        status, headers, body = ask(world.base_url + path)
        feed = feedparser.parse(body)
        types[feed.version] = headers["Content-Type"]

        assert (status, feed.bozo) == (200, False), path
        assert all(row.id.startswith("https://") and ".example/" in row.id for row in feed.entries)
    assert types == {
        "rss20": "application/rss+xml; charset=UTF-8",
        "atom10": "application/atom+xml; charset=UTF-8",
    }


def test_every_link_into_the_world_leads_somewhere(world: DemoWorld) -> None:
    """What the feeds and pages link to on their own server is there, and is called what it is."""
    known, waiting = {}, [world.base_url + path for path in (*FEEDS, "/registries/", "/robots.txt")]
    while waiting:
        url = waiting.pop()
        status, headers, body = ask(url)
        known[url] = (status, headers.get("Content-Type"))
        if "audio" not in headers["Content-Type"]:
            text = unescape(body.decode())
            found = re.findall(r"http://127\.0\.0\.1:\d+/[^\s\"<#]*", text)
            found += [world.base_url + path for path in re.findall(r'href="(/[^"#]*)"', text)]
            waiting += [link for link in {*found} if link not in known and link not in waiting]

    assert {status for status, _ in known.values()} == {200}
    assert known[f"{world.base_url}/harbour/audio/bladder-talk.wav"] == (200, "audio/wav")
    assert len(known) > 20


@pytest.mark.parametrize("path", [*FEEDS, "/registries/"])
def test_unchanged_answers_are_304(world: DemoWorld, path: str) -> None:
    """Either validator is enough, a stale ETag counts more than a fresh date, and a 304 has no body."""
    url = world.base_url + path
    _, headers, body = ask(url)
    etag, modified = headers["ETag"], headers["Last-Modified"]

    assert ask(url, If_None_Match=etag)[::2] == (304, b"")
    assert ask(url, If_None_Match=f'"other", W/{etag}')[::2] == (304, b"")
    assert ask(url, If_Modified_Since=modified)[::2] == (304, b"")
    assert ask(url, If_None_Match=etag, If_Modified_Since=modified)[::2] == (304, b"")
    assert ask(url, If_None_Match='"other"', If_Modified_Since=modified)[::2] == (200, body)
    assert ask(url, If_Modified_Since="Thu, 01 Jan 1970 00:00:00 GMT")[::2] == (200, body)
    assert ask(url, If_Modified_Since="yesterday")[::2] == (200, body)


def test_what_is_not_there_is_404(world: DemoWorld) -> None:
    """A wrong path is an error, not an empty page."""
    assert ask(f"{world.base_url}/kestrel/feed/atom/")[0] == 404


def test_the_world_ends_with_its_block() -> None:
    """After the block nothing answers any more, and asking for the address says why."""
    with DemoWorld(TODAY) as running:
        base_url = running.base_url
        assert base_url.startswith("http://127.0.0.1:")

    with pytest.raises(OSError, match="refused"):
        OPENER.open(base_url, timeout=5)
    with pytest.raises(RuntimeError, match="only inside its with block"):
        _ = running.base_url


def test_the_world_does_not_keep_a_process_alive() -> None:
    """A program that forgets to leave the block ends all the same."""
    program = (
        "import datetime, msdigest.demo.world as demo\n"
        "world = demo.DemoWorld(datetime.date(2026, 11, 20)).__enter__()\n"
        "print(world.base_url)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)

    assert done.stdout.startswith("http://127.0.0.1:")


def test_there_is_enough_to_read() -> None:
    """At least 12 posts with a COI line and a disclaimer, 5 DOIs, 12 entries of the living page in 4 sections."""
    found = [disclosures.enrich(post) for post in posts()]
    per_source = {name: sum(post.source == name for post in found) for name in ("kestrel", "harbour")}

    assert per_source["kestrel"] >= 7
    assert per_source["harbour"] >= 5
    assert len([post for post in found if post.coi and post.disclaimer]) == len(found) >= 12
    assert any("speaker fees" in (post.coi or "") for post in found)
    assert len({doi for post in found for doi in re.findall(r"10\.5555/[\w.-]+\w", post.html)}) >= 5
    assert len(living()) >= 12
    assert len({entry.section for entry in living()}) == 4


@pytest.mark.parametrize("stage", [1, 2])
def test_posts_are_short(stage: int) -> None:
    """A post has 120 to 250 words, with all that stands below it."""
    lengths = {post.title: len(post.text.split()) for post in posts(stage=stage)}

    assert not {title: words for title, words in lengths.items() if not 120 <= words <= 250}


@pytest.mark.parametrize("today", [TODAY, date(2026, 1, 2), date(2028, 3, 1), date(2026, 3, 28)])
def test_dates_follow_today(today: date) -> None:
    """Whatever the day: nothing lies ahead, ten or more entries are of the last week, two are too old to be mailed."""
    first_moment, later = datetime.combine(today, time(0, 0), UTC), datetime.combine(today, time(23, 59), UTC)
    ages = [entry.published for entry in posts(today) + living(today)]

    assert max(ages) < first_moment
    assert len([published for published in ages if published > later - timedelta(days=7)]) >= 10
    assert len([published for published in ages if published < first_moment - timedelta(days=40)]) == 2
    # Not on the edge of the week, where the hour of the demonstration would decide.
    assert not [published for published in ages if first_moment - timedelta(days=7) <= published < later - timedelta(7)]


def test_the_world_is_the_same_each_time() -> None:
    """The same day and stage give the same bytes; another day gives others."""
    again = build_pages(TODAY, stage=1, base_url=BASE)

    assert build_pages(TODAY, stage=1, base_url=BASE) == again
    assert subscribers_csv(TODAY) == subscribers_csv(TODAY)
    assert build_pages(TODAY + timedelta(days=1), stage=1, base_url=BASE) != again


def test_the_meeting_is_one_instant_in_many_cities() -> None:
    """The cities' times belong to the same evening, also when only one side has changed its clocks."""

    def call(today: date) -> str:
        return next(post.text for post in posts(today) if "open evening call" in post.title)

    assert "Saturday 28 November 2026" in call(TODAY)
    assert "19:00 London, 20:00 Paris and Stockholm, 21:00 Athens, 14:00 New York" in call(TODAY)
    assert "06:00 Sydney (the next day)" in call(TODAY)
    assert "19:00 London, 20:00 Paris and Stockholm, 21:00 Athens, 15:00 New York" in call(date(2026, 3, 10))


def test_the_second_stage_brings_one_post_and_one_rewording() -> None:
    """Later that day one post is new and one registry update is reworded; all else stays as it was."""
    before, after = posts(), posts(stage=2)
    old, new = living(), living(stage=2)
    reworded = [(one.text, two.text) for one, two in zip(old, new, strict=True) if one != two]

    assert [post.title for post in after if post not in before] == [
        "Neurofilament from a drop of blood: can a finger prick do?"
    ]
    assert [post for post in before if post not in after] == []
    assert len(reworded) == 1
    assert "4,310" in reworded[0][0]
    assert "4,386" in reworded[0][1]
    assert [replace(entry, key="", title="", html="", text="") for entry in old] == [
        replace(entry, key="", title="", html="", text="") for entry in new
    ]


def test_the_world_varies_while_it_is_asked() -> None:
    """After vary() the validators of the first visit no longer hold, at the same address."""
    with DemoWorld(TODAY) as running:
        urls = [f"{running.base_url}{path}" for path in ("/kestrel/feed/", "/registries/")]
        first = [ask(url)[1] for url in urls]
        running.vary()
        again = [ask(url, If_None_Match=headers["ETag"])[0] for url, headers in zip(urls, first, strict=True)]
        dated = [
            ask(url, If_Modified_Since=headers["Last-Modified"])[0] for url, headers in zip(urls, first, strict=True)
        ]
        other = ask(f"{running.base_url}/harbour/feed.atom")[2]

    assert again == dated == [200, 200]
    assert feedparser.parse(other).bozo is False


def test_subscribers_are_who_they_should_be(vocabulary: Vocabulary) -> None:
    """25 people at example domains, with known topics, zones, themes and a consent in the past."""
    people = list(csv.DictReader(io.StringIO(subscribers_csv(TODAY))))
    consents = [datetime.fromisoformat(person["consent_at"]) for person in people]

    assert len({person["email"] for person in people}) == 25
    assert all(re.fullmatch(r"[a-z.+-]+@example\.(org|net|com)", person["email"]) for person in people)
    assert {topic for person in people for topic in person["topics"].split(";") if topic} <= set(vocabulary.ids)
    assert sum(not person["topics"] for person in people) == 4
    assert {person["theme"] for person in people} == set(THEMES)
    assert {person["audience"] for person in people} == {"", *AUDIENCES}
    assert sorted(person["frequency"] for person in people) == [FREQUENCIES[0]] * 24 + ["weekly"]
    assert all(one < next_one for one, next_one in pairwise([*consents, datetime.combine(TODAY, time(0), UTC)]))
    assert all(person["consent_text"] and person["consent_source"] for person in people)
    for name in ("Niamh O'Brien", "María-José Etxeberria Ruiz", "Pat & Sam Willoughby", "ليلى الحدّاد", ""):
        assert name in [person["name"] for person in people]


def test_everybody_gets_something_and_not_the_same(vocabulary: Vocabulary) -> None:
    """Each subscriber's topics occur in the last week, and different choices bring different entries."""
    enrich = topics.enricher(vocabulary)
    week = [enrich(entry) for entry in posts() + living() if entry.published > datetime(2026, 11, 14, tzinfo=UTC)]
    chosen = {}
    for person in csv.DictReader(io.StringIO(subscribers_csv(TODAY))):
        wanted = set(filter(None, person["topics"].split(";")))
        chosen[person["email"]] = frozenset(entry.key for entry in week if not wanted or wanted & set(entry.topics))

    assert not [email for email, entries in chosen.items() if not entries]
    assert len(set(chosen.values())) >= 15
    assert len({topic for entry in week for topic in entry.topics}) >= 10


def test_the_demonstration_is_configured_without_fault(tmp_path: Path) -> None:
    """The demo's settings and the stock files beside them are read without a fault, and point at the world."""
    folder = tmp_path / "config"
    shutil.copytree(ROOT / "config", folder)
    for name, text in demo_config("http://127.0.0.1:4711").items():
        (folder / name).write_text(text, encoding="utf-8")

    settings = load(folder / "msdigest.toml", {})

    assert settings.allow_private == ("127.0.0.1:4711",)
    assert {(source.id, source.kind) for source in settings.sources} == {
        ("kestrel", "feed"), ("harbour", "feed"), ("beacon", "livingpage"),
    }  # fmt: skip
    paths = {source.url.removeprefix("http://127.0.0.1:4711") for source in settings.sources}
    assert paths <= build_pages(TODAY, stage=1, base_url=BASE).keys()
    assert (settings.provider, settings.site_url) == ("file", "https://digest.example")


def test_the_stock_configuration_has_no_fault(tmp_path: Path) -> None:
    """What init writes is read without a fault; every source that is turned on has a kind that exists."""
    shutil.copytree(ROOT / "config", tmp_path / "config")

    settings = load(tmp_path / "config" / "msdigest.toml", {})

    assert [digest.id for digest in settings.digests] == ["weekly"]
    assert {source.kind for source in settings.sources if source.enabled} == KINDS.keys()
    assert settings.provider == "file"
    # Where links go out to thousands, the address is the one that was meant.
    assert all(source.url.startswith("https://") for source in settings.sources)
