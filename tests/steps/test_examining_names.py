"""What the DNS says of a sender's domain, judged: SPF, DKIM, DMARC, alignment, and who takes answers."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from msdigest.fetch.fakenames import FakeNames
from msdigest.steps.examining import alignment, answering, dkim, dmarc, spf

DOMAIN = "mail.example.org"


def told(verdicts) -> list[tuple[str, str]]:
    return [(each.level, each.sentence) for each in verdicts]


def fits(verdicts, expected) -> bool:
    """Tell whether there are exactly these levels, each with these words in its sentence."""
    found = told(verdicts)
    return len(found) == len(expected) and all(
        level == wanted and words in sentence
        for (level, sentence), (wanted, words) in zip(found, expected, strict=True)
    )


def texts(**records) -> dict[str, dict[str, list[str]]]:
    """Return a script of TXT records; ``_`` stands for a dot, a text for one record."""
    return {
        name.replace("_", "."): {"TXT": [value] if isinstance(value, str) else value} for name, value in records.items()
    }


MANY = " ".join(f"a:h{number}.example" for number in range(9))
SPF = {
    "a usual one": (
        texts(mail_example_org="v=spf1 include:post.example ~all", post_example="v=spf1 ip4:192.0.2.0/24 -all"),
        [("good", "has one SPF record, which ends in ~all and takes 1 of 10 look-ups")],
    ),
    "beside other texts, in large letters": (
        texts(mail_example_org=["other=1", "v=spf10 x", "V=SPF1 MX -ALL"]),
        [("good", "ends in -all and takes 1 of 10")],
    ),
    "by a redirect": (
        texts(mail_example_org="v=spf1 redirect=post.example", post_example="v=spf1 mx -all"),
        [("good", "ends in -all and takes 2 of 10")],
    ),
    "a redirect beside all is not followed": (
        texts(mail_example_org="v=spf1 redirect=post.example -all"),
        [("good", "ends in -all and takes 0 of 10")],
    ),
    "unknown modifiers and a macro": (
        texts(mail_example_org="v=spf1 exists:%{i}.example include:%{d}.example exp=why.example foo=bar -all"),
        [("good", "takes 2 of 10")],
    ),
    "just enough look-ups": (
        texts(mail_example_org=f"v=spf1 {MANY} mx -all"),
        [("good", "takes 10 of 10")],
    ),
    "too many look-ups": (
        texts(mail_example_org=f"v=spf1 {MANY} include:post.example -all", post_example="v=spf1 mx -all"),
        [("bad", "takes 11 look-ups, receivers make 10")],
    ),
    "endlessly many look-ups": (
        {
            "mail.example.org": {"TXT": ["v=spf1 include:x0.example -all"]},
            **{f"x{n}.example": {"TXT": [f"v=spf1 {MANY} include:x{n + 1}.example -all"]} for n in range(9)},
        },
        [("bad", "or more look-ups")],
    ),
    "none, though the name is there": ({DOMAIN: {"MX": ["mx.example.org"]}}, [("bad", "has no SPF record")]),
    "none, and no such name": ({}, [("bad", "has no SPF record")]),
    "several": (
        texts(mail_example_org=["v=spf1 -all", "v=spf1 mx -all"]),
        [("bad", "has 2 SPF records and receivers take none of them")],
    ),
    "everybody": (texts(mail_example_org="v=spf1 +all"), [("bad", "lets everybody send (+all)")]),
    "everybody, without a sign": (texts(mail_example_org="v=spf1 all"), [("bad", "lets everybody send (+all)")]),
    "nothing of others": (texts(mail_example_org="v=spf1 mx"), [("warning", "says nothing of others")]),
    "neutral": (texts(mail_example_org="v=spf1 mx ?all"), [("warning", "says nothing of others")]),
    "an include without a record": (
        texts(mail_example_org="v=spf1 include:post.example -all", post_example="hello"),
        [("bad", "it refers to post.example, which has no SPF record")],
    ),
    "an include that does not exist": (
        texts(mail_example_org="v=spf1 include:post.example -all"),
        [("bad", "it refers to post.example, which has no SPF record")],
    ),
    "an include of several": (
        texts(mail_example_org="v=spf1 include:post.example -all", post_example=["v=spf1 -all", "v=spf1 -all"]),
        [("bad", "which has 2 SPF records")],
    ),
    "an include of nothing": (texts(mail_example_org="v=spf1 include: -all"), [("bad", "it refers to nothing")]),
    "a circle": (
        texts(mail_example_org="v=spf1 include:post.example -all", post_example="v=spf1 include:MAIL.example.org -all"),
        [("bad", "the record of post.example refers to MAIL.example.org, which refers to it")],
    ),
    "a word that is none": (
        texts(mail_example_org="v=spf1 ipv4:192.0.2.1 -all"),
        [("bad", "has a word that is none of SPF's: ipv4:192.0.2.1")],
    ),
    "no answer": ({}, [("warning", "the DNS does not answer")]),
    "no answer for an include": (
        texts(mail_example_org="v=spf1 include:silent.example -all"),
        [("warning", "the DNS does not answer for all of the SPF record")],
    ),
}


@pytest.mark.parametrize("case", SPF)
def test_spf(case) -> None:
    """Each record is told as receivers take it, once."""
    records, expected = SPF[case]
    silent = {DOMAIN} if case == "no answer" else {"silent.example"}

    found = list(spf.judge(spf.gather(FakeNames(records, frozenset(silent)), DOMAIN), envelope=True))

    assert fits(found, expected), told(found)


def test_spf_where_the_return_path_is_not_known() -> None:
    """That there is none at the sender's domain may be right then."""
    found = list(spf.judge(spf.gather(FakeNames({}), DOMAIN), envelope=False))

    assert fits(found, [("warning", "which may be another of your provider's choice")]), told(found)


