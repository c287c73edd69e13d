"""What a site's robots.txt asks of us: asked once a day, obeyed, and never able to hold us up."""

from __future__ import annotations

import time
from threading import Barrier, Event, Thread

import httpx
import pytest
from tests.fetch.loopback import answer

from msdigest.errors import BlockedAddressError, RobotsError, TooLargeError, UnreachableError
from msdigest.fetch.manners import Manners
from msdigest.fetch.robots import Robots
from msdigest.ports import Reply

SITE = "https://blog.example"
PAGE = f"{SITE}/living/page?x=1"
POLITE = Manners(robots=True, gap=0.0)
DAY = 86_400.0


class Scripted:
    """Gives one answer to everything that is fetched, and remembers what it was."""

    def __init__(self, body="", status=200, **headers):
        self.body, self.status = body, status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.fetched: list[str] = []

    def __call__(self, url):
        self.fetched.append(url)
        body = self.body.encode() if isinstance(self.body, str) else self.body
        return Reply(status=self.status, url=url, headers=self.headers, body=body)


def allowed(told, url=PAGE, **answered) -> bool:
    try:
        Robots().asked(httpx.URL(url), Scripted(told, **answered))
    except RobotsError:
        return False
    return True


RULES = {
    "nothing": ("", True),
    "everything": ("User-agent: *\nDisallow: /", False),
    "elsewhere": ("User-agent: *\nDisallow: /private/", True),
    "here": ("User-agent: *\nDisallow: /living/", False),
    "a wildcard": ("User-agent: *\nDisallow: /*/page", False),
    "a query": ("User-agent: *\nDisallow: /*?x=", False),
    "the end": ("User-agent: *\nDisallow: /living/page$", True),
    "the longer rule wins": ("User-agent: *\nDisallow: /living/\nAllow: /living/page", True),
    "ours before everybody's": ("User-agent: *\nDisallow: /\n\nUser-agent: MSDigest\nAllow: /", True),
    "ours, told with a version": ("User-agent: *\nAllow: /\nUser-agent: msdigest/0.1\nDisallow: /", False),
    "another's": ("User-agent: otherbot\nDisallow: /", True),
    "one that begins like us": ("User-agent: ms\nDisallow: /", True),
    "one that ends like us": ("User-agent: notmsdigest\nDisallow: /", True),
    "a group of many": ("User-agent: a\nUser-agent: msdigest\nUser-agent: b\nDisallow: /", False),
    "a group of others": ("User-agent: *\nAllow: /\nUser-agent: a\nUser-agent: b\nDisallow: /", True),
    "a group told twice": ("User-agent: msdigest\nDisallow: /a\nUser-agent: b\nDisallow: /\nUser-agent: msdigest\nDisallow: /living", False),
    "names parted by what is no rule": ("User-agent: msdigest\n# words\nSitemap: /map.xml\n\nUser-agent: b\nDisallow: /", False),
    "rules for nobody": ("Disallow: /\n", True),
    "careless": ("USER AGENT *\n dissallow: /living/ # mine", False),
    "a byte order mark": ("\ufeffUser-agent: *\nDisallow: /", False),
    "another line end": ("User-agent: *\rDisallow: /\r", False),
    "no text": (b"\xff\xfe\0\x01" * 100, True),
    "a web page": ("<!doctype html>\n<title>Home: all</title>\n<p>User-agent: *\n", True),
}  # fmt: skip


@pytest.mark.parametrize(("told", "fine"), RULES.values(), ids=RULES)
def test_rules(told, fine) -> None:
    """A site's rules are read as RFC 9309 says, and a little more kindly."""
    assert allowed(told) is fine


@pytest.mark.parametrize(("status", "fine"), [(404, True), (410, True), (401, True), (403, True), (302, True), (500, False), (503, False), (429, False)])  # fmt: skip
def test_no_rules(status, fine) -> None:
    """A site without rules allows everything; one that cannot tell them now does not."""
    assert allowed("User-agent: *\nDisallow: /", status=status) is fine


