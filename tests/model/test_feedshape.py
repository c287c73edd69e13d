"""The shape of a feed's XML: bounded where it is hostile, untouched where it is honest."""

from __future__ import annotations

import re
import time

import pytest

from msdigest.model.feedshape import shaped, without_loose_tags

FILLING = b"<x/>" * 5_000


def _rss(entries: bytes) -> bytes:
    return b"<rss><channel><title>t</title>" + entries + b"</channel></rss>"


def _deepest(body: bytes) -> int:
    depth = deepest = 0
    for tag in re.findall(rb"</?\w", body):
        depth += -1 if tag.startswith(b"</") else 1
        deepest = max(deepest, depth)
    return deepest


HONEST = {
    "few tags": _rss(b"<item>" + b"<b>" * 1_000 + b"</item>"),
    "many entries": _rss(b"<item><title>t</title><link>/1</link><guid>1</guid></item>" * 1_000),
    "careless HTML": _rss(b"<item><description>" + b"one<br>two<img src='x'><hr>" * 2_000 + b"</description></item>"),
    "CDATA": _rss(b"<item><description><![CDATA[" + b"<div>" * 6_000 + b"]]></description></item>"),
    "comments": _rss(b"<item><!--" + b"<div>" * 6_000 + b"--></item>"),
    "deep, but not too deep": _rss(
        (b"<entry><content>" + b"<div>" * 90 + b"x" + b"</div>" * 90 + b"</content></entry>") * 60
    ),
    "many paragraphs": _rss(b"<entry><content>" + b"<p>x</p>" * 3_000 + b"</content></entry>"),
    "ends that end nothing": _rss(b"<item></p></title><title>t</b></title></item>" * 2_000),
}  # fmt: skip


@pytest.mark.parametrize("body", HONEST.values(), ids=HONEST)
def test_honest_documents_keep_their_bytes(body: bytes) -> None:
    """However careless they are."""
    assert shaped(body) == body


@pytest.mark.parametrize(
    "inside",
    [b"<div>" * 6_000 + b"x" + b"</div>" * 6_000, b"<div>" * 6_000 + b"x", b"<div><b>" * 6_000 + b"x" + b"</div>" * 100],
    ids=["closed", "left open", "half closed"],
)  # fmt: skip
@pytest.mark.parametrize("part", [b"description", b"title", b"content:encoded"])
def test_depth(part: bytes, inside: bytes) -> None:
    """What is too deep loses its tags, not its words, and what comes after it is as it was."""
    after = b"<link>/1</link></item><item><title>next</title></item></channel></rss>"
    body = shaped(b"<rss><channel><item><" + part + b">" + inside + b"</" + part + b">" + after)

    assert _deepest(body) <= 104
    assert b"x" in body
    assert body.endswith(b"</" + part + b">" + after)


@pytest.mark.parametrize("part", [b"<author>a</author>", b"<link/>", b"<a><b>c</b></a>"])
def test_parts(part: bytes) -> None:
    """An entry keeps its first three hundred parts; the next one starts anew."""
    body = shaped(_rss(b"<item>" + part * 6_000 + b"</item>" + b"<item>" + part + b"</item>"))

    name = part[: part.index(b">")].rstrip(b"/")
    assert body.count(name) == 301
    assert body.endswith(b"</item><item>" + part + b"</item></channel></rss>")


@pytest.mark.parametrize(
    ("document", "made"),
    [
        (b"<p>5 < 6 <b and <i>so</i></p>", b"<p>5 < 6 &lt;b and <i>so</i></p>"),
        (b"<p><a href='x>y' <b></p>", b"<p>&lt;a href='x>y' <b></p>"),
        (b"<p title='a>b'>x</p><br/>", b"<p title='a>b'>x</p><br/>"),
        (b"<rss><item <title>t</title <entry>", b"<rss><item <title>t</title <entry>"),
        (b"<![CDATA[<a ]]><!-- <a --><?x?><a ", b"<![CDATA[<a ]]><!-- <a --><?x?>&lt;a "),
    ],
)
def test_loose_tags(document: bytes, made: bytes) -> None:
    """What begins like a tag and does not end like one is text; the frame of a feed is left to the parser."""
    assert without_loose_tags(document) == made


@pytest.mark.parametrize(
    "bomb",
    [b"<a " * 200_000, b"<" * 300_000, b"<a '\"" * 100_000, b"<a x='" * 100_000, b"<a" + b"'" * 300_000, b"<!--" * 60_000,
     b"<![CDATA[" * 60_000, b"<a>" * 300_000, b"</a>" * 300_000, b"<item>" * 300_000, b"<a><b>" * 100_000 + b"</a>" * 100_000],
)  # fmt: skip
def test_bombs(bomb: bytes) -> None:
    """Nothing here is quadratic."""
    started = time.perf_counter()
    shaped(bomb)
    without_loose_tags(bomb)

    assert time.perf_counter() - started < 5