# Keys

PLACE = f"k1._domainkey.{DOMAIN}"


def der(bits: int) -> str:
    key = rsa.generate_private_key(65537, bits).public_key()
    return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


LARGE, USUAL = der(2048), der(1024)
# Made by hand: the library makes none that are so short.
SHORT = (
    "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAMRG9iASIM4UxX6GR5QOmORg+r3z4T5s8LRIjQKQGmN7qYF8zSMI9mgonEb8zG/D+6Wl9GLj"
    "c5wDTNXnJqfZHwcCAwEAAQ=="
)
ED = base64.b64encode(
    ed25519.Ed25519PrivateKey.from_private_bytes(b"1" * 32).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
).decode()
KEYS = {
    "a large one": (f"v=DKIM1; k=rsa; p={LARGE}", [("good", "has 2048 bits")]),
    "without its version, with blanks in it": (f"p={LARGE[:80]} {LARGE[80:]}", [("good", "has 2048 bits")]),
    "for mail, by SHA-256": (f"h=sha1:sha256; s=email; t=s; p={LARGE}", [("good", "has 2048 bits")]),
    "one that does": (f"k=rsa; p={USUAL}", [("warning", "has 1024 bits: 2048 are better")]),
    "one that is too short": (f"k=rsa; p={SHORT}", [("bad", "has 512 bits, which receivers refuse")]),
    "withdrawn": ("v=DKIM1; p=", [("bad", "was withdrawn (p= is empty)")]),
    "cut": (f"k=rsa; p={LARGE[:200]}", [("bad", "was cut or changed")]),
    "no base64": ("k=rsa; p=…", [("bad", "was cut or changed")]),
    "no key at all": ("hello", [("bad", "is no key")]),
    "of another version": (f"v=DKIM2; p={LARGE}", [("bad", "is no key")]),
    "for SHA-1 alone": (f"h=sha1; p={LARGE}", [("bad", "does not allow SHA-256")]),
    "not for mail": (f"s=other; p={LARGE}", [("bad", "is not for mail")]),
    "tried out": (f"t=y:s; p={LARGE}", [("warning", "only tried out (t=y)")]),
    "modern": (f"k=ed25519; p={ED}", [("warning", "is Ed25519")]),
    "modern and cut": (f"k=ed25519; p={ED[:20]}", [("bad", "was cut or changed")]),
    "modern and no base64": ("k=ed25519; p=…", [("bad", "was cut or changed")]),
    "of a kind nobody knows": (f"k=dsa; p={LARGE}", [("bad", "receivers do not know (k=dsa)")]),
}


