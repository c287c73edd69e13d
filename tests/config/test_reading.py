"""The configuration: read whole, or refused with every fault by file and key, in words a volunteer understands."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pytest

from msdigest.app import KINDS
from msdigest.app import read_settings as load
from msdigest.config.carriers import MailgunTable
from msdigest.config.settings import Settings
from msdigest.config.shapes import SourceTable
from msdigest.errors import ConfigurationError
from msdigest.model.clock import Cadence
from msdigest.model.issue import Digest, Section
from msdigest.model.registry import Registry
from msdigest.model.source import Source

ROOT = Path(__file__).resolve().parents[2]
MAIN = """
[site]
title = "The Digest"
url = "https://digest.example.org/"
contact = "editors@example.org"

[storage]
database = "sqlite:///var/x.db"
data_dir = "var"

[mail]
provider = "mailgun"
from = "The Digest <digest@example.org>"
postal_address = "1 Example Street"

[providers.mailgun]
domain = "mg.example.org"
api_key = {env = "MAILGUN_KEY"}

[fetch]
allow_private = ["127.0.0.1:8900", "10.0.0.0/8"]
"""
SOURCES = """
[[source]]
id = "ms-blog"
kind = "feed"
url = "https://blog.example.org/feed"
interval = "6h"
audience = ["patient"]
filter = "(?i)sclerosis"

[[source]]
id = "page"
kind = "livingpage"
url = "https://page.example.org"
name = "The page"
content = "main"
stamp = "Updated (.*)"

[[source]]
id = "later"
kind = "gopher"
url = "https://trials.example.org"
enabled = false

[[source]]
id = "manual"
kind = "editor"

[[registry]]
id = "fen-ms"
name = "Fen MS Register"
region = "Fenland"
status = "archive"
"""
DIGESTS = """
[[digest]]
id = "weekly"
title = "The week"
cadence = "weekly mon,thu 07:30"
zone = "Europe/London"
approval = 2
max_age = "14d"
max_entries = 30
latest = "6h"
sections = [{ title = "Trials", kinds = ["trial"], topics = ["sleep"], sources = ["ms-blog", "later"] }]

