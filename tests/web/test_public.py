"""Leaving: only a press of the button, or one click of a mail program, ends a subscription."""

from __future__ import annotations

import asyncio

import pytest

from msdigest.store import audience
from msdigest.store import deliveries as delivery_store
from msdigest.web.site import public_app

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ONE_CLICK = "List-Unsubscribe=One-Click"


def _multipart(*parts: str, boundary: str = "b") -> dict:
    body = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts) + f"--{boundary}--\r\n"
    return {"content": body, "headers": {"Content-Type": f'multipart/form-data; boundary="{boundary}"'}}


PART = 'Content-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click'


@pytest.fixture
def state(app, who):
    """Return the function that tells the state of Ada's subscription."""

    def told() -> str:
        with app.database.reading() as connection:
            return audience.subscriptions_of(connection, app.vault, [who["ada"]])[who["ada"], "weekly"].state

    return told


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_never_acts(ask, leave_path, state, method) -> None:
    """Link scanners open every link: they find a button, and nobody has left."""
    reply = ask(method, leave_path)

    assert reply.status_code == 200
    assert state() == "active"
    if method == "GET":
        assert '<form method="post">' in reply.text
        assert '<button type="submit" name="List-Unsubscribe" value="One-Click">' in reply.text
        assert "Leave <bdi>Fen Weekly</bdi>?" in reply.text


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"content": ONE_CLICK, "headers": FORM}, id="a form"),
        pytest.param({"content": f"a=b&{ONE_CLICK}&c=", "headers": FORM}, id="among other fields"),
        pytest.param({"content": ONE_CLICK}, id="no type told"),
        pytest.param(_multipart(PART), id="a form in parts"),
        pytest.param(_multipart('Content-Disposition: form-data; name="x"\r\n\r\ny', PART), id="second part"),
    ],
)
def test_one_post_leaves(ask, leave_path, state, sent) -> None:
    """RFC 8058 allows both encodings; the answer is a page without any redirect."""
    reply = ask("POST", leave_path, **sent)

    assert reply.status_code == 200
    assert "You have left <bdi>Fen Weekly</bdi>" in reply.text
    assert state() == "ended"


def test_leaving_withdraws_what_is_queued(app, issue, ask, who, leave_path) -> None:
    """An issue that is frozen and not sent yet goes to the others alone."""
    app.freeze(issue)
    before = _account(app, issue)
    ask("POST", leave_path, content=ONE_CLICK, headers=FORM)
    after = _account(app, issue)

    assert (before.pending, after.pending) == (3, 2)
    assert after.excluded == before.excluded + 1
    with app.database.reading() as connection:
        assert [each.subscriber for each in delivery_store.records(connection, issue.id, state="excluded")] == [
            who["ada"]
        ]


def _account(app, issue):
    with app.database.reading() as connection:
        return delivery_store.account(connection, issue.id)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"content": "List-Unsubscribe=Two-Clicks", "headers": FORM}, id="another value"),
        pytest.param({"content": "&".join(["a=b"] * 50 + [ONE_CLICK]), "headers": FORM}, id="too many fields"),
        pytest.param({"content": b"\xff\xfe=\x00%", "headers": FORM}, id="rubbish"),
        pytest.param(_multipart(PART.replace("One", "Two")), id="another value in parts"),
        pytest.param(_multipart(PART.replace("name=", "filename=")), id="no name"),
        pytest.param(
            {"content": b"\xff" * 900, "headers": {"Content-Type": "multipart/form-data; boundary="}}, id="no boundary"
        ),
        pytest.param(
            {"content": "--b\nContent-Type: multipart/x; boundary=b\n\n" * 230,
             "headers": {"Content-Type": "multipart/form-data; boundary=b"}},
            id="parts within parts",
        ),
    ],
)  # fmt: skip
def test_any_other_post_changes_nothing(ask, leave_path, state, sent) -> None:
    """A POST that does not ask to leave is told what to do."""
    reply = ask("POST", leave_path, **sent)

    assert reply.status_code == 400
    assert "press the button" in reply.text
    assert state() == "active"


