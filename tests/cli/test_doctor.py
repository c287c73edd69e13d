"""`doctor` end to end: a name server, a Mailgun and a site on loopback, and what the door makes of them."""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.cli.calling import call
from tests.fetch.nameserver import Nameserver
from tests.sinks.mailgun import KEY, service
from tests.sinks.service import Call
from tests.site import write_site
from tests.steps.mails import received
from tests.steps.test_examining_names import LARGE, STRONG

DNS = {
    "mail.example.org": {"TXT": ["v=spf1 include:post.example ~all"], "MX": ["mx.example.org"]},
    "digest.example.org": {"MX": ["mx.example.org"]},
    "mx.example.org": {"A": ["192.0.2.1"]},
    "post.example": {"TXT": ["v=spf1 ip4:192.0.2.0/24 -all"]},
    "_dmarc.example.org": {"TXT": [STRONG]},
    "pdk1._domainkey.mail.example.org": {"CNAME": ["pdk1.post.example"]},
    "pdk1.post.example": {"TXT": [f"v=DKIM1; p={LARGE}"]},
    "pdk2._domainkey.mail.example.org": {"TXT": [f"v=DKIM1; p={LARGE}"]},
}


@contextmanager
def loopback(hook: int = 403):
    """Serve the site's first page, its webhook, and Mailgun's questions about an account."""
    mailgun = service()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/":
                self.say(200, b"<h1>MS Research Digest</h1>")
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = mailgun.answer(Call(method="GET", path=self.path, headers=headers))
            self.say(answer.status, answer.body)

        def do_POST(self) -> None:
            self.say(hook if self.path == "/hooks/mailgun" else 404, b"")

        def say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def outside():
    """The internet as this site sees it: where pages and Mailgun are, and the name server."""
    with loopback() as base, Nameserver(DNS) as names:
        yield base, "{}:{}".format(*names.address)


@pytest.fixture
def config(tmp_path, outside, monkeypatch):
    """A site that mails by this Mailgun; its own pages are on loopback, without TLS."""
    monkeypatch.setenv("SINK_KEY", KEY)
    path = write_site(tmp_path, provider="mailgun", base_url=outside[0])
    text = path.read_text().replace("https://digest.example.org", outside[0])
    path.write_text(text.replace("[providers.mailgun]", '[providers.mailgun]\nwebhook_key = { env = "SINK_KEY" }'))
    return path


def test_a_set_up_that_is_nearly_right(config, outside) -> None:
    """What is bad stands first and makes the status 1; progress and the reason are on standard error."""
    status, out, err = call("--config", config, "doctor", "--nameserver", outside[1])
    groups = re.split(r"^(To mend|To look at|As it should be) \((\d+)\)$", out, flags=re.MULTILINE)
    listed = {groups[at]: groups[at + 2].strip().splitlines() for at in range(1, len(groups), 3)}

    assert status == 1
    assert list(listed) == ["To mend", "To look at", "As it should be"]
    assert [len(lines) for lines in listed.values()] == [int(groups[at]) for at in range(2, len(groups), 3)]
    assert [line.split()[0] for line in listed["To mend"]] == ["site"]
    assert "must begin with https://" in listed["To mend"][0]
    assert [line.split()[0] for line in listed["To look at"]] == ["message"]
    assert {line.split()[0] for line in listed["As it should be"]} == {
        "database", "key", "disk", "credentials", "domain", "dns", "tracking", "clock", "site", "webhook", "SPF", "DMARC",
        "DKIM", "alignment", "answers",
    }  # fmt: skip
    assert re.search(r"^looked at: \d+", err, re.MULTILINE)
    assert err.endswith("msdigest: 1 thing to mend\n")


def test_a_document(config, outside, tmp_path) -> None:
    """With --json one document stands on standard output; no address and no key of ours is in it."""
    (tmp_path / "received.eml").write_bytes(received())
    status, out, _ = call(
        "--config", config, "doctor", "--json", "--nameserver", outside[1], "--message", tmp_path / "received.eml"
    )
    checks = json.loads(out)["checks"]

    assert status == 1
    assert all(set(each) == {"level", "subject", "sentence"} for each in checks)
    assert {each["level"] for each in checks} <= {"good", "warning", "bad"}
    assert "the key at pdk1._domainkey.mail.example.org has 2048 bits" in [each["sentence"] for each in checks]
    assert "the receiver took it as genuine: dkim, spf and dmarc pass" in [each["sentence"] for each in checks]
    assert "@" not in out
    assert KEY not in out