[[digest]]
id = "daily"
title = "The day"
cadence = "daily 07:00"
"""
TOPICS = """
[[topic]]
id = "sleep"
name = "Sleep"
kind = "symptom"
synonyms = ["insomnia"]
"""
FILES = {"msdigest": MAIN, "sources": SOURCES, "digests": DIGESTS, "topics": TOPICS}
M, S, D, T = "msdigest", "sources", "digests", "topics"
ENVIRONMENT = {"MAILGUN_KEY": "s3cret"}


@pytest.fixture
def read(tmp_path):
    """Write a configuration with some words replaced, and load it: ``read({file: [(old, new), ...]})``."""

    def write_and_load(changes=(), environment=ENVIRONMENT, folder="config"):
        (tmp_path / folder).mkdir()
        for name, text in FILES.items():
            changed = text
            for old, new in dict(changes).get(name, ()):
                assert old in changed, f"{old!r} is not in {name}"
                changed = changed.replace(old, new, 1)
            (tmp_path / folder / f"{name}.toml").write_text(changed, encoding="utf-8")
        return load(tmp_path / folder / "msdigest.toml", environment)

    return write_and_load


def faults_of(read, changes, environment=ENVIRONMENT):
    with pytest.raises(ConfigurationError) as caught:
        read(changes, environment)
    return [str(fault) for fault in caught.value.faults]


def test_a_good_configuration_is_read_whole(read, tmp_path) -> None:
    """Every setting, with its default where none is written."""
    settings = read()
    blog = Source(
        id="ms-blog", kind="feed", url="https://blog.example.org/feed", name="ms-blog",
        interval=timedelta(hours=6), audience=("patient",), filter="(?i)sclerosis",
    )  # fmt: skip
    page = Source(
        id="page", kind="livingpage", url="https://page.example.org", name="The page",
        usual_interval=timedelta(hours=6), own_rhythm=False,
        options={"content": "main", "stamp": "Updated (.*)"}, robots=True,
    )  # fmt: skip
    later = Source(
        id="later", kind="gopher", url="https://trials.example.org", name="later", enabled=False,
    )  # fmt: skip
    typed = Source(
        id="manual", kind="editor", url="https://digest.example.org", name="manual",
        usual_interval=timedelta(hours=24), own_rhythm=False,
    )  # fmt: skip
    weekly = Digest(
        id="weekly", title="The week", cadence=Cadence("weekly", (0, 3), time(7, 30), "Europe/London"),
        sections=(Section(title="Trials", kinds=("trial",), topics=("sleep",), sources=("ms-blog", "later")),),
        approval=2, max_age=timedelta(days=14), max_entries=30, latest=timedelta(hours=6),
    )  # fmt: skip
    daily = Digest(id="daily", title="The day", cadence=Cadence("daily", (), time(7), "UTC"))

    assert settings == Settings(
        root=tmp_path,
        config_dir=tmp_path / "config",
        templates=tmp_path / "templates",
        site_title="The Digest",
        site_url="https://digest.example.org",
        site_contact="editors@example.org",
        database=f"sqlite:///{tmp_path}/var/x.db",
        data_dir=tmp_path / "var",
        key_file=tmp_path / "config" / "vault.key",
        keys=None,
        provider="mailgun",
        provider_options={"domain": "mg.example.org", "api_key": "s3cret", "region": "us"},
        sender="The Digest <digest@example.org>",
        neutral_sender="",
        postal_address="1 Example Street",
        fetch_contact="editors@example.org",
        allow_private=("127.0.0.1:8900", "10.0.0.0/8"),
        sources=(blog, page, later, typed),
        registries=(Registry(id="fen-ms", name="Fen MS Register", region="Fenland", status="archive"),),
        digests=(weekly, daily),
        vocabulary=settings.vocabulary,
    )
    assert settings.vocabulary.ids == ("sleep",)
    assert settings.public == tmp_path / "var" / "public"
    assert settings.digest("daily") == daily
    assert settings.digest("monthly") is None


def test_little_is_needed(read, tmp_path) -> None:
    """Site and mail; the rest has defaults: outbox, one database file, nothing private."""
    short = MAIN[: MAIN.index("[storage]")] + '[mail]\nfrom = "a@example.org"\npostal_address = "1 Example Street"\n'
    settings = read({"msdigest": [(MAIN, short)], "sources": [(SOURCES, "")], "digests": [(DIGESTS, "")]}, {})

    assert (settings.provider, settings.provider_options, settings.allow_private) == ("file", {}, ())
    assert settings.database == f"sqlite:///{tmp_path}/var/msdigest.db"
    assert (settings.sources, settings.digests) == ((), ())


@pytest.mark.parametrize(
    ("written", "database"),
    [
        ('"sqlite:////srv/x.db"', "sqlite:////srv/x.db"),
        ('"postgresql://user@host/db"', "postgresql://user@host/db"),
        ('{env = "DB"}', "postgresql://user:pw@host/db"),
    ],
)
def test_where_the_database_may_be(read, written, database) -> None:
    """An absolute path, PostgreSQL, or an address with a password from the environment."""
    environment = ENVIRONMENT | {"DB": "postgresql://user:pw@host/db"}

    assert read({"msdigest": [('"sqlite:///var/x.db"', written)]}, environment).database == database


def test_paths_and_keys(read, tmp_path) -> None:
    """A key file elsewhere, keys from the environment, a folder that is not called config."""
    keyed = {"msdigest": [('data_dir = "var"', 'data_dir = "/srv/data"\nkey_file = "keys/mine"')]}
    settings = read(keyed, ENVIRONMENT | {"MSDIGEST_KEYS": "1:x"}, folder="settings")

    assert (settings.root, settings.config_dir) == (tmp_path / "settings", tmp_path / "settings")
    assert (settings.key_file, settings.keys) == (tmp_path / "settings" / "keys" / "mine", "1:x")
    assert settings.data_dir == Path("/srv/data")


def test_a_visit_may_adapt(read) -> None:
    """``auto`` is the default written down; a provider on this machine needs no https."""
    settings = read(
        {
            S: [('interval = "6h"', 'interval = "auto"')],
            M: [('domain = "mg', 'base_url = "http://127.0.0.1:8000/"\ndomain = "mg')],
        }
    )

    assert settings.sources[0].interval is None
    assert settings.provider_options["base_url"] == "http://127.0.0.1:8000"


def test_secrets_of_a_provider_that_is_not_chosen_may_be_unset(read) -> None:
    """Its table is read, its environment is not asked."""
    settings = read({"msdigest": [('provider = "mailgun"', 'provider = "file"')]}, {})

    assert (settings.provider, settings.provider_options) == ("file", {})


# file, what is written, what is written instead, the fault: file, key and sentence.
FAULTS = [
    (M, 'title = "The Digest"', "", "config/msdigest.toml: site.title: is missing"),
    (M, 'title = "The Digest"', 'title = " "', "config/msdigest.toml: site.title: must be one line of text and not empty"),
    (M, 'title = "The Digest"', "title = 5", "config/msdigest.toml: site.title: must be text in quotes, found 5"),
    (M, 'title = "The Digest"', "title = 2026-11-20", "config/msdigest.toml: site.title: must be text in quotes"),
    (M, "[site]\n", '[site]\ntitel = "x"\n', "config/msdigest.toml: site.titel: is not known here: check the spelling"),
    (M, "[fetch]\n", "[fetsch]\n", "config/msdigest.toml: fetsch: is not known here: only site, storage, mail, providers, fetch can stand here"),
    (M, "[site]\n", "[[site]]\n", "config/msdigest.toml: site: must be a table"),
    (M, "[storage]", "[[storage]]", "config/msdigest.toml: storage: must be a table"),
    (M, "[providers.mailgun]", "[[providers]]", "config/msdigest.toml: providers: must be tables: write [providers.NAME]"),
    (M, "[providers.mailgun]", "[[providers.mailgun]]", "config/msdigest.toml: providers.mailgun: must be a table"),
    (M, "https://digest.example.org/", "digest.example.org", "config/msdigest.toml: site.url: 'digest.example.org' is no web address: write http:// or https:// and a host"),
    (M, "https://digest.example.org/", "http://[::1", "config/msdigest.toml: site.url: 'http://[::1' is no web address: write http:// or https:// and a host"),
    (M, "https://digest.example.org/", "https://x.example:70000", "config/msdigest.toml: site.url: 'https://x.example:70000' is no web address: write http:// or https:// and a host"),
    (M, "https://digest.example.org/", "https://x. example", "config/msdigest.toml: site.url: 'https://x. example' is no web address: write http:// or https:// and a host"),
    (M, "https://digest.example.org/", "https://me:s3cret@x.example", "config/msdigest.toml: site.url: must not hold a name or password"),
    (M, "sqlite:///var/x.db", "mysql://me:s3cret@host/db", "config/msdigest.toml: storage.database: must be sqlite:///PATH or postgresql://USER@HOST/NAME"),
    (M, "sqlite:///var/x.db", "sqlite:///", "config/msdigest.toml: storage.database: must be sqlite:///PATH or postgresql://USER@HOST/NAME"),
    (M, '"sqlite:///var/x.db"', "5", "config/msdigest.toml: storage.database: must be text in quotes, found 5"),
    (M, '"sqlite:///var/x.db"', '{env = "UNSET"}', "config/msdigest.toml: storage.database: the environment variable UNSET is not set"),
    (M, '"sqlite:///var/x.db"', '{env = "MAILGUN_KEY"}', "config/msdigest.toml: storage.database: must be sqlite:///PATH or postgresql://USER@HOST/NAME"),
    (M, '"sqlite:///var/x.db"', '{environment = "X"}', "config/msdigest.toml: storage.database.env: is missing"),
    (M, 'provider = "mailgun"', 'provider = "mailgum"', "config/msdigest.toml: mail.provider: 'mailgum' is not known: file, smtp, mailgun, resend, postmark, brevo, ses, sendgrid are"),
    (M, "[providers.mailgun]", "[providers.mailgum]", "config/msdigest.toml: providers.mailgum: is not known: file, smtp, mailgun, resend, postmark, brevo, ses, sendgrid are"),
    (M, "[providers.mailgun]", "[providers.mailgum]", "config/msdigest.toml: providers.mailgun: is missing, and [mail] provider is 'mailgun'"),
    (M, "The Digest <digest@example.org>", "The Digest", "config/msdigest.toml: mail.from: 'The Digest' is no mail address: write name@example.org or Title <name@example.org>, a title with commas as \"One, two\" <name@example.org>"),
    (M, "The Digest <digest@example.org>", "One, two <a@example.org>", "config/msdigest.toml: mail.from: 'One, two <a@example.org>' is no mail address"),
    (M, "The Digest <digest@example.org>", "a@example.org\\nBcc: b@example.org", "is no mail address"),
    (M, '{env = "MAILGUN_KEY"}', '{env = "UNSET"}', "config/msdigest.toml: providers.mailgun.api_key: the environment variable UNSET is not set"),
    (M, '{env = "MAILGUN_KEY"}', '"key-s3cret"', 'config/msdigest.toml: providers.mailgun.api_key: must be {env = "NAME"}: a secret is read from the environment, never from this file'),
    (M, 'domain = "mg.example.org"\n', "", "config/msdigest.toml: providers.mailgun.domain: is missing"),
    (M, 'domain = "mg.example.org"\n', 'domain = "mg.example.org"\nregion = "asia"\n', "config/msdigest.toml: providers.mailgun.region: must be 'us' or 'eu', found 'asia'"),
    (M, 'domain = "mg.example.org"\n', 'domain = "mg.example.org"\nbase_url = "http://api.example.org"\n', "config/msdigest.toml: providers.mailgun.base_url: 'http://api.example.org' must begin with https:// (http:// only for this very machine)"),
    (M, '"10.0.0.0/8"', '"10.0.0.1/8"', "config/msdigest.toml: fetch.allow_private[2]: '10.0.0.1/8' is not understood (host bits are set): write a network"),
    (M, '["127.0.0.1:8900", "10.0.0.0/8"]', '"10.0.0.0/8"', "config/msdigest.toml: fetch.allow_private: must be a list in [ ], found '10.0.0.0/8'"),
    (M, MAIN[: MAIN.index("[storage]")], "", "config/msdigest.toml: site: is missing: write a table [site]"),
    (M, "[site]", "[site", "cannot be read as TOML (Expected ']' at the end of a table declaration)"),
    (S, "[[source]]", "[source]", "cannot be read as TOML (Cannot "),
    (S, SOURCES, '[source]\nid = "a"', "config/sources.toml: source: must be tables: write [[source]] above each"),
    (S, SOURCES, '[[sources]]\nid = "a"', "config/sources.toml: sources: is not known here: only source, registry can stand here"),
    (S, 'id = "ms-blog"', 'id = "MS blog"', "config/sources.toml: source[MS blog].id: 'MS blog' may hold small letters, digits and hyphens only, at most 63"),
    (S, 'id = "ms-blog"\n', "", "config/sources.toml: source[1].id: is missing"),
    (S, 'id = "page"', 'id = "ms-blog"', "config/sources.toml: source[ms-blog].id: is there twice: give each its own"),
    (S, 'kind = "feed"', 'kind = "fead"', f"config/sources.toml: source[ms-blog].kind: 'fead' is no kind of source: {', '.join(KINDS)} are"),
    (S, "enabled = false", "enabled = true", f"config/sources.toml: source[later].kind: 'gopher' is no kind of source: {', '.join(KINDS)} are"),
    (S, "enabled = false", 'enabled = "no"', "config/sources.toml: source[later].enabled: must be true or false, found 'no'"),
    (S, "https://blog.example.org/feed", "ftp://blog.example.org", "config/sources.toml: source[ms-blog].url: 'ftp://blog.example.org' is no web address: write http:// or https:// and a host"),
    (S, 'kind = "feed"', "kind = 1", "config/sources.toml: source[ms-blog].kind: must be text in quotes, found 1"),
    (S, 'interval = "6h"', 'interval = "5m"', "config/sources.toml: source[ms-blog].interval: '5m' is outside 30m to 30d (or write auto)"),
    (S, 'interval = "6h"', "interval = 6", "config/sources.toml: source[ms-blog].interval: 6 is no length of time: write 30m, 6h or 7d"),
    (S, 'interval = "6h"', 'interval = "6 hours"', "config/sources.toml: source[ms-blog].interval: '6 hours' is no length of time: write 30m, 6h or 7d"),
    (S, '["patient"]', '["patients"]', "config/sources.toml: source[ms-blog].audience[1]: 'patients' is not known: patient, clinician, researcher are"),
    (S, '"(?i)sclerosis"', '"(sclerosis"', "config/sources.toml: source[ms-blog].filter: '(sclerosis' is no regular expression: missing ), unterminated subpattern at position 0"),
    (S, '"Updated (.*)"', '"["', "config/sources.toml: source[page].stamp: '[' is no regular expression: unterminated character set at position 0"),
    (S, 'name = "Fen MS Register"\n', "", "config/sources.toml: registry[fen-ms].name: is missing"),
    (S, 'status = "archive"', 'status = "asleep"', "config/sources.toml: registry[fen-ms].status: must be 'active' or 'archive', found 'asleep'"),
    (S, 'region = "Fenland"', 'country = "Fenland"', "config/sources.toml: registry[fen-ms].country: is not known here: check the spelling"),
    (S, "[[registry]]", "[registry]", "config/sources.toml: registry: must be tables: write [[registry]] above each"),
    (S, 'interval = "6h"', 'content = "main"', "config/sources.toml: source[ms-blog].content: means nothing for kind 'feed', only for 'livingpage'"),
    (D, "weekly mon,thu 07:30", "weekly 07:30", "config/digests.toml: digest[weekly].cadence: '' is no weekday: write mon, tue, wed, thu, fri, sat, sun"),
    (D, "weekly mon,thu 07:30", "daily 02:30", "config/digests.toml: digest[weekly].cadence: 02:30 may not exist on the day when clocks change: choose 03:00 or later"),
    (D, '"daily 07:00"', "07:00:00", "config/digests.toml: digest[daily].cadence: must be text in quotes"),
    (D, "Europe/London", "Europe/Londn", "config/digests.toml: digest[weekly].zone: 'Europe/Londn' is no time zone: write a name such as Europe/London"),
    (D, "Europe/London", "../etc/passwd", "config/digests.toml: digest[weekly].zone: '../etc/passwd' is no time zone"),
    (D, "approval = 2", "approval = 3", "config/digests.toml: digest[weekly].approval: must be 2 or less, found 3"),
    (D, "approval = 2", "approval = -1", "config/digests.toml: digest[weekly].approval: must be 0 or more, found -1"),
    (D, "approval = 2", "approval = true", "config/digests.toml: digest[weekly].approval: must be a whole number, found True"),
    (D, "approval = 2", "approval = 1.5", "config/digests.toml: digest[weekly].approval: must be a whole number, found 1.5"),
    (D, "max_entries = 30", "max_entries = 0", "config/digests.toml: digest[weekly].max_entries: must be 1 or more, found 0"),
    (D, '"14d"', '"0d"', "config/digests.toml: digest[weekly].max_age: '0d' is no length of time: write 30m, 6h or 7d"),
    (D, '"14d"', '"99999999999999d"', "config/digests.toml: digest[weekly].max_age: '99999999999999d' is no length of time"),
    (D, 'id = "daily"', 'id = "weekly"', "config/digests.toml: digest[weekly].id: is there twice: give each its own"),
    (D, '["sleep"]', '["sleep", "sleeep"]', "config/digests.toml: digest[weekly].sections[1].topics[2]: 'sleeep' is not in topics.toml: did you mean sleep?"),
    (D, '"later"]', '"sooner"]', "config/digests.toml: digest[weekly].sections[1].sources[2]: 'sooner' is not in sources.toml"),
    (D, '["trial"]', '["trials"]', "config/digests.toml: digest[weekly].sections[1].kinds[1]: 'trials' is not known: post, note, work"),
    (D, 'title = "Trials", ', "", "config/digests.toml: digest[weekly].sections[1].title: is missing"),
    (D, 'title = "Trials", ', 'titel = "Trials", ', "config/digests.toml: digest[weekly].sections[1].titel: is not known here: check the spelling"),
    (T, 'id = "sleep"\n', "", "config/topics.toml: topic[1].id: write some text"),
    (T, 'id = "sleep"\n', 'id = "sleep"\nbrands = ["Nod"]\n', "config/topics.toml: topic[sleep].brands: 'Nod' is not among its synonyms"),
    (T, "[[topic]]", '[[term]]\nterm = "NEDA"\nmeans = ""\nmeans_de = "x"\n[[topic]]', "config/topics.toml: term[NEDA].means: write some text"),
    (T, "[[topic]]", "[[topics]]", "config/topics.toml: topics: no such key"),
]  # fmt: skip
JARGON = re.compile(
    r"(?i)input|pydantic|valid |validat|value.?error|extra|instance|tuple|string|model|assert|traceback|None\b"
)


@pytest.mark.parametrize(("file", "old", "new", "sentence"), FAULTS, ids=[each[3][:70] for each in FAULTS])
def test_each_fault_is_told_in_plain_words(read, file, old, new, sentence) -> None:
    """File, key, what is wrong and what would be right; no jargon and no secret."""
    faults = faults_of(read, {file: [(old, new)]})

    assert any(sentence in fault for fault in faults), faults
    assert [fault for fault in faults if JARGON.search(fault)] == []
    assert "s3cret" not in "\n".join(faults)
    assert len(faults) <= 2, "one mistake is not told many times over"


def test_all_faults_of_all_files_are_told_at_once(read) -> None:
    """Planted in five files' worth of tables, one of them unreadable; each is there, and nothing else."""
    faults = faults_of(
        read,
        {
            M: [('title = "The Digest"', ""), ("The Digest <", "<"), ("mg.example.org", ""), ("10.0.0.0/8", "ten")],
            S: [
                ("https://blog", "blog"),
                ('kind = "livingpage"', 'kind = "page"'),
                ("enabled = false", "enable = false"),
            ],
            D: [("mon,thu", "moon"), ("Europe/London", "London"), ('"sleep"', '"awake"'), ('"The day"', "1")],
            T: [("[[topic]]", "[[topic")],
        },
        environment={},
    )

    assert [" ".join(fault.split(": ")[:2]) for fault in faults] == [
        "config/msdigest.toml site.title",
        "config/msdigest.toml providers.mailgun.domain",
        "config/msdigest.toml fetch.allow_private[2]",
        "config/topics.toml line 2, column 8",
        "config/sources.toml source[ms-blog].url",
        "config/sources.toml source[page].kind",
        "config/sources.toml source[later].kind",
        "config/sources.toml source[later].enable",
        "config/digests.toml digest[weekly].cadence",
        "config/digests.toml digest[weekly].zone",
        "config/digests.toml digest[daily].title",
    ]


