"""What servers do between two visits: nothing is mailed twice or lost, and they are left alone when they ask for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.collect.feed.visiting import rss_document
from tests.fetch.loopback import answer
from tests.hostile.desk import DAY, HOUR, START

from msdigest.model.source import Validators


def post(number, *, guid="https://blog.example/?p={}", link="https://blog.example/{}/", title="Post {}", date=-DAY, body="<p>Words about a study.</p>"):  # fmt: skip
    """Write an entry; what is None is left out."""
    told = {"guid": guid, "link": link, "title": title}
    parts = [f"<{name}>{text.format(number)}</{name}>" for name, text in told.items() if text is not None]
    if date is not None:
        parts.append(f"<pubDate>{START + date:%a, %d %b %Y %H:%M:%S GMT}</pubDate>")
    return f"<item>{''.join(parts)}<description><![CDATA[{body}]]></description></item>"


def feed(*posts):
    return rss_document("".join(posts))


# 14


@pytest.mark.parametrize(
    "cut", [b"</item></channel></rss>", b"</title>", b"<title>Post 3", b"=3</guid>", b"]]></description>"]
)
def test_a_document_that_ends_in_the_middle(desk, cut) -> None:
    """14: whole entries are kept, the cut one is held and not mailed, and comes with the whole document."""
    whole = feed(post(1), post(2), post(3))
    stop = whole.rindex(cut)
    first = desk.visit(whole[:stop], etag='"1"', last_modified="then")
    mailed = desk.mailed()
    second = desk.visit(whole, etag='"1"', after=HOUR)

    assert (first.status, first.new) == ("ok", 2)
    assert "the last entry is held" in first.warnings[0]
    assert sorted(mailed) == ["Post 1", "Post 2"]
    assert "if-none-match" not in desk.server.fields()
    assert (second.new, second.changed) == (1, 0)
    assert desk.mailed() == ["Post 3"]


# 19


def test_entries_without_a_guid(desk) -> None:
    """19: the link is their name, whatever hangs on it; without any, title and day are."""
    told = [post(n, guid=None) for n in (1, 2)] + [post(3, guid=None, link=None)]
    desk.visit(feed(*told))
    tracked = [post(n, guid=None, link="http://www.blog.example/{}?utm_source=rss") for n in (1, 2)]
    again = desk.visit(feed(*tracked, post(3, guid=None, link=None)), after=HOUR)

    assert (again.new, len(desk.titles())) == (0, 3)


def test_a_guid_that_many_share(desk) -> None:
    """19: their links tell them apart, today and tomorrow, in any order."""
    told = [post(n, guid="https://blog.example/") for n in (1, 2, 3)]
    first, second = desk.visit(feed(*told)), desk.visit(feed(*reversed(told)), after=HOUR)

    assert (first.new, second.new, second.changed) == (3, 0, 0)
    assert sorted(desk.titles()) == ["Post 1", "Post 2", "Post 3"]


@pytest.mark.parametrize(
    ("guid", "link"),
    [
        ("http://blog.example/?p={}", "http://blog.example/{}/"),
        ("https://www.blog.example/?p={}", "https://www.blog.example/{}/"),
        ("tag:blog.example,2026:{}", "https://blog.example/{}/"),
        ("{}", "https://blog.example/{}"),
    ],
)
def test_guids_that_change_and_links_that_stay(desk, guid, link) -> None:
    """19: the same posts under other names are the same posts; nobody is mailed again."""
    numbers = range(1, 11)
    desk.visit(feed(*(post(n) for n in numbers)))
    mailed = desk.mailed()
    again = desk.visit(feed(*(post(n, guid=guid, link=link) for n in numbers)), after=5 * DAY)

    assert len(mailed) == 10
    assert (again.status, again.new) == ("ok", 0)
    assert desk.mailed() == []


def test_all_names_change_at_once(desk) -> None:
    """19: a burst of old posts that nobody knows is held for the editor, who decides."""
    numbers = range(1, 11)
    desk.visit(feed(*(post(n, date=n * -DAY) for n in numbers)))
    desk.mailed()
    renamed = feed(*(post(n, guid="new-{}", link="https://new.example/{}/", title="Entry {}", body=f"<p>Other words {n}.</p>", date=n * -DAY) for n in numbers))  # fmt: skip
    held = desk.visit(renamed, after=5 * DAY)

    assert (held.status, held.new, len(desk.titles())) == ("held", 0, 10)
    assert "10 of its 10 entries are unknown and yet older than the last visit" in held.error
    assert desk.mailed() == []
    assert desk.visit(renamed, after=HOUR).status == "held"
    taken = desk.visit(renamed, after=HOUR, accept=True)
    assert (taken.status, taken.new) == ("ok", 10)


# 20


LONG = "Words about a study of the new infusion, which went on for two years. " * 3


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("<p>Words about a study.</p>", "<p>Words about a  study!</p>", [("edited", False)]),
        (f"<p>{LONG}Tpyo.</p>", f"<p>{LONG}Typo.</p>", [("edited", False)]),
        ("<p>Words about a study.</p>", "<p>None of this was true, we are sorry.</p>", [("edited", True)]),
        ("<p>Words.</p>", "<p >Words.</p><img src='/p.gif'>", []),
    ],
    ids=["a mark", "a typing error", "other words", "nothing that is shown"],
)
def test_a_post_that_was_edited(desk, before, after, told) -> None:
    """20: the same guid and date with other words are a revision; both texts are kept, nobody is mailed again."""
    desk.visit(feed(post(1, body=before)))
    mailed = desk.mailed()
    again = desk.visit(feed(post(1, body=after)), after=HOUR)

    assert (mailed, again.new) == (["Post 1"], 0)
    assert desk.revisions(desk.entry()) == [("new", True), *told]
    assert desk.visit(feed(post(1, body=after) + "\n"), after=HOUR).changed == 0
    assert desk.mailed() == []
    page = next(text for path, text in desk.published().items() if desk.entry().id in path)
    assert not told or all(word in page for word in ("<del>", "<ins>"))


# 23


def test_not_modified_without_validators(desk) -> None:
    """23: a 304 that carries none leaves those that we have."""
    desk.visit(feed(post(1)), etag='W/"a"', last_modified="Thu, 1 jan 2026 0:00 CET")
    desk.visit("", status="304 Not Modified", after=HOUR)
    again = desk.visit("", status="304 Not Modified", after=HOUR, etag='W/"b"')

    assert (again.status, desk.titles()) == ("unchanged", ["Post 1"])
    fields = desk.server.fields()
    assert (fields["if-none-match"], fields["if-modified-since"]) == ('W/"a"', "Thu, 1 jan 2026 0:00 CET")
    assert desk.state().validators == Validators('W/"b"', "Thu, 1 jan 2026 0:00 CET")


def test_not_modified_though_everything_was_asked_for(desk) -> None:
    """23: that makes no sense; nothing is lost by it."""
    desk.visit(feed(post(1)))
    report = desk.visit("", status="304 Not Modified", after=HOUR)

    assert "if-none-match" not in desk.server.fields()
    assert report.status in {"unchanged", "failed"}
    assert desk.titles() == ["Post 1"]
    assert len(desk.living()) == 1


def test_the_same_body_again(desk) -> None:
    """23: it is not read again, whatever the headers say."""
    desk.visit(feed(post(1)), etag='"1"')
    report = desk.visit(feed(post(1)), etag='"2"', after=HOUR)

    assert (report.status, report.new, report.changed) == ("unchanged", 0, 0)
    assert desk.state().validators.etag == '"2"'


def test_a_server_that_says_not_modified_for_ever(new_desk) -> None:
    """23: once a week it is asked for everything, whatever it says."""
    shown = [feed(post(1))]

    def behave(connection, server):
        while head := server.head(connection):
            told = b"if-modified-since" in head.lower()
            same, whole = (
                answer("304 Not Modified"),
                answer(body=shown[0], last_modified="Thu, 1 Jan 2026 00:00:00 GMT"),
            )
            connection.sendall(same if told else whole)

    desk = new_desk(behave)
    desk.visit()
    shown[0] = feed(post(1), post(2, date=DAY))
    statuses = [desk.visit(after=DAY).status for _ in range(8)]

    assert statuses[:6] == ["unchanged"] * 6
    assert "ok" in statuses[6:]
    assert sorted(desk.titles()) == ["Post 1", "Post 2"]


# 24


@pytest.mark.parametrize(
    ("told", "wait"),
    [
        ({"retry_after": "86400"}, DAY),
        ({"retry_after": "Sat, 21 Nov 2026 18:00:00 GMT", "date": "Fri, 20 Nov 2026 12:00:00 GMT"}, 30 * HOUR),
        ({"retry_after": "Sat, 21 Nov 2026 18:00:00 GMT", "date": "Sat, 21 Nov 2026 12:00:00 GMT"}, 6 * HOUR),
        ({"retry_after": "99999999999"}, 7 * DAY),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "-5"}, None),
        ({"retry_after": "1e9"}, None),
        ({"retry_after": "Thu, 01 Jan 1970 00:00:00 GMT", "date": "Fri, 20 Nov 2026 12:00:00 GMT"}, timedelta()),
        ({}, None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_come_later(desk, status, told, wait) -> None:
    """24: what the server asks is obeyed, a week at most; what makes no sense leads to the usual pause."""
    report = desk.visit("", status=status, **told)
    asked = len(desk.server.heads)

    assert report.status == "failed"
    if wait:
        early = desk.visit(feed(post(1)), after=wait - timedelta(minutes=1))
        assert (early.status, len(desk.server.heads)) == ("waiting", asked)
        assert desk.visit(after=timedelta(minutes=2)).status == "ok"
    else:
        assert desk.state().not_before is None or desk.state().not_before <= START
        assert desk.state().next_check - START == timedelta(minutes=30)
        assert desk.visit(feed(post(1)), after=timedelta(minutes=30)).status == "ok"


def test_pauses_grow(desk) -> None:
    """24: a source that keeps failing is asked less and less, but at least once a day."""
    waits = []
    for _ in range(9):
        desk.visit("", status="500 Oops", after=HOUR)
        waits.append(desk.state().next_check - desk.clock.now())

    assert waits == [timedelta(minutes=min(30 * 2**n, 24 * 60)) for n in range(9)]


def test_gone_for_good(desk) -> None:
    """24: said on two days, it is believed: nobody is asked any more, the editor is told, nothing is lost."""
    desk.visit(feed(post(1)))
    told = [desk.visit("", status="410 Gone", after=step) for step in (HOUR, HOUR, DAY)]
    asked = len(desk.server.heads)
    after = desk.visit(feed(post(1), post(2)), after=30 * DAY)

    assert [each.status for each in (*told, after)] == ["failed"] * 4
    assert "410, it is gone for good" in told[0].error
    assert "gone for good and is not asked any more" in after.error
    assert (len(desk.server.heads), desk.titles()) == (asked, ["Post 1"])
    desk.source = desk.moved(url=f"{desk.server.url}/other")
    desk.pages["/other"] = answer(body=feed(post(1), post(2)))
    assert (desk.visit().status, sorted(desk.titles())) == ("ok", ["Post 1", "Post 2"])


def test_gone_for_an_hour(desk) -> None:
    """24: two of one bad day are a mistake."""
    for _ in range(5):
        desk.visit("", status="410 Gone", after=HOUR)

    assert desk.visit(feed(post(1)), after=HOUR).status == "ok"


def test_moved_for_good(desk) -> None:
    """24: after three visits over a day the new address is asked, and the editor is told to write it down."""
    desk.pages.update({"/a": answer("308 Moved", location="/new"), "/new": answer(body=feed(post(1)))})
    first = desk.visit("", status="301 Moved", location="/a")
    later = [desk.visit(after=step) for step in (HOUR, HOUR)]
    paths = [head.split()[1] for head in desk.server.heads]
    third = desk.visit(after=DAY)
    desk.server.heads.clear()
    desk.pages["/new"] = answer(body=feed(post(1), post(2)))
    fourth = desk.visit(after=DAY)

    assert paths == [b"/feed", b"/a", b"/new"] * 3
    assert "has moved for good: write" in first.warnings[-1]
    assert [each.status for each in later] == ["unchanged"] * 2
    assert "is asked there by now" in third.warnings[-1]
    assert [head.split()[1] for head in desk.server.heads] == [b"/new"]
    assert (fourth.status, fourth.new) == ("ok", 1)


def test_moved_for_a_while(desk) -> None:
    """24: a redirect that is not for good is followed and forgotten, and a move that ends is none."""
    desk.pages["/new"] = answer(body=feed(post(1)))
    for status in ("302 Found", "301 Moved", "301 Moved", "307 Moved", "301 Moved"):
        report = desk.visit("", status=status, location="/new", after=DAY)

    assert "is asked there" not in " ".join(report.warnings)
    assert desk.state().address is None