def test_trouble_is_told() -> None:
    """With the time that the server asks for, and the address that was wanted, without its password."""
    fetch = Scripted(status=503, retry_after="120")
    robots = Robots()
    with pytest.raises(RobotsError, match="answered 503, so nothing else was asked") as caught:
        robots.asked(httpx.URL("https://desk:hidden@blog.example/living"), fetch)

    assert (caught.value.retry_after, caught.value.url) == (120.0, "https://blog.example/living")
    assert fetch.fetched == ["https://blog.example/robots.txt"]
    fetch.status = 404
    assert robots.asked(httpx.URL(PAGE), fetch) == 0.0


@pytest.mark.parametrize(
    ("told", "delay"),
    [("", 0.0), ("Crawl-delay: 7", 7.0), ("Crawl-delay: 0.5", 0.5), ("Crawl-delay: 86400", 60.0), ("Crawl-delay: 1e400", 0.0), ("Crawl-delay: nan", 0.0), ("Crawl-delay: -5", 0.0), ("Crawl-delay: soon", 0.0)],
)  # fmt: skip
def test_the_pause_that_a_site_wants(told, delay) -> None:
    """A minute at most: no site can hold us for a day."""
    assert Robots().asked(httpx.URL(PAGE), Scripted(f"User-agent: *\n{told}\nDisallow: /private")) == delay


def test_once_a_day_for_each_site() -> None:
    """Scheme, host and port make a site; whoever was not asked for a day is forgotten."""
    now, fetch = [0.0], Scripted()
    robots = Robots(clock=lambda: now[0])
    for url in (
        PAGE,
        f"{SITE}/other",
        "http://blog.example/",
        "https://blog.example:8443/",
        "https://www.blog.example/",
    ):
        robots.asked(httpx.URL(url), fetch)
    assert fetch.fetched == [
        f"{place}/robots.txt"
        for place in (SITE, "http://blog.example", "https://blog.example:8443", "https://www.blog.example")
    ]

    now[0] = DAY - 1
    robots.asked(httpx.URL(PAGE), fetch)
    assert len(fetch.fetched) == 4
    now[0] = DAY
    robots.asked(httpx.URL(PAGE), fetch)
    robots.asked(httpx.URL("https://new.example/"), fetch)
    assert len(fetch.fetched) == 6
    assert len(robots._sites) == 2


HOSTILE = {
    "names by rules": "".join(f"User-agent: a{n}\n" for n in range(15_000)) + "".join(f"Disallow: /{n}\n" for n in range(15_000)),
    "us and names by rules": "User-agent: *\nUser-agent: msdigest\n" + "".join(f"User-agent: a{n}\n" for n in range(15_000)) + "".join(f"Disallow: /{n}\n" for n in range(15_000)),
    "one name for ever": "User-agent: *\n" * 30_000 + "Disallow: /a\n",
    "wildcards": "User-agent: *\nDisallow: /" + "*a" * 30 + "$\n" + "Disallow: /" + "*" * 100_000 + "zz\n",
    "many wildcards": "User-agent: *\n" + "Disallow: /*a*b*c*d\n" * 20_000,
    "white space": " " * 250_000 + "\nuser" + " " * 200_000,
    "one line": "Disallow" * 60_000,
}  # fmt: skip


@pytest.mark.parametrize("told", HOSTILE.values(), ids=HOSTILE)
def test_rules_that_would_hold_us_up(told) -> None:
    """Reading and asking takes no time that grows faster than the file."""
    started = time.process_time()
    allowed(told, f"{SITE}/{'a' * 2_000}b")

    assert time.process_time() - started < 2


# On the network


def rules(text, **pages):
    named = {f"/{name}": page for name, page in pages.items()}
    return {"/robots.txt": answer(body=text.encode()), "/living": answer(body=b"page"), **named}


def paths(server):
    return [head.split()[1].decode() for head in server.heads]


def test_the_site_is_asked_first(http, serve) -> None:
    """And then remembered."""
    server = serve(rules("User-agent: *\nDisallow: /private"))
    for _ in range(2):
        assert http.get(f"{server.url}/living", manners=POLITE).body == b"page"

    with pytest.raises(RobotsError, match="asks programs not to read this page"):
        http.get(f"{server.url}/private/page", manners=POLITE)
    assert paths(server) == ["/robots.txt", "/living", "/living"]


def test_only_where_the_source_says_so(http, serve) -> None:
    """A feed is there to be read by programs."""
    server = serve(rules("User-agent: *\nDisallow: /"))

    assert http.get(f"{server.url}/living").body == b"page"
    assert paths(server) == ["/living"]


