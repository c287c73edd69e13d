"""Comments are counted; who wrote them and what they say is nobody's business."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.collect.wordpress.blog import DAY, NOW, SOURCE, URL, Blog, Desk, comment, row, visited

from msdigest.collect.wordpress.comments import read_comments
from msdigest.errors import StatusError
from msdigest.model.entry import Entry, Fact


def _told(entry: Entry) -> tuple[str, ...]:
    return tuple(fact.value for fact in entry.facts)


def test_counts() -> None:
    """The number of comments of each post and of those by the blog's authors, also where there are none."""
    comments = [
        comment(1, 1),
        comment(2, 1, author=2),
        comment(3, 1, author=3),
        comment(4, 1, author=77),
        comment(5, 2),
    ]
    one, two, three = sorted(visited(Blog([row(1), row(2), row(3)], comments=comments)), key=lambda entry: entry.key)

    assert one.facts == (
        Fact(name="comments", value="4", label="comments", change="comments", material=False),
        Fact(
            name="authorReplies", value="2", label="comments by the blog's authors", change="comments", material=False
        ),
    )
    assert (_told(two), _told(three)) == (("1", "0"), ("0", "0"))


def test_nothing_personal_is_asked_for() -> None:
    """Not even the question names what must not be kept."""
    desk = Desk(Blog([row(1)], comments=[comment(1, 1)]))
    desk.visit()
    desk.visit(timedelta(hours=7))

    asked = [query["_fields"] for route, query in desk.blog.asked if route == "comments"]
    assert asked == ["id,post,author", "id,post,date_gmt"]


def test_none() -> None:
    """Where the operator wants no comments, none are asked for."""
    blog = Blog([row(1)], comments=[comment(1, 1)])

    assert visited(blog, comments="none")[0].facts == ()
    assert "comments" not in blog.routes


def test_many_pages() -> None:
    """Comments of many posts are counted with one question for each hundred of them."""
    comments = [comment(number, 1 + number % 3) for number in range(1, 251)]
    blog = Blog([row(1), row(2), row(3)], comments=comments)
    entries = visited(blog)

    assert sorted(_told(entry)[0] for entry in entries) == ["83", "83", "84"]
    assert blog.routes.count("comments") == 3


def test_new_comments_on_an_old_post() -> None:
    """Every few hours one small question tells which known posts have new comments; these are told again."""
    desk = Desk(Blog([row(1), row(2)], comments=[comment(1, 1)]))
    desk.visit()
    desk.blog.comments += [
        comment(9, 1, author=2, day=NOW + timedelta(hours=1)),
        comment(10, 999, day=NOW + timedelta(hours=1)),
    ]
    desk.blog.posts.append(row(999, NOW - 4_000 * DAY))
    desk.blog.asked.clear()

    assert desk.visit(timedelta(hours=2)) == {}
    assert desk.blog.routes == ["feed"]
    entries = desk.visit(timedelta(hours=5))
    assert {key: _told(entry) for key, entry in entries.items()} == {f"{URL}/?p=1": ("2", "1")}
    assert desk.blog.routes == ["feed", "comments", "posts", "comments"]
    assert desk.visit(timedelta(hours=7)) == {}
    assert desk.blog.routes == ["feed", "comments"]


def test_a_storm_of_new_comments() -> None:
    """The newest ones are looked at page by page, as far as is decent."""
    desk = Desk(Blog([row(1), row(2)]))
    desk.visit()
    desk.blog.comments += [
        comment(number, 1 + number % 2, day=NOW + timedelta(seconds=number)) for number in range(1, 900)
    ]
    desk.blog.asked.clear()
    entries = desk.visit(timedelta(hours=7))

    assert {_told(entry)[0] for entry in entries.values()} == {"449", "450"}
    asked = [query["_fields"] for route, query in desk.blog.asked if route == "comments"]
    assert asked.count("id,post,date_gmt") == 5


def test_a_server_that_does_not_know_after() -> None:
    """Where all comments come, newest first, reading stops at the first old one."""

    class Old(Blog):
        def _listed(self, route, query):
            return super()._listed(route, {name: told for name, told in query.items() if name != "after"})

    desk = Desk(Old([row(1)], comments=[comment(number, 1) for number in range(1, 400)]))
    desk.visit()
    desk.blog.asked.clear()

    assert desk.visit(timedelta(hours=7)) == {}
    assert desk.blog.routes == ["feed", "comments"]


def test_too_many_to_count() -> None:
    """Where there are more than a visit may ask for, those of the newest posts are counted and the editor is told."""
    comments = [comment(number, 1 + number % 4) for number in range(1, 4_001)]
    desk = Desk(Blog([row(number) for number in (1, 2, 3, 4)], comments=comments))
    entries = desk.visit()

    assert {key[-1]: _told(entry)[:1] for key, entry in entries.items()} == {
        "1": (),
        "2": (),
        "3": ("1000",),
        "4": ("1000",),
    }
    assert desk.collected.warnings == ("There are too many comments to count those of 2 posts.",)
    assert desk.blog.routes.count("comments") <= 30


def test_a_single_post_with_too_many() -> None:
    """A post that alone has more than may be asked for stays without a count."""
    desk = Desk(Blog([row(1)], comments=[comment(number, 1) for number in range(1, 3_200)]))

    assert [entry.facts for entry in desk.visit().values()] == [()]
    assert len(desk.collected.warnings) == 1


@pytest.mark.parametrize(("status", "fails"), [(403, False), (503, True)])
def test_comments_that_are_closed_later(status: int, fails) -> None:
    """A route that is closed is told of; one that is out of order fails the visit."""
    desk = Desk(Blog([row(1)]))
    desk.visit()
    desk.blog.answers["comments"] = (status, "x")

    if fails:
        with pytest.raises(StatusError):
            desk.visit(timedelta(hours=7))
    else:
        assert desk.visit(timedelta(hours=7)) == {}


def test_without_counts_nothing_is_looked_after() -> None:
    """The small question is not asked either where no comments are wanted."""
    desk = Desk(Blog([row(1)]), source=replace(SOURCE, options={"comments": "none"}))
    desk.visit()
    desk.blog.asked.clear()
    desk.visit(timedelta(hours=7))

    assert desk.blog.routes == ["feed"]


def test_odd_rows() -> None:
    """Comments without number or post are none."""
    body = b'[{"id": 1, "post": 2, "author": "x"}, {"id": null, "post": 2}, {"id": 3}, "x"]'
    read = read_comments(body, URL, frozenset({2}))

    assert [(one.id, one.post, one.ours, one.written) for one in read.comments] == [(1, 2, False, None)]
    assert read.told == 4
