"""A mail as it arrived: what is read of it, and what is said of it."""

from __future__ import annotations

import pytest
from tests.steps.mails import COVERED, HTML, SITE, TEXT, received

from msdigest.sandbox.workers import Workers
from msdigest.steps.examining import arrived
from msdigest.steps.examining.received import Received, Signature, read

SENDERS = ["mail.example.org"]
PIXEL = '<img src="https://track.post.example/o.gif" width="1" height="1">'
FINE = [
    ("good", "it can be left by one click, and the signature of mail.example.org covers that"),
    ("good", "the receiver took it as genuine"),
    ("good", "its links lead where its text says"),
]
LEFT, GENUINE, UNTOUCHED = FINE


def signed(domain: str, covers: str) -> str:
    return f"v=1; d={domain}; s=k1; h={covers}; b=y"


CASES = {
    "as it should be": ({}, FINE),
    "a picture of the site": ({"html": HTML + f'<img src="https://{SITE}/a.png"><img src="cid:1">'}, FINE),
    "one more signature": (
        {"signatures": (signed("post.example", "from:to"), signed("mail.example.org", COVERED))},
        FINE,
    ),
    "of another sender": (
        {"sender": "a@other.example"},
        [("warning", "the mail is from other.example, not from mail.example.org"), *FINE],
    ),
    "no way to leave": ({"leave": None}, [("bad", "it cannot be left by one click"), GENUINE, UNTOUCHED]),
    "leaving by mail alone": (
        {"leave": "<mailto:leave@mail.example.org>"},
        [("bad", "it cannot be left by one click"), GENUINE, UNTOUCHED],
    ),
    "leaving without TLS": (
        {"leave": f"<http://{SITE}/leave/x>"},
        [("bad", "it cannot be left by one click"), GENUINE, UNTOUCHED],
    ),
    "no one click": ({"post": None}, [("bad", "it cannot be left by one click"), GENUINE, UNTOUCHED]),
    "another sentence": ({"post": "yes"}, [("bad", "it cannot be left by one click"), GENUINE, UNTOUCHED]),
    "leaving at the provider": (
        {"leave": "<https://unsub.post.example/x>"},
        [("bad", "its List-Unsubscribe leads to unsub.post.example"), GENUINE, UNTOUCHED],
    ),
    "not signed": ({"signatures": ()}, [("bad", "it has no DKIM signature"), GENUINE, UNTOUCHED]),
    "not all signed": (
        {"signatures": (signed("mail.example.org", "from:list-unsubscribe"),)},
        [("bad", "no DKIM signature covers List-Unsubscribe and"), GENUINE, UNTOUCHED],
    ),
    "each header by another signature": (
        {"signatures": (signed("a.example", "list-unsubscribe"), signed("b.example", "list-unsubscribe-post"))},
        [("bad", "no DKIM signature covers"), GENUINE, UNTOUCHED],
    ),
    "nothing is told": ({"results": ()}, [LEFT, ("warning", "it tells no Authentication-Results"), UNTOUCHED]),
    "refused": (
        {"results": ("mx; dkim=fail; spf=softfail; dmarc=fail",)},
        [LEFT, ("bad", "did not take it as genuine: dkim=fail, spf=softfail, dmarc=fail"), UNTOUCHED],
    ),
    "half told": (
        {"results": ("mx; dkim=pass; spf=none",)},
        [LEFT, ("bad", "genuine: spf=none"), ("warning", "says nothing of dmarc"), UNTOUCHED],
    ),
    "told in several headers": ({"results": ("mx; dkim=pass", "mx; spf=pass", "MX; dmarc=pass")}, FINE),
    "one valid signature of two": ({"results": ("mx; dkim=fail; dkim=pass; spf=pass; dmarc=pass",)}, FINE),
    "what others told": (
        {"results": ("mx; dkim=pass; spf=pass", "elsewhere; dmarc=pass")},
        [LEFT, ("warning", "says nothing of dmarc"), UNTOUCHED],
    ),
    "a pixel": (
        {"html": HTML + PIXEL},
        [LEFT, GENUINE, ("bad", "loads pictures from track.post.example, which tells who opens it")],
    ),
    "a pixel without a scheme": (
        {"html": HTML + '<img src="//track.post.example/o">'},
        [LEFT, GENUINE, ("bad", "loads pictures from track.post.example")],
    ),
    "some links are changed": (
        {"html": HTML.replace("blog.example", "click.post.example")},
        [LEFT, GENUINE, ("bad", "its links were changed and lead to click.post.example, which tells who reads what")],
    ),
    "all links are changed, in the text, too": (
        {"html": '<a href="https://c.example/1">One</a>', "text": "https://c.example/1"},
        [LEFT, GENUINE, ("bad", "its links were changed and lead, none of them to the site")],
    ),
    "both": (
        {"html": HTML.replace(SITE, "click.post.example") + PIXEL},
        [LEFT, GENUINE, ("bad", "loads pictures"), ("bad", "lead to click.post.example")],
    ),
    "many hosts": (
        {"html": HTML + "".join(f'<a href="https://h{n}.example/">x</a>' for n in range(7))},
        [LEFT, GENUINE, ("bad", "h0.example, h1.example, h2.example, h3.example, h4.example and 2 more")],
    ),
    "text alone": ({"html": ""}, [LEFT, GENUINE, ("warning", "it has no HTML part")]),
    "no sender": ({"sender": ""}, [("bad", "the file is no mail with a sender")]),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_said_of_a_mail(case) -> None:
    """Everything that counts is told, once."""
    changes, expected = CASES[case]

    found = list(arrived.judge(read(received(**changes)), senders=SENDERS, site=SITE))

    assert [each.level for each in found] == [level for level, _ in expected], found
    assert all(words in each.sentence for each, (_, words) in zip(found, expected, strict=True)), found


def test_without_a_mail() -> None:
    """It is said how one is looked at."""
    assert arrived.not_looked_at().level == "warning"
    assert "issue test N --to" in arrived.not_looked_at().sentence


def test_what_is_read() -> None:
    """Domains and hosts, and no address of anybody."""
    found = read(received())

    assert found == Received(
        sender="mail.example.org",
        envelope="mail.example.org",
        signatures=(Signature(domain="mail.example.org", selector="k1", covers=tuple(COVERED.split(":"))),),
        told=True,
        results=(("dkim", "pass"), ("spf", "pass"), ("dmarc", "pass")),
        leave=(("https", SITE), ("mailto", "")),
        one_click=True,
        links=("blog.example", SITE),
        words=("blog.example", SITE),
        images=(),
        has_html=True,
    )
    assert found.signatures[0].place == "k1._domainkey.mail.example.org"
    assert "ada" not in repr(found)


HOSTILE = {
    "nothing": b"",
    "noise": bytes(range(256)) * 40,
    "headers without an end": b"From: a@b.example\r\nDKIM-Signature: " + b"d=;" * 5_000,
    "an unknown charset": b"From: a@b.example\r\nContent-Type: text/html; charset=nope-7\r\n\r\n<a href='https://h.example'>",
    "parts within parts": b"From: a@b.example\r\n" + b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(60)
    ),
    "links that are none": b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n<a href='http://[x'><img src='https://['>",
    "a broken encoding": b"From: =?x?b?@?= <a@b.example>\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n=",
    "a message in a message": b"From: a@b.example\r\nContent-Type: message/rfc822\r\n\r\nFrom: c@d.example\r\n\r\nx",
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files(case) -> None:
    """Whatever the file holds, something is said of it."""
    assert list(arrived.judge(read(HOSTILE[case]), senders=SENDERS, site=SITE))


def test_a_mail_is_read_in_the_sandbox() -> None:
    """What is read passes between two processes as it is."""
    with Workers(count=1) as sandbox:
        assert sandbox.run(read, received()) == read(received())


def test_the_text_counts_as_it_is_read() -> None:
    """A link in brackets or at the end of a sentence names its host as well."""
    found = read(received(text=TEXT + "(https://a.example/x) <https://b.example> https://c.example."))

    assert {"a.example", "b.example", "c.example"} <= set(found.words)