def test_a_question_with_a_body_obeys_too(http, serve) -> None:
    """What may not be read may not be asked."""
    server = serve(rules("User-agent: *\nDisallow: /"))

    with pytest.raises(RobotsError):
        http.post(f"{server.url}/living", body=b"{}", content_type="application/json", manners=POLITE)
    assert paths(server) == ["/robots.txt"]


def test_every_hop_is_asked_for(http, serve) -> None:
    """The site that we are sent to has rules of its own."""
    there = serve(rules("User-agent: *\nDisallow: /living"), host="127.0.0.2")
    here = serve(rules("", go=answer("302 Found", location=f"{there.url}/living")))

    with pytest.raises(RobotsError) as caught:
        http.get(f"{here.url}/go", manners=POLITE)
    assert caught.value.url == f"{there.url}/living"
    assert (paths(here), paths(there)) == (["/robots.txt", "/go"], ["/robots.txt"])


def test_rules_behind_a_redirect(http, serve) -> None:
    """They are followed like everything, and guarded like everything."""
    there = serve({"/rules": answer(body=b"User-agent: *\nDisallow: /living")}, host="127.0.0.2")
    here = serve({"/robots.txt": answer("301 Moved", location=f"{there.url}/rules"), "/living": answer(body=b"page")})

    with pytest.raises(RobotsError):
        http.get(f"{here.url}/living", manners=POLITE)
    assert paths(there) == ["/rules"]


@pytest.mark.parametrize(
    ("page", "error"),
    [
        (answer("302 Found", location="http://10.0.0.1/robots.txt"), BlockedAddressError),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", UnreachableError),
        (answer(body=b"#" * 200_000), TooLargeError),
    ],
    ids=["elsewhere", "no HTTP", "too large"],
)
def test_rules_that_cannot_be_had(new_http, serve, page, error) -> None:
    """Then nothing else is asked."""
    server = serve({"/robots.txt": page, "/living": answer(body=b"page")})

    with pytest.raises(error):
        new_http(max_bytes=100_000).get(f"{server.url}/living", manners=POLITE)
    assert paths(server) == ["/robots.txt"]


def test_many_at_once_ask_once(http, serve) -> None:
    """Whoever needs the rules at the same moment waits for the first one's answer."""
    release, together = Event(), Barrier(8)

    def behave(connection, server):
        while head := server.head(connection):
            if b"robots" in head:
                release.wait(10)
            connection.sendall(answer(body=b"User-agent: *\nDisallow: /private"))

    server, bodies = serve(behave), []

    def visit():
        together.wait(10)
        bodies.append(http.get(f"{server.url}/living", manners=POLITE).body)

    threads = [Thread(target=visit) for _ in range(8)]
    for thread in threads:
        thread.start()
    while not server.heads:
        time.sleep(0.001)
    release.set()
    for thread in threads:
        thread.join(10)

    assert len(bodies) == 8
    assert paths(server) == ["/robots.txt", *["/living"] * 8]


def test_the_pause_is_kept(new_http, serve) -> None:
    """The longer one of the source's and the site's, counted for all requests to the site."""
    now, pauses = [1_000.0], []

    def sleep(seconds):
        pauses.append(round(seconds, 6))
        now[0] += seconds

    server = serve(rules("User-agent: *\nCrawl-delay: 5"))
    http = new_http(clock=lambda: now[0], sleep=sleep)
    for gap in (2.0, 2.0, 9.0, 9.0):
        http.get(f"{server.url}/living", manners=Manners(robots=True, gap=gap))

    # After robots.txt the source's own pause, then the site's, then the longer one of the source.
    assert pauses == [2.0, 5.0, 5.0, 9.0]


def test_the_clients_own_pause(new_http, serve) -> None:
    """It holds for a source that says nothing of its own, with rules and without."""
    now, pauses = [1_000.0], []

    def sleep(seconds):
        pauses.append(round(seconds, 6))
        now[0] += seconds

    server = serve(rules(""))
    http = new_http(gap=3.0, clock=lambda: now[0], sleep=sleep)
    for manners in (Manners(), POLITE, Manners(robots=True), Manners()):
        http.get(f"{server.url}/living", manners=manners)

    assert pauses == [3.0, 3.0]
