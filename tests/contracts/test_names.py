"""What every ``Names`` keeps: the real resolver at a name server on loopback, and its fake, from one script."""

from __future__ import annotations

import pytest
from tests.fetch.nameserver import Nameserver

from msdigest.errors import NamesError
from msdigest.fetch.fakenames import FakeNames
from msdigest.fetch.names import Resolver

LONG = "v=DKIM1; p=" + "A" * 400
RECORDS = {
    "example.org": {
        "TXT": ["v=spf1 include:post.example -all", "other=1"],
        "MX": ["mx1.example.org", "mx2.example.org"],
        "A": ["192.0.2.1"],
        "AAAA": ["2001:db8::1"],
    },
    "k1._domainkey.example.org": {"CNAME": ["k1.post.example"]},
    "k1.post.example": {"TXT": [LONG]},
    "lost.example.org": {"CNAME": ["nowhere.example"]},
    "six.example.org": {"AAAA": ["2001:db8::2"]},
    "no-mail.example.org": {"MX": [""]},
    "quoted.example.org": {"TXT": ['a "quoted" \\ text']},
}
SILENT = frozenset({"broken.example.org"})


@pytest.fixture(scope="module")
def server():
    with Nameserver(RECORDS, silent=SILENT) as listening:
        yield listening


@pytest.fixture(params=["real", "fake"])
def names(request, server):
    return Resolver(server.address) if request.param == "real" else FakeNames(RECORDS, SILENT)


FOUND = {
    "several texts": ("texts", "example.org", {"v=spf1 include:post.example -all", "other=1"}),
    "a text by an alias, in pieces": ("texts", "k1._domainkey.example.org", {LONG}),
    "a text with quotes": ("texts", "quoted.example.org", {'a "quoted" \\ text'}),
    "small and large letters": ("texts", "K1.Post.Example", {LONG}),
    "a final dot": ("texts", "k1.post.example.", {LONG}),
    "addresses": ("addresses", "example.org", {"192.0.2.1", "2001:db8::1"}),
    "an address of one kind": ("addresses", "six.example.org", {"2001:db8::2"}),
}


@pytest.mark.parametrize("case", FOUND)
def test_what_is_there(names, case) -> None:
    """Each record is given once."""
    method, name, expected = FOUND[case]

    found = getattr(names, method)(name)

    assert set(found) == expected
    assert len(found) == len(expected)


def test_mail_hosts_come_in_order(names) -> None:
    """The preferred one first; the one that says "no mail" is empty."""
    assert names.mx("example.org") == ("mx1.example.org", "mx2.example.org")
    assert names.mx("no-mail.example.org") == ("",)


def test_an_alias(names) -> None:
    """It is told where it leads, whether or not anything is there."""
    assert names.cname("k1._domainkey.example.org") == "k1.post.example"
    assert names.cname("lost.example.org") == "nowhere.example"


ABSENT = {
    "a name that does not exist": ("texts", "nobody.example.org", "unknown"),
    "an alias that leads nowhere": ("texts", "lost.example.org", "unknown"),
    "a host that does not exist": ("addresses", "nobody.example.org", "unknown"),
    "no text": ("texts", "six.example.org", "empty"),
    "no mail host": ("mx", "six.example.org", "empty"),
    "no alias": ("cname", "example.org", "empty"),
    "no address": ("addresses", "quoted.example.org", "empty"),
    "a server that fails": ("texts", "broken.example.org", "failed"),
    "a server that fails, asked for addresses": ("addresses", "broken.example.org", "failed"),
}


@pytest.mark.parametrize("case", ABSENT)
def test_what_is_not_there(names, case) -> None:
    """No such name, no such record and no answer are three things, and each tells the name."""
    method, name, why = ABSENT[case]

    with pytest.raises(NamesError) as caught:
        getattr(names, method)(name)

    assert (caught.value.name, caught.value.why) == (name, why)
    assert name in str(caught.value)
