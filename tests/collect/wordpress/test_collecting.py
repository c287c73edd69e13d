"""A WordPress site is visited cheaply, and nothing that it published meanwhile is missed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.collect.wordpress.blog import DAY, NOW, SOURCE, URL, Blog, Desk, comment, row, visited

from msdigest.errors import AnswerError, CollectError, EmptyAnswerError, StatusError, TooLargeError
from msdigest.model.entry import Entry


def _numbers(entries) -> list[int]:
    return sorted(int(key.rpartition("=")[2]) for key in entries)


def test_a_post() -> None:
    """A post comes with names instead of numbers, with the key and link that the site's feed gives it, too."""
    post = row(
        1284,
        datetime(2014, 1, 20, 8, 0, tzinfo=NOW.tzinfo),
        title={"rendered": "Wear-off &#8211; D&#038;D, p &lt; 0.05"},
        content={"rendered": "\n<p>Text <a href='../x/'>there</a></p><script>x</script>", "protected": False},
        categories=[11, 12],
    )
    (entry,) = visited(
        Blog([post], categories=[{"id": 11, "name": "Natalizumab"}, {"id": 12, "name": "PML &amp; IRIS"}])
    )

    assert (entry.key, entry.url) == (f"{URL}/?p=1284", f"{URL}/2026/10/post-1284/")
    assert entry.title == "Wear-off – D&D, p < 0.05"
    assert (entry.authors, entry.categories) == (("Prof X",), ("Natalizumab", "PML & IRIS"))
    assert entry.html == f'<p>Text <a href="{URL}/2026/10/x/" rel="noopener">there</a></p>'
    assert entry.text == "Text there"
    assert (entry.published, entry.precision) == (datetime(2014, 1, 20, 8, 0, tzinfo=NOW.tzinfo), "minute")
    assert (entry.kind, entry.language, entry.audience, entry.evidence) == ("post", "en-GB", ("patient",), "commentary")
    assert entry.updated == entry.published


def test_a_first_visit_takes_the_newest_hundred() -> None:
    """The archive of years is not asked for."""
    desk = Desk(Blog([row(number, NOW - number * DAY) for number in range(1, 251)]))

    assert _numbers(desk.visit()) == list(range(1, 101))
    assert desk.blog.routes == ["feed", "posts", "users", "categories", "tags", "comments"]
    assert desk.collected.status == "ok"


def test_nothing_new_costs_one_request() -> None:
    """A feed that answers 304 says that no post was published or edited."""
    desk = Desk(Blog([row(1)]))
    desk.visit()
    desk.blog.asked.clear()
    before = desk.collected

    assert desk.visit(timedelta(hours=1)) == {}
    assert desk.blog.routes == ["feed"]
    assert (desk.collected.status, desk.collected.body_hash) == ("unchanged", before.body_hash)
    assert desk.collected.notes == before.notes


def test_a_gap_is_fetched_whole() -> None:
    """After twelve days without a visit all 150 posts of that time are asked for, page by page."""
    desk = Desk(Blog([row(1)]))
    desk.visit()
    desk.blog.posts += [row(number, NOW + number * timedelta(hours=1)) for number in range(100, 250)]
    desk.blog.asked.clear()

    assert _numbers(desk.visit(12 * DAY)) == [1, *range(100, 250)]
    pages = [query["page"] for route, query in desk.blog.asked if route == "posts" and "modified_after" in query]
    assert pages == ["1", "2"]
    assert desk.visit(timedelta(hours=1)) == {}


def test_an_edit() -> None:
    """An old post that is edited is read again; what was not touched is not."""
    desk = Desk(Blog([row(1, NOW - 900 * DAY), row(2)]))
    desk.visit()
    desk.blog.posts[0]["modified_gmt"] = "2026-11-21T12:00:00"
    desk.blog.posts[0]["content"]["rendered"] = "<p>Other words</p>"
    entries = desk.visit(2 * DAY)

    assert entries[f"{URL}/?p=1"].text == "Other words"
    assert entries[f"{URL}/?p=1"].published == NOW - 900 * DAY
    assert _numbers(desk.visit(timedelta(hours=1))) == []


