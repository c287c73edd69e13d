"""JSON Feed gives the same kind of entry."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.collect.feed.visiting import visit

from msdigest.model.entry import Enclosure

JSON = """\ufeff {"version": "https://jsonfeed.org/version/1.1", "title": "f", "language": "en", "authors": [{"name": "The Team"}],
"items": [
 {"id": "https://j.example/?p=1", "url": "https://j.example/1", "title": "5 < 6 & <b>bold</b>", "content_html": "<p>a <a href='x'>b</a></p><script>x</script>",
  "date_published": "2021-10-20T08:30:00+02:00", "date_modified": "2021-10-21T00:00:00Z", "tags": ["MS", 3], "language": "de",
  "authors": [{"name": "Jane jane@x.example"}], "attachments": [{"url": "a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 3, "duration_in_seconds": 62.5}, "x"]},
 {"id": 2, "external_url": "https://j.example/2", "content_text": "one\\n\\ntwo <b> \\ud800", "date_published": "never"},
 {"id": "https://j.example/3", "summary": "only", "date_modified": "2021-10-20", "author": {"name": "Old Style"}},
 "nonsense", {"id": true}]}"""


def test_json_feed() -> None:
    """JSON Feed 1.0 and 1.1 give the same kind of entry."""
    one, two, three = visit(JSON.encode(), "application/feed+json").entries

    assert (one.key, one.title, one.kind) == ("https://j.example/?p=1", "5 < 6 & bold", "recording")
    assert one.html == '<p>a <a href="https://j.example/x" rel="noopener">b</a></p>'
    assert (one.published, one.updated) == (
        datetime(2021, 10, 20, 6, 30, tzinfo=UTC),
        datetime(2021, 10, 21, tzinfo=UTC),
    )
    assert (one.authors, one.categories, one.language) == (("Jane",), ("MS",), "de")
    assert one.enclosures == (Enclosure("https://blog.example/feed/a.mp3", "audio/mpeg", 3, 62),)
    assert (two.key, two.url, two.text, two.title) == ("2", "https://j.example/2", "one\n\ntwo <b>", "one")
    assert (two.published, two.authors, two.language) == (None, ("The Team",), "en")
    assert (three.url, three.text, three.authors) == ("https://j.example/3", "only", ("Old Style",))
    assert (three.published, three.precision) == (datetime(2021, 10, 20, tzinfo=UTC), "day")


def test_json_feed_with_too_many_entries() -> None:
    """The limit holds for JSON, too."""
    items = ",".join(f'{{"id": "{n}", "content_text": "x"}}' for n in range(1_500))
    collected = visit(f'{{"version": "https://jsonfeed.org/version/1", "items": [{items}]}}'.encode())

    assert len(collected.entries) == 1_000
    assert "500 were left out" in collected.warnings[0]


@pytest.mark.parametrize("odd", ["5", "true", '"x"', '{"a": 1}', "null", "[[]]"])
@pytest.mark.parametrize(
    "name",
    ["id", "url", "title", "content_html", "date_published", "tags", "attachments", "authors", "author", "language"],
)
def test_one_odd_value_does_not_take_the_feed(name, odd) -> None:
    """What is of another type than it should be is not there; the other entries are read."""
    odd_one = f'{{"id": "1", "content_text": "one", "{name}": {odd}}}'
    body = f'{{"version": "https://jsonfeed.org/version/1.1", "items": [{odd_one}, {{"id": "2", "title": "Two"}}]}}'
    entries = visit(body.encode(), "application/feed+json").entries

    assert [entry.title for entry in entries][1:] == ["Two"]