class Everything(frozenset):
    """Holds whatever is asked for."""

    def __contains__(self, _: object) -> bool:
        return True


def test_a_webhook_that_is_not_there(tmp_path, monkeypatch) -> None:
    """It is told where it should be, and a DNS that is away costs no other check."""
    monkeypatch.setenv("SINK_KEY", KEY)
    with loopback(hook=404) as base, Nameserver({}, silent=Everything()) as names:
        path = write_site(tmp_path, provider="mailgun", base_url=base)
        path.write_text(path.read_text().replace("https://digest.example.org", base))
        status, out, _ = call("--config", path, "doctor", "--json", "--nameserver", "{}:{}".format(*names.address))
    checks = json.loads(out)["checks"]

    assert status == 1
    assert [(each["level"], each["subject"]) for each in checks if "404" in each["sentence"]] == [("bad", "webhook")]
    assert {each["level"] for each in checks if each["subject"] in {"SPF", "DKIM", "DMARC"}} == {"warning"}
    assert {each["level"] for each in checks if each["subject"] in {"credentials", "clock", "database"}} == {"good"}


def test_a_key_that_is_refused(config, outside, monkeypatch) -> None:
    """It is told, and not repeated."""
    monkeypatch.setenv("SINK_KEY", "wrong-key-of-somebody")
    status, out, err = call("--config", config, "doctor", "--nameserver", outside[1])

    assert status == 1
    assert re.search(r"^  credentials +mailgun refuses the api_key", out, re.MULTILINE)
    assert "wrong-key" not in out + err


def test_nothing_leaves_the_machine(tmp_path, outside) -> None:
    """With the provider `file` there is little to look at, and no fault."""
    path = write_site(tmp_path)
    path.write_text(path.read_text().replace("https://digest.example.org", outside[0]))

    status, out, err = call("--config", path, "doctor")

    assert status == 0
    assert "nothing leaves this machine" in out
    assert "To mend" not in out
    assert "msdigest:" not in err


def test_a_database_that_is_none(config, outside) -> None:
    """One part that cannot be used hides nothing of the rest."""
    database = config.parents[1] / "var" / "msdigest.db"
    database.parent.mkdir(exist_ok=True)
    database.write_text("this is no database, and long enough to be read as one\n" * 20)

    status, out, _ = call("--config", config, "doctor", "--json", "--nameserver", outside[1])
    checks = json.loads(out)["checks"]

    assert status == 1
    assert [each["level"] for each in checks if each["subject"] == "database"] == ["bad"]
    assert [each["level"] for each in checks if each["subject"] == "key"] == ["warning"]
    assert [each["level"] for each in checks if each["subject"] == "SPF"] == ["good"]


FILES = {
    "missing": (lambda _: None, "cannot be read (No such file or directory)"),
    "a folder": (lambda path: path.mkdir(), "cannot be read (Is a directory)"),
    "too large": (lambda path: path.write_bytes(b"x" * 30_000_001), "is larger than a mail can be"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_is_no_mail(config, tmp_path, case) -> None:
    """It is told before anything is looked at."""
    make, sentence = FILES[case]
    make(tmp_path / "mail.eml")

    status, out, err = call("--config", config, "doctor", "--message", tmp_path / "mail.eml")

    assert (status, out) == (1, "")
    assert err == f"msdigest: {tmp_path / 'mail.eml'}: {sentence}\n"


@pytest.mark.parametrize(
    "text", ["ns.example.org", "192.0.2.1:dns", "192.0.2.1:99999", "[2001:db8::1]:", "192.0.2", "192.0.2.0/24", ""]
)
def test_a_name_server_that_is_none(config, text) -> None:
    """Wrong words: status 2."""
    status, out, err = call("--config", config, "doctor", "--nameserver", text)

    assert (status, out) == (2, "")
    assert "is no address of a name server" in err.replace("\n", " ")


@pytest.mark.parametrize("text", ["192.0.2.53", "2001:db8::53", "[2001:db8::53]", "[2001:db8::53]:5353"])
def test_a_name_server_in_every_form(tmp_path, text) -> None:
    """It is understood; with the provider `file` nobody is asked."""
    path = write_site(tmp_path)
    path.write_text(path.read_text().replace("https://digest.example.org", "http://127.0.0.1:9"))

    assert call("--config", path, "doctor", "--nameserver", text).status == 0