def test_a_post_that_waited() -> None:
    """A post set to appear later keeps its old time of editing when it appears: it is asked for by its date, too."""
    desk = Desk(Blog([row(1, NOW - DAY)]))
    desk.visit()
    desk.blog.posts.append(row(2, NOW + DAY, modified_gmt=f"{NOW - 20 * DAY:%Y-%m-%dT%H:%M:%S}"))

    assert 2 in _numbers(desk.visit(2 * DAY))


def test_the_clock_of_the_site_counts() -> None:
    """A site whose clock is years behind is not left unread: the newest post that was seen is the line."""
    old = datetime(2021, 10, 20, tzinfo=NOW.tzinfo)
    desk = Desk(Blog([row(1, old)]))
    desk.visit()
    desk.blog.posts += [row(number, old + number * DAY) for number in range(2, 12)]

    assert _numbers(desk.visit(timedelta(hours=1))) == list(range(1, 12))


def test_an_old_wordpress() -> None:
    """Before 5.7 ``modified_after`` is not known: reading stops where everything is older, and brings nothing old."""

    class Old(Blog):
        def _listed(self, route, query):
            known = {name: told for name, told in query.items() if not name.startswith("modified_")}
            return super()._listed(route, known)

    desk = Desk(Old([row(number, NOW - number * DAY) for number in range(1, 1_000)]))
    desk.visit()
    desk.blog.posts.append(row(2_000, NOW + DAY))
    desk.blog.asked.clear()

    assert _numbers(desk.visit(2 * DAY)) == [1, 2, 2_000]
    assert desk.blog.routes.count("posts") <= 4


def test_too_much_changed() -> None:
    """A site that touched its whole archive is read as far as is decent, and the editor is told."""
    desk = Desk(Blog([row(1)]))
    desk.visit()
    desk.blog.posts += [row(number, NOW + DAY, content={"rendered": ""}) for number in range(2, 2_200)]
    desk.visit(2 * DAY)

    assert len(desk.collected.entries) == 2_000
    assert any(warning.startswith("More than 2000 posts changed") for warning in desk.collected.warnings)


def test_a_forgotten_cache() -> None:
    """A feed that claims for days that nothing happened is not believed longer than a day."""
    desk = Desk(Blog([row(1)]))
    desk.visit()
    desk.blog.answers["feed"] = (304, "")
    desk.blog.posts.append(row(2, NOW + timedelta(minutes=30)))

    assert desk.visit(timedelta(hours=1)) == {}
    assert 2 in _numbers(desk.visit(DAY))


def test_a_feed_without_validators() -> None:
    """A feed that gives none is known again by its text."""
    desk = Desk(Blog([row(1)], feed_dated=False))
    desk.visit()
    desk.blog.asked.clear()

    assert desk.visit(timedelta(hours=1)) == {}
    assert desk.blog.routes == ["feed"]
    assert desk.collected.status == "unchanged"


@pytest.mark.parametrize("answer", [(404, "no"), (410, "no"), (403, "no"), (200, "<html>a page</html>"), (200, "<<")])
def test_a_site_without_a_feed(answer) -> None:
    """It is read all the same; the editor hears of it, and the feed is left alone for a week."""
    desk = Desk(Blog([row(1)], answers={"feed": answer}))

    assert _numbers(desk.visit()) == [1]
    assert "how long recordings are may stay unknown" in desk.collected.warnings[0]
    desk.blog.posts.append(row(2, NOW))
    desk.blog.asked.clear()
    assert _numbers(desk.visit(timedelta(hours=1))) == [1, 2]
    assert "feed" not in desk.blog.routes
    assert desk.collected.warnings == ()
    desk.visit(8 * DAY)
    assert "feed" in desk.blog.routes


def test_a_feed_that_is_too_large() -> None:
    """A feed beyond the limit is done without."""

    class Large(Blog):
        def _feed(self, url, validators):
            raise TooLargeError(url)

    desk = Desk(Large([row(1)]))

    assert _numbers(desk.visit()) == [1]
    assert desk.collected.warnings == (
        f"{URL}/feed/ is larger than the limit: how long recordings are may stay unknown.",
    )