HINT = 'text stands in straight quotes "…", true and false are small'


@pytest.mark.parametrize(
    ("new", "fault"),
    [
        ("enabled = False", f"line {{}}, column 11: cannot be read as TOML (Invalid value): {HINT}"),
        ("enabled = “no”", f"line {{}}, column 11: cannot be read as TOML (Invalid value): {HINT}"),
        ("enabled = false no", f"line {{}}, column 17: cannot be read as TOML (Expected newline or end of document after a statement): {HINT}"),
        ("enabled = false\nenabled = false", "line {}, column 16: cannot be read as TOML (Cannot overwrite a value)"),
    ],
)  # fmt: skip
def test_where_a_file_stops_being_toml(read, new, fault) -> None:
    """The line comes first, and whoever never wrote TOML before is told how values stand."""
    line = SOURCES[: SOURCES.index("enabled = false")].count("\n") + 1 + new.count("\n")

    assert faults_of(read, {S: [("enabled = false", new)]}) == [f"config/sources.toml: {fault.format(line)}"]


def test_a_fault_does_not_hide_a_missing_secret(read) -> None:
    """What the environment lacks is told beside a fault of another table."""
    faults = faults_of(read, {M: [('title = "The Digest"', "")]}, environment={})

    assert faults == [
        "config/msdigest.toml: site.title: is missing",
        "config/msdigest.toml: providers.mailgun.api_key: the environment variable MAILGUN_KEY is not set",
    ]