@pytest.mark.parametrize("case", KEYS)
def test_keys(case) -> None:
    """Each key is told as receivers take it."""
    record, expected = KEYS[case]

    found = list(dkim.judge(dkim.gather(FakeNames({PLACE: {"TXT": [record]}}), PLACE)))

    assert fits(found, expected), told(found)


PLACES = {
    "by an alias": ({PLACE: {"CNAME": ["k1.post.example"]}, "k1.post.example": {"TXT": [f"p={LARGE}"]}}, "good", "2048"),
    "an alias that leads nowhere": ({PLACE: {"CNAME": ["k1.post.example"]}}, "bad", "leads to k1.post.example, where no key"),
    "nothing": ({}, "bad", f"no key is at {PLACE}"),
    "something else": ({PLACE: {"A": ["192.0.2.1"]}}, "bad", f"no key is at {PLACE}"),
    "two records": ({PLACE: {"TXT": [f"p={LARGE}", f"p={USUAL}"]}}, "bad", "holds 2 records"),
}  # fmt: skip


@pytest.mark.parametrize("case", PLACES)
def test_where_keys_stand(case) -> None:
    """A key is found itself or by an alias; what is missing is told by its place."""
    records, level, words = PLACES[case]

    found = list(dkim.judge(dkim.gather(FakeNames(records), PLACE)))

    assert fits(found, [(level, words)]), told(found)


def test_no_answer_for_a_key() -> None:
    """It is not said to be missing."""
    found = list(dkim.judge(dkim.gather(FakeNames({}, frozenset({PLACE})), PLACE)))

    assert fits(found, [("warning", "the DNS does not answer")]), told(found)


def test_no_answer_for_an_alias() -> None:
    """Nor where only the second question is not answered."""

    class Falling(FakeNames):
        def cname(self, name):
            self.silent = frozenset({name})
            return super().cname(name)

    found = list(dkim.judge(dkim.gather(Falling({}), PLACE)))

    assert fits(found, [("warning", "the DNS does not answer")]), told(found)


@pytest.mark.parametrize(
    ("selector", "places"),
    [
        ("k1", [PLACE, "k1._domainkey.example.org"]),
        ("K1._domainkey.Mail.Example.org.", [PLACE]),
        ("k1._domainkey.other.example", ["k1._domainkey.other.example"]),
    ],
)
def test_the_places_of_a_selector(selector, places) -> None:
    """Providers tell the whole name, or only what is their own."""
    assert dkim.places_of(selector, domain=DOMAIN) == places
    assert [dkim.domain_of(place) for place in places] == [place.partition("._domainkey.")[2] for place in places]


ABOVE = "k1._domainkey.example.org"
SEARCHES = {
    "where it is likeliest": ({PLACE: {"TXT": ["p="]}, ABOVE: {"TXT": ["p="]}}, PLACE),
    "above": ({ABOVE: {"TXT": ["p="]}}, ABOVE),
    "an alias above": ({ABOVE: {"CNAME": ["gone.example"]}}, ABOVE),
    "nowhere": ({}, PLACE),
}


@pytest.mark.parametrize("case", SEARCHES)
def test_a_key_is_looked_for_above(case) -> None:
    """A provider may sign for the domain above the sender's; what is nowhere is missing where it is likeliest."""
    records, place = SEARCHES[case]

    assert dkim.find(FakeNames(records), [PLACE, ABOVE]).place == place


# DMARC