def test_a_large_body_is_refused(ask, leave_path, state) -> None:
    """Nobody who wants to leave sends more than 10 kB; exactly that much is still read."""
    fits = ask("POST", leave_path, content="a" * 10_000, headers=FORM)
    too_large = ask("POST", leave_path, content=ONE_CLICK + "&" + "a" * 10_000, headers=FORM)

    assert (fits.status_code, too_large.status_code) == (400, 413)
    assert state() == "active"


def test_leaving_twice_is_told(ask, leave_path) -> None:
    """Zero rows changed is an error, never a success."""
    ask("POST", leave_path, content=ONE_CLICK, headers=FORM)
    again = ask("POST", leave_path, content=ONE_CLICK, headers=FORM)

    assert again.status_code == 410
    assert "had already ended, or it is not known here" in again.text


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("spoil", [lambda token: token[:-1] + "!", lambda token: token[:20], lambda _: "%F0%9F%99%82"])
def test_a_forged_link_is_told_in_one_sentence(ask, leave_path, state, method, spoil) -> None:
    """Neither the token nor what is wrong with it stands on the page."""
    token = spoil(leave_path.removeprefix("/leave/"))
    reply = ask(method, f"/leave/{token}", content=ONE_CLICK, headers=FORM)

    assert reply.status_code == 404
    assert "This link is not one of ours, or it was cut short." in reply.text
    assert token not in reply.text
    assert state() == "active"


def test_a_token_of_another_purpose_does_not_leave(app, ask, who, state) -> None:
    """A link for preferences ends nothing."""
    token = app.vault.sign("preferences", subscriber=who["ada"], digest="weekly")

    assert ask("POST", f"/leave/{token}", content=ONE_CLICK, headers=FORM).status_code == 404
    assert state() == "active"


def test_a_digest_that_is_gone_is_told(app, ask, who) -> None:
    """A link of a digest that is no longer configured says so."""
    token = app.vault.sign("leave", subscriber=who["ada"], digest="monthly")

    assert "a digest that no longer exists" in ask("GET", f"/leave/{token}").text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused(ask, leave_path, state, method) -> None:
    """Reading and posting is all there is."""
    reply = ask(method, leave_path)

    assert reply.status_code == 405
    assert set(reply.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}
    assert state() == "active"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_pages_of_leaving_are_nobodys_to_keep(app, ask, leave_path, who, method) -> None:
    """Not cached, not indexed, no cookie, and no person's data but the digest's title."""
    for _ in range(2):
        reply = ask(method, leave_path, content=ONE_CLICK if method == "POST" else b"", headers=FORM)

        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["X-Robots-Tag"] == "noindex"
        assert "Set-Cookie" not in reply.headers
        for secret in ("ada", "Ada", "reader.example", who["ada"], leave_path, "ocrelizumab", "<script"):
            assert secret not in reply.text


def test_nothing_personal_is_logged(ask, leave_path, who, caplog) -> None:
    """Neither the token nor the subscriber stands in a log, whatever happens."""
    caplog.set_level("DEBUG")
    for method in ("GET", "POST", "POST", "PUT"):
        ask(method, leave_path, content=ONE_CLICK, headers=FORM)
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("httpx")]

    assert not [line for line in ours if leave_path.removeprefix("/leave/") in line or who["ada"] in line]


def test_who_hangs_up_leaves_nothing_behind(app, leave_path, state) -> None:
    """A connection that breaks before the body is whole asked for nothing, and is no error of ours."""
    sent = []

    async def receive() -> dict:
        return {"type": "http.disconnect"}

    async def send(message: dict) -> None:
        sent.append(message)

    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": leave_path, "query_string": b"", "headers": [],
        "root_path": "", "scheme": "https", "server": ("digest.example", 443), "client": ("192.0.2.1", 1),
    }  # fmt: skip
    asyncio.run(public_app(app)(scope, receive, send))

    assert sent[0]["status"] == 400
    assert state() == "active"