def test_reading_anew() -> None:
    """Where the last body is not remembered, the newest hundred are read again besides what is new."""
    desk = Desk(Blog([row(1, NOW - 300 * DAY), row(2)]))
    desk.visit()
    desk.memory = replace(desk.memory, body_hash=None)
    desk.blog.asked.clear()

    assert _numbers(desk.visit(timedelta(hours=1))) == [1, 2]
    assert desk.blog.routes == ["feed", "posts", "posts", "posts", "comments"]


def test_names_are_asked_for_once() -> None:
    """A later visit asks only for names that are new; a name is never guessed."""
    desk = Desk(Blog([row(1)]))
    desk.visit()
    desk.blog.posts.append(row(2, NOW, author=9, categories=[11, 12], tags=[]))
    desk.blog.asked.clear()
    entry = desk.visit(timedelta(hours=1))[f"{URL}/?p=2"]

    asked = {route: query.get("include") for route, query in desk.blog.asked}
    assert asked["categories"] == "12"
    assert "tags" not in asked
    # The feed's own author is used only for who the site does not name.
    assert (entry.authors, entry.categories) == (("Prof X",), ("Natalizumab",))


def test_more_authors_than_a_page() -> None:
    """Of a hundred authors and more, those that are missing are asked for by number."""
    users = [{"id": number, "name": f"Author {number}"} for number in range(1, 151)]
    desk = Desk(Blog([row(1, author=150)], users=users))
    (entry,) = desk.visit().values()

    assert entry.authors == ("Author 150",)
    assert [query.get("include") for route, query in desk.blog.asked if route == "users"] == [None, "150"]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_closed_routes(status: int) -> None:
    """A site may keep names and comments to itself: authors come from its feed then, the rest stays unknown."""
    closed = dict.fromkeys(("users", "categories", "tags", "comments"), (status, "{}"))
    desk = Desk(Blog([row(1)], answers=closed))
    (entry,) = desk.visit().values()

    assert (entry.authors, entry.categories, entry.facts) == (("Prof X",), (), ())
    assert desk.collected.warnings == (
        "The site does not tell the names of its categories.",
        "The site does not tell the names of its tags.",
        'The site does not tell its comments; comments = "none" stops asking for them.',
    )
    desk.blog.answers["feed"] = (404, "")
    nameless = Desk(desk.blog)
    (entry,) = nameless.visit().values()
    assert entry.authors == ()
    assert "The site does not tell the names of its authors." in nameless.collected.warnings


@pytest.mark.parametrize("route", ["feed", "posts", "users", "categories", "comments", "pages"])
@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_visit_that_fails_half_way(route: str, status: int) -> None:
    """Whatever fails for a time fails the visit: nothing is kept and the same gap is asked for again."""
    desk = Desk(Blog([row(1)], answers={route: (status, "x")}), source=replace(SOURCE, options={"pages": ("about",)}))

    with pytest.raises(StatusError) as failed:
        desk.visit()

    assert failed.value.status == status


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("<html>Just a moment</html>", "posts answered with a web page instead"),
        ("nonsense", "something unreadable"),
        ("[" * 50_000, "something unreadable"),
        ('[{"id": ' + "9" * 5_000 + "}]", "something unreadable"),
        ('{"code": "x", "message": "Sorry, <b>no</b>"}', "posts answered with no list: Sorry, no"),
        ("5", "posts answered with no list"),
        ('[1, "x", null]', "nothing can be read"),
    ],
)
def test_answers_that_make_no_sense(body: str, sentence: str) -> None:
    """An answer that is no list of posts is an error of one sentence."""
    with pytest.raises(AnswerError, match=sentence) as refused:
        visited(Blog(answers={"posts": (200, body)}))

    assert "_fields" not in str(refused.value)