@pytest.mark.parametrize(
    "address",
    [
        "https://api:s3cret@x.example", "https://x.example/?key=s3cret\\n", "http://x.example/?key=s3cret",
        "http://x.example/#s3cret", "https://u:s3cret@[x", "ftp://x.example?s3cret",
    ],
)  # fmt: skip
def test_what_an_address_may_hide_is_not_repeated(read, address) -> None:
    """Neither its query nor its user; where it leads is told."""
    edits = {
        M: [("https://digest.example.org/", address), ('domain = "mg', f'base_url = "{address}"\ndomain = "mg')],
        S: [("https://blog.example.org/feed", address)],
    }
    told = faults_of(read, edits)

    assert told
    assert "s3cret" not in "\n".join(told)
    assert all("'" in fault for fault in told if "@" not in address)


def test_a_fault_does_not_echo(read) -> None:
    """A source or file with a fault of its own is still a source: digests that name it are right."""
    assert len(faults_of(read, {S: [("https://blog", "blog")]})) == 1


@pytest.mark.parametrize("file", [M, S, D, T])
def test_unreadable_files_are_told(tmp_path, file) -> None:
    """One that is missing, and one that is no text, each beside what is right."""
    for number, spoil in enumerate([Path.unlink, lambda path: path.write_bytes(b"\xff\xfe"), _make_folder]):
        folder = tmp_path / str(number) / "config"
        folder.mkdir(parents=True)
        for name, text in FILES.items():
            (folder / f"{name}.toml").write_text(text, encoding="utf-8")
        spoil(folder / f"{file}.toml")
        with pytest.raises(ConfigurationError) as caught:
            load(folder / "msdigest.toml", ENVIRONMENT)
        sentence = ["there is no such file", "save it as UTF-8", "cannot be read: Is a directory"][number]

        assert [fault.file for fault in caught.value.faults] == [f"config/{file}.toml"]
        assert sentence in str(caught.value)


