"""A small fictional MS community on loopback, for the first minute with msdigest.

Two blogs, one living page and 25 subscribers; all of it is invented and stands in ``demo_data/``. What the world
looks like depends on nothing but the day and the stage it is asked for.
"""

from __future__ import annotations

import csv
import hashlib
import html
import io
import re
import tomllib
import wave
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from string import Template
from threading import Thread
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import urlsplit

# The meeting is announced in local times, as such posts are; the zones belong to the text and go no further.
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType

Stage = Literal[1, 2]

_MEETING_IN_DAYS = 8
_MEETING_AT = time(19, 0)
_MEETING_ZONE = "Europe/London"
_MEETING_CITIES = (
    ("London", "Europe/London"), ("Paris and Stockholm", "Europe/Paris"), ("Athens", "Europe/Athens"),
    ("New York", "America/New_York"), ("San Francisco", "America/Los_Angeles"), ("Nairobi", "Africa/Nairobi"),
    ("Sydney", "Australia/Sydney"),
)  # fmt: skip
_EDITED_AT = time(0, 10)
_STAMPED_AT = time(9, 0)
_EXCERPT_WORDS = 55
_HTML = "text/html; charset=UTF-8"
_AUDIO = "audio/wav"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer of the fictional world; ``modified`` never lies in the future of its day."""

    content_type: str
    body: bytes
    modified: datetime

    @property
    def etag(self) -> str:
        """The strong validator: a hash of the body, quoted."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:20]}"'

    def matches(self, headers: Mapping[str, str | None]) -> bool:
        """Tell whether the asker has this very page; If-None-Match counts more than If-Modified-Since (RFC 9110)."""
        if tags := headers.get("If-None-Match"):
            return any(tag.strip().removeprefix("W/") in {self.etag, "*"} for tag in tags.split(","))
        try:
            since = parsedate_to_datetime(headers.get("If-Modified-Since") or "")
        except ValueError:
            return False
        return since.tzinfo is not None and self.modified <= since


@dataclass(frozen=True, slots=True, kw_only=True)
class _Post:
    slug: str
    title: str
    author: str
    published: datetime
    categories: tuple[str, ...]
    content: str
    url: str
    audio: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Blog:
    """A site of posts; ``id``, ``post_path`` and ``feed_path`` are what its addresses are made of."""

    id: str
    feed_path: str
    feed_type: str
    post_path: str


_KESTREL = _Blog(id="kestrel", feed_path="feed/", feed_type="application/rss+xml", post_path="{:%Y/%m}/{}/")
_HARBOUR = _Blog(id="harbour", feed_path="feed.atom", feed_type="application/atom+xml", post_path="notes/{1}/")