def test_refusals() -> None:
    """A closed REST interface is told with what to do; an empty answer and a wrong setting, too."""
    with pytest.raises(StatusError, match=r"posts answered 404: .* kind = \"feed\""):
        visited(Blog(answers={"posts": (404, "")}))
    with pytest.raises(EmptyAnswerError):
        visited(Blog(answers={"posts": (200, " ")}))
    with pytest.raises(StatusError, match="answered 304"):
        visited(Blog(answers={"feed": (304, "")}))
    with pytest.raises(CollectError, match="write count or none"):
        visited(Blog(), comments="all")


@pytest.mark.parametrize(
    "odd", [None, 5, True, "x", [], {}, {"rendered": 5}, ["x"], -1, 2**70, "\ud800", "0000-00-00T00:00:00"]
)
@pytest.mark.parametrize("name", list(row(1)))
def test_one_odd_value_does_not_take_the_site(name: str, odd) -> None:
    """What is of another type than it should be is not there; a post without number or address is left out."""
    entries = visited(Blog(answers={"posts": (200, json.dumps([row(1, **{name: odd}), row(2)]))}))

    assert f"{URL}/?p=2" in {entry.key for entry in entries}
    assert all(entry.title and entry.url.startswith("http") and entry.key for entry in entries)


def test_what_is_left_out_is_told() -> None:
    """Posts behind a password and rows that are none are counted in a warning."""
    rows = [row(1), row(2, content={"rendered": "", "protected": True}), row(3, id="x"), "nonsense"]
    desk = Desk(Blog(answers={"posts": (200, json.dumps(rows))}))

    assert _numbers(desk.visit()) == [1]
    assert desk.collected.warnings == (
        "2 of the entries that the site lists could not be read and were left out.",
        "1 of the entries that the site lists ask for a password and were left out.",
    )


def test_keys_without_guid() -> None:
    """The canonical link stands in for a missing guid; a guid is told as a feed's reader would see it."""
    address = f"{URL}/?post_type=x"
    rows = [
        row(3, guid=None, link=f"{URL}/a/"),
        row(2, guid={"rendered": f"{address}&#038;p=2"}, link=None, date_gmt=None, date="2014-01-20T23:30:00"),
        row(1, guid={"rendered": "long" * 100}),
    ]
    one, two, three = visited(Blog(answers={"posts": (200, json.dumps(rows))}))

    assert one.key == "blog.example/a"
    assert (two.key, two.url) == (f"{URL}/?post_type=x&p=2", f"{URL}/?post_type=x&p=2")
    assert (two.published, two.precision) == (datetime(2014, 1, 20, tzinfo=NOW.tzinfo), "day")
    assert len(three.key) == 64


@pytest.mark.parametrize(
    ("api", "address"),
    [
        (None, f"{URL}/wp-json/wp/v2/posts?per_page=100"),
        ("rest/wp/v2/", f"{URL}/rest/wp/v2/posts?per_page=100"),
        ("/?rest_route=/wp/v2", f"{URL}/?rest_route=/wp/v2/posts&per_page=100"),
        ("https://public-api.wordpress.example/wp/v2/sites/blog.example", "https://public-api.wordpress.example/wp/v2/sites/blog.example/posts?per_page=100"),
    ],
)  # fmt: skip
def test_addresses(api: str | None, address: str) -> None:
    """The REST interface may be at another path, in a query, or at another host."""
    asked = []

    class Listening(Blog):
        def get(self, url, **more):
            asked.append(url)
            return super().get(url.replace("?rest_route=/wp/v2", "wp-json/wp/v2").replace("posts&", "posts?"), **more)

    options = {"api": api} if api else {}
    with pytest.raises(StatusError):
        visited(Listening(answers={"posts": (500, "")}), **options)

    assert asked[0] == f"{URL}/feed/"
    assert asked[1].startswith(address)


def test_lists_without_totals() -> None:
    """Where a proxy strips the totals, a full page is followed by a question for another."""
    desk = Desk(Blog([row(1)], with_totals=False))
    desk.visit()
    desk.blog.posts += [row(number, NOW + DAY) for number in range(100, 299)]

    # The second page is full, too: the third is past the end, which WordPress answers with 400.
    assert _numbers(desk.visit(2 * DAY)) == [1, *range(100, 299)]