def _make_folder(path):
    path.unlink()
    path.mkdir()


def test_the_stock_configuration_has_no_fault() -> None:
    """The files that `msdigest init` writes out."""
    settings = load(ROOT / "config" / "msdigest.toml", {})

    assert settings.sources
    assert settings.digests


def test_every_key_is_explained_where_it_is_written() -> None:
    """Each setting of a source and a provider stands in the commented files; kinds' own keys are keys."""
    sources = (ROOT / "config" / "sources.toml").read_text(encoding="utf-8")
    main = (ROOT / "config" / "msdigest.toml").read_text(encoding="utf-8")

    own = {key for kind in KINDS.values() for key in kind.options}
    assert [
        key for key in {*SourceTable.model_fields, *own} if not re.search(rf"^#   {key} ", sources, re.MULTILINE)
    ] == []
    assert [key for key in ("domain", "api_key", "webhook_key", "region") if f"# {key} = " not in main] == []
    assert not own & set(SourceTable.model_fields)
    assert {"domain", "api_key", "webhook_key", "base_url", "region"} == set(MailgunTable.model_fields)


def test_settings_are_frozen(read) -> None:
    """Nobody changes them on the way."""
    settings = read()

    with pytest.raises(AttributeError):
        settings.provider = "file"
    assert replace(settings, provider="file").provider == "file"