STRONG = "v=DMARC1; p=quarantine; rua=mailto:reports@example.org"
GOOD = ("good", "asks receivers to quarantine what fails for mail.example.org (p=quarantine)")
DMARC = {
    "of the domain itself": ({DOMAIN: STRONG}, [GOOD]),
    "of the organisation": ({"example.org": STRONG}, [GOOD]),
    "the nearest counts": ({DOMAIN: STRONG, "example.org": "v=DMARC1; p=none"}, [GOOD]),
    "of a public suffix": ({"org": STRONG + "; psd=y"}, [GOOD]),
    "with blanks": ({DOMAIN: "v = DMARC1 ; p = quarantine ; rua = mailto:a@example.org"}, [GOOD]),
    "for those below": (
        {"example.org": "v=DMARC1; p=none; sp=reject; rua=mailto:a@example.org"},
        [("good", "asks receivers to reject what fails for mail.example.org (sp=reject)")],
    ),
    "not for those below": (
        {"example.org": "v=DMARC1; p=reject; sp=none; rua=mailto:a@example.org"},
        [("warning", "lets pass what fails (sp=none)")],
    ),
    "watching only": ({DOMAIN: "v=DMARC1; p=none; rua=mailto:a@b.example"}, [("warning", "lets pass what fails (p=none)")]),
    "no reports": (
        {DOMAIN: "v=DMARC1; p=reject"},
        [("warning", "asks for no reports"), ("good", "asks receivers to reject")],
    ),
    "tried out": ({DOMAIN: STRONG + "; t=y"}, [("warning", "only tries its policy out (t=y)")]),
    "no policy": ({DOMAIN: "v=DMARC1; rua=mailto:a@b.example"}, [("warning", "says no policy that there is (p=)")]),
    "a policy that is none": ({DOMAIN: "v=DMARC1; p=block; rua=mailto:a@b.example"}, [("warning", "no policy that there is")]),
    "none": ({}, [("bad", "has no DMARC record")]),
    "one that is none": ({DOMAIN: "v=DMARC12; p=reject", "example.org": "p=reject; v=DMARC1"}, [("bad", "has no DMARC")]),
    "several": ({DOMAIN: [STRONG, STRONG]}, [("bad", "holds 2 DMARC records and receivers take none")]),
    "several, and one above": (
        {DOMAIN: [STRONG, STRONG], "example.org": STRONG},
        [("bad", "_dmarc.mail.example.org holds 2"), ("good", "_dmarc.example.org asks")],
    ),
}  # fmt: skip


def policies(records) -> dict[str, dict[str, list[str]]]:
    return {f"_dmarc.{name}": {"TXT": [value] if isinstance(value, str) else value} for name, value in records.items()}


@pytest.mark.parametrize("case", DMARC)
def test_dmarc(case) -> None:
    """The record that counts is told as receivers take it."""
    records, expected = DMARC[case]

    found = list(dmarc.judge(dmarc.gather(FakeNames(policies(records)), DOMAIN)))

    assert fits(found, expected), told(found)


def test_no_answer_for_a_policy() -> None:
    """A record that nobody told of is not missing; what is above is told nevertheless."""
    silent = frozenset({f"_dmarc.{DOMAIN}"})
    alone = list(dmarc.judge(dmarc.gather(FakeNames({}, silent), DOMAIN)))
    above = list(dmarc.judge(dmarc.gather(FakeNames(policies({"example.org": STRONG}), silent), DOMAIN)))

    assert fits(alone, [("warning", "the DNS does not answer for _dmarc.mail.example.org")]), told(alone)
    assert fits(above, [("warning", "does not answer"), ("good", "_dmarc.example.org")]), told(above)


ORGANISATIONS = {
    "no record": ({}, "a.b.example.org", "a.b.example.org"),
    "its own record": ({"a.b.example.org": STRONG}, "a.b.example.org", "a.b.example.org"),
    "the highest of several": ({"a.b.example.org": STRONG, "example.org": STRONG}, "a.b.example.org", "example.org"),
    "one that says so": (
        {"b.example.org": STRONG + "; psd=n", "example.org": STRONG},
        "a.b.example.org",
        "b.example.org",
    ),
    "below a public suffix": ({"co.example": STRONG + "; psd=y"}, "a.b.co.example", "b.co.example"),
    "a public suffix that mails": ({"co.example": STRONG + "; psd=y"}, "co.example", "co.example"),
    "several void each other": ({"example.org": [STRONG, STRONG]}, "a.example.org", "a.example.org"),
}


@pytest.mark.parametrize("case", ORGANISATIONS)
def test_the_organisations_domain(case) -> None:
    """It is found by the records alone."""
    records, domain, expected = ORGANISATIONS[case]

    assert dmarc.gather(FakeNames(policies(records)), domain).organisation == expected