class DemoWorld:
    """The fictional world as a server on 127.0.0.1; ``with DemoWorld(today) as world`` gives ``world.base_url``.

    today: the day in UTC on which it is visited. Everything in the feeds is older than that day's first quarter hour.
    stage: 1 = as first met; 2 = later that day: one registry update reworded, one post more.
    """

    def __init__(self, today: date, *, stage: Stage = 1) -> None:
        self.today = today
        self.stage: Stage = stage
        self._server: _Server | None = None

    @property
    def base_url(self) -> str:
        """Where it answers, without a slash at the end; known only inside ``with``."""
        if self._server is None:
            message = "the fictional world answers only inside its with block"
            raise RuntimeError(message)
        return f"http://127.0.0.1:{self._server.server_port}"

    def vary(self) -> None:
        """Move on to stage 2 while the server keeps its address."""
        self.stage = 2
        if self._server is not None:
            self._server.pages = build_pages(self.today, stage=2, base_url=self.base_url)

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.pages = build_pages(self.today, stage=self.stage, base_url=self.base_url)
        # A daemon, and polled often: neither a crash nor an ordinary end waits for it.
        Thread(target=self._server.serve_forever, args=(0.02,), name="demo-world", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def demo_config(base_url: str) -> dict[str, str]:
    """Give the demo's own ``msdigest.toml`` and ``sources.toml`` (file name → text); its world is at ``base_url``."""
    values = {"base_url": base_url, "address": urlsplit(base_url).netloc}
    return {name: _template(name).substitute(values) for name in ("msdigest.toml", "sources.toml")}


def subscribers_csv(today: date) -> str:
    """Give the 25 fictional subscribers in the columns of ``subscribers import``."""
    # The stored file holds the age of each consent in days, and its words once for all.
    people = list(csv.DictReader(io.StringIO(_text("subscribers.csv"))))
    written = io.StringIO()
    writer = csv.DictWriter(written, fieldnames=list(people[0]), lineterminator="\n")
    writer.writeheader()
    for person in people:
        agreed = _at(today, days=int(person["consent_at"]), when=time(10, 30))
        person["consent_at"] = agreed.isoformat().replace("+00:00", "Z")
        person["consent_text"] = "Yes, send me the digest. I may leave at any time with one click."
        person["consent_source"] = "fictional sign-up form"
        writer.writerow(person)
    return written.getvalue()


def build_pages(today: date, *, stage: Stage, base_url: str) -> dict[str, Page]:
    """Make every answer of the world (path → page); the same arguments give the same bytes."""
    return {
        **_blog_pages(_KESTREL, today, stage=stage, base_url=base_url),
        **_blog_pages(_HARBOUR, today, stage=stage, base_url=base_url),
        **_living_pages(today, stage=stage, base_url=base_url),
        "/robots.txt": Page(
            content_type="text/plain; charset=UTF-8", body=b"User-agent: *\nAllow: /\n", modified=_at(today, days=90)
        ),
    }


def _blog_pages(blog: _Blog, today: date, *, stage: Stage, base_url: str) -> dict[str, Page]:
    site = _toml(f"{blog.id}.toml")
    home = f"/{blog.id}/"
    posts = _posts(blog, site, today=today, stage=stage, base_url=base_url)
    newest = posts[0].published
    recent = _bullets(f'<a href="{post.url}">{html.escape(post.title)}</a>' for post in posts[:5])
    site_values = {
        "name": html.escape(site["name"]),
        "tagline": html.escape(site["tagline"]),
        "home": base_url + home,
        "recent": recent,
        "comments": "",
        "feed_link": f'\n<link rel="alternate" type="{blog.feed_type}" href="{base_url}{home}{blog.feed_path}">',
    }
    pages = {
        home: _page(site_values, title="Newest posts", content=recent, modified=newest),
        f"{home}about/": _page(site_values, path="about/", title="About", content=site["about"], modified=newest),
        f"{home}{blog.feed_path}": _feed(blog, site, posts=posts, base_url=base_url),
    }
    for post in posts:
        pages[urlsplit(post.url).path] = _page(
            site_values,
            path=post.url.removeprefix(base_url + home),
            title=html.escape(post.title),
            byline=f'<p class="byline">By {html.escape(post.author)} on {post.published:%d %B %Y}</p>',
            content=post.content,
            modified=post.published,
        )
        if post.audio:
            pages[home + post.audio] = Page(content_type=_AUDIO, body=_silence(), modified=post.published)
    return pages


def _posts(blog: _Blog, site: Mapping[str, Any], *, today: date, stage: Stage, base_url: str) -> list[_Post]:
    """Read the posts that are there in ``stage``, newest first."""
    posts = []
    for row in site["post"]:
        if row.get("stage", 1) > stage:
            continue
        published = _at(today, days=row["days"], when=row["time"])
        body = Template(row["body"].strip()).substitute(_meeting(today))
        closing = f"<p>{html.escape(row['coi'])}</p>\n<p>{html.escape(site['disclaimer'])}</p>"
        posts.append(
            _Post(
                slug=row["slug"],
                title=row["title"],
                author=row["author"],
                published=published,
                categories=tuple(row["categories"]),
                content=f"{body}\n{closing}",
                url=f"{base_url}/{blog.id}/{blog.post_path.format(published, row['slug'])}",
                audio=row.get("audio"),
            )
        )
    return sorted(posts, key=lambda post: post.published, reverse=True)


def _feed(blog: _Blog, site: Mapping[str, Any], *, posts: Sequence[_Post], base_url: str) -> Page:
    whole, one = ("rss.xml", "rss-item.xml") if blog is _KESTREL else ("atom.xml", "atom-entry.xml")
    home = f"{base_url}/{blog.id}/"
    body = _template(whole).substitute(
        name=html.escape(site["name"]),
        tagline=html.escape(site["tagline"]),
        home=home,
        feed=home + blog.feed_path,
        id=f"https://{blog.id}.example/feed",
        updated=_rfc3339(posts[0].published),
        updated_rfc=format_datetime(posts[0].published),
        posts="".join(_feed_post(blog, post, template=one, home=home) for post in posts),
    )
    content_type = f"{blog.feed_type}; charset=UTF-8"
    return Page(content_type=content_type, body=body.encode(), modified=posts[0].published)


def _feed_post(blog: _Blog, post: _Post, *, template: str, home: str) -> str:
    rss = blog is _KESTREL
    category = "\t\t<category><![CDATA[{}]]></category>" if rss else '\t\t<category term="{}" />'
    enclosure = ""
    if post.audio:
        file = f'type="{_AUDIO}" length="{len(_silence())}"'
        address = home + post.audio
        enclosure = (
            f'<enclosure url="{address}" {file} />' if rss else f'<link rel="enclosure" href="{address}" {file} />'
        )
    words = html.unescape(re.sub(r"<[^>]+>", " ", post.content)).split()
    return _template(template).substitute(
        title=html.escape(post.title),
        author=html.escape(post.author),
        url=post.url,
        # Not the address on loopback: its port differs each time, and a guid must not.
        id=f"https://{blog.id}.example/?p={post.slug}",
        published=_rfc3339(post.published),
        published_rfc=format_datetime(post.published),
        categories="\n".join(category.format(word) for word in post.categories),
        excerpt=html.escape(" ".join(words[:_EXCERPT_WORDS])) + " […]",
        content=post.content,
        enclosure=enclosure and f"\n\t\t{enclosure}",
    )


def _living_pages(today: date, *, stage: Stage, base_url: str) -> dict[str, Page]:
    site = _toml("registries.toml")
    home = "/registries/"
    newest = min(stamp["days"] for section in site["section"] for stamp in section["stamp"])
    modified = _at(today, when=_EDITED_AT) if stage > 1 else _at(today, days=newest, when=_STAMPED_AT)
    values = {
        "name": html.escape(site["name"]),
        "tagline": html.escape(site["tagline"]),
        "home": base_url + home,
        "recent": _bullets(html.escape(section["title"]) for section in site["section"]),
        "feed_link": "",
    }
    comments = _template("comments.html").substitute(values, title=site["title"], url=base_url + home)
    return {
        home: _page(
            {**values, "comments": comments},
            title=html.escape(site["title"]),
            byline=f'<p class="lede">{html.escape(site["lede"])}</p>',
            content=_living_content(site, today=today, stage=stage),
            modified=modified,
        ),
        f"{home}about/": _page(
            {**values, "comments": ""}, path="about/", title="About", content=site["about"], modified=modified
        ),
    }


def _living_content(site: Mapping[str, Any], *, today: date, stage: Stage) -> str:
    parts = []
    for section in site["section"]:
        parts.append(f"<h2>{html.escape(section['title'])}</h2>")
        for stamp in section["stamp"]:
            day = today - timedelta(days=stamp["days"])
            paragraphs = stamp["later"] if stage > 1 and "later" in stamp else stamp.get("p", [])
            parts.append(f"<p>[Updated {day:%Y/%m/%d}]</p>")
            parts += [f"<p>{paragraph}</p>" for paragraph in paragraphs]
            if "li" in stamp:
                parts.append(_bullets(stamp["li"]))
    return "\n".join(parts)


def _page(
    values: Mapping[str, str], *, title: str, content: str, modified: datetime, path: str = "", byline: str = ""
) -> Page:
    body = _template("page.html").substitute(
        values, title=title, url=values["home"] + path, content=content.strip(), byline=byline
    )
    return Page(content_type=_HTML, body=body.encode(), modified=modified)


def _meeting(today: date) -> dict[str, str]:
    """Tell the meeting's one instant in the words of several cities."""
    start = datetime.combine(today + timedelta(days=_MEETING_IN_DAYS), _MEETING_AT, ZoneInfo(_MEETING_ZONE))
    told = []
    for city, zone in _MEETING_CITIES:
        local = start.astimezone(ZoneInfo(zone))
        told.append(f"{local:%H:%M} {city}{' (the next day)' if local.date() > start.date() else ''}")
    return {"meeting_day": f"{start:%A %d %B %Y}", "meeting_times": ", ".join(told)}


def _silence() -> bytes:
    """Make one second of silence as a WAV file."""
    rate = 8000
    written = io.BytesIO()
    with wave.open(written, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(rate)
        sound.writeframes(b"\x80" * rate)
    return written.getvalue()


def _bullets(rows: Iterable[str]) -> str:
    return "<ul>\n" + "\n".join(f"<li>{row}</li>" for row in rows) + "\n</ul>"


def _at(today: date, *, days: int = 0, when: time = time(0, 0)) -> datetime:
    return datetime.combine(today - timedelta(days=days), when, UTC)


def _rfc3339(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _text(name: str) -> str:
    return (resources.files("msdigest") / "demo_data" / name).read_text(encoding="utf-8")


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads(_text(name))


def _template(name: str) -> Template:
    return Template(_text(name))


class _Server(ThreadingHTTPServer):
    """Answers from ``pages``; its threads never keep the process alive."""

    daemon_threads = True
    pages: Mapping[str, Page]


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        page = self.server.pages.get(urlsplit(self.path).path)
        if page is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        known = page.matches({name: self.headers.get(name) for name in ("If-None-Match", "If-Modified-Since")})
        self.send_response(HTTPStatus.NOT_MODIFIED if known else HTTPStatus.OK)
        self.send_header("ETag", page.etag)
        self.send_header("Last-Modified", format_datetime(page.modified, usegmt=True))
        if not known:
            self.send_header("Content-Type", page.content_type)
            self.send_header("Content-Length", str(len(page.body)))
        self.end_headers()
        if not known:
            self.wfile.write(page.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Say nothing: the demonstration reports what was collected, not what was asked."""
