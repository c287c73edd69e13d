"""Reports of mail servers at the operators' door: what answers our mail counts, everything else changes nothing."""

from __future__ import annotations

import io
import sys
from unittest import mock

import pytest
from tests.cli.calling import call

from msdigest.app import App, read_settings
from msdigest.engines.clock import SystemClock
from msdigest.store import audience
from msdigest.store import deliveries as delivery_store

REPORT = """From: postmaster@relay.example
Date: Fri, 20 Nov 2026 12:00:00 +0000
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain

Your message could not be delivered.
--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example
Original-Envelope-Id: {delivery}

Original-Recipient: rfc822;{address}
Final-Recipient: rfc822;{address}
Action: failed
Status: 5.1.1

--b1
Content-Type: text/rfc822-headers

Subject: whatever

--b1--
"""


class Copy:
    """A copy of the demo's site with one issue that was sent, and somebody who got it."""

    def __init__(self, config):
        self.config = config
        with self.opened() as app, app.database.reading() as connection:
            sent = [each for each in delivery_store.records(connection, 1) if each.state == "accepted"]
            people = audience.by_ids(connection, app.vault, [each.subscriber for each in sent])
            self.who, person = min(people.items())
            self.address, self.delivery = person.address, app.vault.correlate("1", person.id)

    def opened(self):
        return App(read_settings(self.config), SystemClock())

    def report(self, **other):
        return REPORT.format(**{"delivery": self.delivery, "address": self.address} | other)

    def bounces(self, *files):
        return call("--config", self.config, "bounces", *files)

    def after(self):
        """Return where the delivery stands, and why nothing is sent to the address any more."""
        with self.opened() as app, app.database.reading() as connection:
            (line,) = [each for each in delivery_store.records(connection, 1) if each.subscriber == self.who]
            lookup = app.vault.look_up(self.address)
            return line.state, audience.suppressed_among(connection, [lookup]).get(lookup)


@pytest.fixture
def site(copy):
    return Copy(copy)


def test_a_report_of_our_mail_is_taken(site, tmp_path) -> None:
    """Beside mails that are none, and one that answers somebody else's message; a second time nothing changes."""
    mails = {
        "ours": site.report(),
        "another": site.report(delivery="0" * 32),
        "holiday": "From: bo@reader.example\nSubject: away\n\nI am away.\n",
    }
    for name, text in mails.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    first = site.bounces(*(tmp_path / name for name in mails))
    again = site.bounces(tmp_path / "ours")
    told = "1 report taken, 1 about no mail of ours; 1 mail without a report; 1 address suppressed.\n"

    assert (first.status, first.out, first.err) == (0, told, "")
    assert again.out == "1 report taken, 0 about no mail of ours; 0 mails without a report; 0 addresses suppressed.\n"
    assert site.after() == ("bounced", "bounced")


def test_a_report_from_standard_input(site) -> None:
    """As a mail server's filter hands it over."""
    with mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(site.report().encode()))):
        told = site.bounces("-")

    assert (told.status, site.after()) == (0, ("bounced", "bounced"))


def test_a_file_that_cannot_be_read_is_told(site, tmp_path) -> None:
    """The others are taken all the same."""
    (tmp_path / "ours").write_text(site.report(), encoding="utf-8")
    told = site.bounces(tmp_path / "missing", tmp_path / "ours")

    assert told.status == 1
    assert "missing: cannot be read (No such file or directory)" in " ".join(told.err.split())
    assert site.after() == ("bounced", "bounced")


def test_a_forged_report_changes_nothing(site, tmp_path) -> None:
    """Anybody may write to the sender's mailbox: an address alone proves nothing."""
    (tmp_path / "forged").write_text(site.report(delivery="f" * 32), encoding="utf-8")
    told = site.bounces(tmp_path / "forged")

    assert told.out.startswith("0 reports taken, 1 about no mail of ours")
    assert site.after() == ("accepted", None)
