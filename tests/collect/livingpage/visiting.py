"""Visiting a living page again and again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from msdigest.collect.livingpage.collecting import collect
from msdigest.model.entry import Entry, Known
from msdigest.model.source import Source
from msdigest.ports import Collected, Memory, Reply
from msdigest.sandbox.fake import InProcess

URL = "https://centre.example/living/"
SOURCE = Source(id="centre", kind="livingpage", url=URL, audience=("researcher",), evidence="guidance")


@dataclass
class OneAnswer:
    """An ``Http`` that gives one answer to everything, and remembers what it was asked."""

    body: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    moved_to: str | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)

    def get(self, url, *, validators=None, accept="*/*") -> Reply:
        assert validators is not None
        self.asked.append((url, accept))
        return Reply(status=self.status, url=url, headers=self.headers, body=self.body.encode(), moved_to=self.moved_to)

    def send(self, request, *, timeout=60.0):
        raise AssertionError(f"a page sends nothing: {request} {timeout}")


@dataclass
class Desk:
    """Visits again and again, and remembers what it saw as the store does: what is doubted is held."""

    source: Source = SOURCE
    known: dict[str, Known] = field(default_factory=dict)
    new: list[str] = field(default_factory=list)
    collected: Collected | None = None

    def visit(self, html: str, *, accept: bool = False, **answer) -> dict[str, Entry]:
        memory = Memory(known=lambda: list(self.known.values()), accept=accept)
        self.collected = collect(self.source, memory, OneAnswer(html, **answer), InProcess())
        entries = {entry.key: entry for entry in self.collected.entries}
        assert len(entries) == len(self.collected.entries), "a key was given twice"
        self.new = [entry.title for key, entry in entries.items() if key not in self.known]
        for key in self.collected.gone:
            self.known[key] = replace(self.known[key], gone=True)
        for key, one in entries.items():
            if accept or not one.doubts:
                facts = {fact.name: fact.value for fact in one.facts}
                self.known[key] = Known(key, one.text, one.section, one.published, gone=False, facts=facts)
        return entries

    def key(self, start: str) -> str:
        (key,) = [key for key, one in self.known.items() if one.text.startswith(start)]
        return key


BLOCKS = """<p>We gather here what our centre learns about the new infusion.</p>
<h2>Calls</h2>
<p>[Updated 2024/05/20]</p>
<p>The next call is on Thursday 6 June at 15:00 in London; please bring your questions.</p>
<ul><li>Ada Byron: Lesions that vanish. A first look at the second cohort.</li><li>Grace Murray: Counting cells in Cairo</li></ul>
<p>The recordings of our calls can be found <a href="/calls">here</a>.</p>
<p>Podcasts of our sessions are also available for download.</p>
<hr>
<p>Follow the discussion under our own tag, which was opened by a nurse in Leeds.</p>
<h2>Registries</h2>
<p>[Updated 2024/05/12]<br>A registry for Wales collects reports from eleven clinics and wants more. It can be found here.</p>
<p>A registry for Egypt has opened with the help of two universities. More can be found here.</p>
<p>[Updated 2024/04/30]</p>
<p>The Baltic registry is still looking for funds.</p>
<h2>Science</h2>
<h3>Blood tests</h3>
<p>[Updated 2024/04/02]</p>
<p>A preliminary report on light chains was posted by a team in Ghent.</p>
<p>What light chains tell about the course of MS</p>
<h2>For patients</h2>
<p>If you miss anything here, please write to us.</p>"""


def page(blocks: str = BLOCKS) -> str:
    return (
        '<!DOCTYPE html><html lang="en"><head><title>Living page – Centre</title></head><body><nav><ul><li>Home</li></ul></nav>'
        f'<main><article><header class="entry-header"><h1>Living page</h1></header><div class="entry-content">{blocks}'
        '<div class="sharedaddy"><h3>Share this:</h3><ul><li>Twitter</li></ul></div></div></article>'
        '<div id="comments"><ol><li>A comment</li></ol></div><form><p>Leave a Reply</p></form></main>'
        "<aside><p>Recent Posts</p></aside><footer>Proudly powered</footer></body></html>"
    )


def changed(*pairs: tuple[str, str]) -> str:
    blocks = BLOCKS
    for old, new in pairs:
        assert old in blocks
        blocks = blocks.replace(old, new)
    return page(blocks)


def redesigned(blocks: str = BLOCKS, **tags: str) -> str:
    for old, new in tags.items():
        blocks = blocks.replace(f"<{old}>", f"<{new}>").replace(f"</{old}>", f"</{new.split()[0]}>")
    return (
        '<html lang="en"><head><title>Living page – Centre</title></head><body class="t-page"><header>Centre</header>'
        f'<div id="content"><section class="t-card"><h2>Living page</h2><div class="t-body">{blocks}</div></section></div>'
        '<aside class="t-side"><h2>Recent Posts</h2><ul><li>One</li></ul></aside><footer>x</footer></body></html>'
    )