def test_a_long_name_is_shortened() -> None:
    """No more than eight names are asked, and none of a record that ends the walk is passed."""
    names = FakeNames({})
    dmarc.gather(names, "j.i.h.g.f.e.d.c.b.a")
    ended = FakeNames(policies({"b.a": "v=DMARC1; psd=n"}))
    dmarc.gather(ended, "c.b.a")

    assert [name for name, _ in names.asked] == [
        f"_dmarc.{name}"
        for name in ("j.i.h.g.f.e.d.c.b.a", "g.f.e.d.c.b.a", "f.e.d.c.b.a", "e.d.c.b.a", "d.c.b.a", "c.b.a", "b.a", "a")
    ]
    assert [name for name, _ in ended.asked] == ["_dmarc.c.b.a", "_dmarc.b.a"]


# Alignment

ORG = {DOMAIN: "example.org", "post.example.org": "example.org", "example.org": "example.org"}
ALIGNMENTS = {
    "the same": ({"signers": [DOMAIN]}, [("good", "(relaxed)")]),
    "of one organisation": ({"signers": ["post.example.org"]}, [("good", "post.example.org, which belongs")]),
    "one of several": ({"signers": ["post.example", "example.org"]}, [("good", "signs as example.org")]),
    "a stranger": ({"signers": ["post.example"]}, [("bad", "signs as post.example, which does not belong")]),
    "strict": ({"signers": ["post.example.org"], "strict_dkim": True}, [("bad", "(strict)")]),
    "strict and the same": ({"signers": [DOMAIN], "strict_dkim": True}, [("good", "(strict)")]),
    "bounces stay": ({"signers": [], "envelope": "post.example.org"}, [("good", "the Return-Path's post.example.org")]),
    "bounces go elsewhere": ({"signers": [], "envelope": "post.example"}, [("warning", "rests on DKIM alone")]),
    "bounces, strict": (
        {"signers": [], "envelope": "post.example.org", "strict_spf": True},
        [("warning", "does not belong with the sender's mail.example.org (strict)")],
    ),
    "nothing is known": ({"signers": []}, []),
}


@pytest.mark.parametrize("case", ALIGNMENTS)
def test_alignment(case) -> None:
    """Who signs and who takes bounces belongs with the sender, or is told not to."""
    more, expected = ALIGNMENTS[case]

    found = list(alignment.judge(alignment.Alignment(sender=DOMAIN, organisations=ORG, **more)))

    assert fits(found, expected), told(found)


# Answers

HOST = {"mx.example.org": {"A": ["192.0.2.1"]}}
ANSWERS = {
    "a mail host": ({DOMAIN: {"MX": ["mx.example.org"]}, **HOST}, [("good", "takes mail at mx.example.org")]),
    "one of two is lost": ({DOMAIN: {"MX": ["gone.example", "mx.example.org"]}, **HOST}, [("good", "at mx.example.org")]),
    "a host that nobody tells of": ({DOMAIN: {"MX": ["silent.example"]}}, [("good", "takes mail at silent.example")]),
    "hosts that are lost": ({DOMAIN: {"MX": ["gone.example"]}}, [("bad", "no mail host of")]),
    "no mail, it says": ({DOMAIN: {"MX": [""]}}, [("bad", "says that it takes no mail")]),
    "its own address": ({DOMAIN: {"A": ["192.0.2.1"]}}, [("warning", "names no mail host (MX)")]),
    "nothing": ({DOMAIN: {"TXT": ["x"]}}, [("bad", "can take no mail")]),
    "no such name": ({}, [("bad", "can take no mail")]),
    "no answer": ({}, [("warning", "the DNS does not answer for the mail hosts")]),
}  # fmt: skip


@pytest.mark.parametrize("case", ANSWERS)
def test_answers(case) -> None:
    """Whether mail to a domain can arrive; whose it is stands beside it."""
    records, expected = ANSWERS[case]
    silent = frozenset({DOMAIN} if case == "no answer" else {"silent.example"})

    found = list(answering.judge(answering.gather(FakeNames(records, silent), DOMAIN), whose="the sender's"))

    assert fits(found, expected), told(found)
    assert f"{DOMAIN} (the sender's)" in found[0].sentence