def test_a_list_that_shrinks() -> None:
    """A post that is deleted while the pages are read would hide another: the visit is made again."""
    desk = Desk(Blog([row(1)]))
    desk.visit()
    desk.blog.posts += [row(number, NOW + DAY) for number in range(100, 300)]
    whole = desk.blog.get

    def shrinking(url, **more):
        if "page=2" in url:
            desk.blog.posts.pop()
        return whole(url, **more)

    desk.blog.get = shrinking
    with pytest.raises(AnswerError, match="changed while it was read"):
        desk.visit(2 * DAY)


def test_pages() -> None:
    """Each chosen page is an entry, read anew when it is edited; one that is missing is told at each visit."""
    about = row(
        7, slug="about", guid={"rendered": f"{URL}/?page_id=7"}, link=f"{URL}/about/", categories=None, tags=None
    )
    desk = Desk(Blog([row(1)], pages=[about]), source=replace(SOURCE, options={"pages": ("/team/about/", "gone")}))
    entry = desk.visit()[f"{URL}/?page_id=7"]

    assert (entry.kind, entry.url, entry.authors, entry.facts) == ("resource", f"{URL}/about/", ("Prof X",), ())
    assert desk.collected.warnings == ("The page 'gone' is not there.",)
    desk.blog.asked.clear()
    assert desk.visit(timedelta(hours=1)) == {}
    assert desk.blog.asked[-1][1]["_fields"] == "slug,modified_gmt"
    assert (desk.blog.routes, desk.collected.status) == (["feed", "pages"], "unchanged")
    assert desk.collected.warnings == ("The page 'gone' is not there.",)
    about |= {"modified_gmt": "2026-11-20T12:30:00", "content": {"rendered": "<p>New words</p>"}}
    assert desk.visit(timedelta(hours=1))[f"{URL}/?page_id=7"].text == "New words"


@pytest.mark.parametrize(
    ("moved", "told"),
    [(f"{URL}/feed/", URL), ("https://feeds.example/blog", None), ("https://new.example/feed/", "https://new.example")],
)
def test_a_site_that_moved(moved: str, told: str | None) -> None:
    """The new address of the feed tells that of the site."""
    desk = Desk(Blog([row(1)], moved_to=moved))
    desk.visit()

    assert desk.collected.moved_to == told


def test_the_kind_that_the_operator_chose() -> None:
    """What a source's entries are is the operator's word."""
    desk = Desk(Blog([row(1)]), source=replace(SOURCE, entry_kind="guidance"))

    assert [entry.kind for entry in desk.visit().values()] == ["guidance"]


@pytest.mark.parametrize(
    "notes", [{"wordpress": "nonsense"}, {"wordpress": "[]"}, {"wordpress": '{"files": {"1": [{}]}}'}]
)
def test_notes_of_another_version(notes) -> None:
    """Notes that cannot be read are forgotten; nothing is lost but a few requests."""
    desk = Desk(Blog([row(1, NOW - DAY)]))
    desk.visit()
    desk.memory = replace(desk.memory, notes=notes)

    assert _numbers(desk.visit(timedelta(hours=1))) == [1]
    assert desk.collected.status == "ok"


def test_notes_are_bounded_and_tell_nothing_of_readers() -> None:
    """Names of authors and terms only, and not more of them than a limit."""
    tags = [{"id": number, "name": f"Tag {number}"} for number in range(1, 1_000)]
    posts = [row(number, tags=list(range(number * 10, number * 10 + 10))) for number in range(1, 80)]
    desk = Desk(Blog(posts, tags=tags, comments=[comment(5, 1), comment(6, 1, author=77)]))
    entries: dict[str, Entry] = desk.visit()

    told = json.loads(desk.collected.notes["wordpress"])
    assert len(told["tags"]) == 500
    assert "Secret" not in f"{desk.collected}"
    assert "77" not in told["users"]
    assert len(entries) == 79
