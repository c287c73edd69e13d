"""People come by a file, change their mind, leave, and are forgotten; nobody comes back who left."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from tests.site import write_site

from msdigest.app import read_settings as load
from msdigest.errors import RefusedError
from msdigest.model.compiled import Choice
from msdigest.steps.subscribing.reading import ImportReport, mail_address, read_rows
from msdigest.steps.subscribing.subscribing import find, forget, import_people, leave, suppress
from msdigest.store import audience, lining
from msdigest.store import deliveries as delivery_store
from msdigest.store import issues as issue_store
from msdigest.store.schema import metadata

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ADA = "ada@example.org"
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
HEADER = "email,name,language,zone,topics,frequency,theme,audience,consent_at,consent_text,consent_source\n"


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory):
    return load(write_site(tmp_path_factory.mktemp("site")), {"SINK_KEY": "k"}).vocabulary


class Club:
    """The people of one database."""

    def __init__(self, database, vault, clock, vocabulary):
        self.database, self.vault, self.clock, self.vocabulary = database, vault, clock, vocabulary

    def bring(self, text, *, digests=("weekly",), file="people.csv", **words):
        """Import the lines of a file."""
        return import_people(
            self.database,
            self.vault,
            self.clock,
            lines=text.splitlines(keepends=True),
            file=file,
            digests=digests,
            vocabulary=self.vocabulary,
            **words,
        )

    def person(self, address=ADA):
        return find(self.database, self.vault, address)

    def chosen(self, address=ADA, digest="weekly"):
        who = self.person(address).id
        with self.database.reading() as connection:
            return audience.subscriptions_of(connection, self.vault, [who])[who, digest]

    def digests(self, address=ADA):
        """Return digest → state of all that a person ever subscribed to."""
        who = self.person(address).id
        with self.database.reading() as connection:
            found = audience.subscriptions_of(connection, self.vault, [who])
        return {digest: each.state for (_, digest), each in found.items()}

    def leave(self, address=ADA, digest="weekly"):
        return leave(self.database, self.clock, subscriber=self.person(address).id, digest=digest)

    def everybody(self, digest="weekly"):
        with self.database.reading() as connection:
            return [member.subscriber.address for member in audience.all_members(connection, self.vault, digest)]

    def frozen(self, *addresses, digest="weekly", state="sending"):
        """Let there be an issue that is queued for these people; return its id."""
        decided = [
            lining.Decided(subscriber=self.person(each).id, choice=Choice(("e1",)), variant="en.standard")
            for each in addresses
        ]
        with self.database.writing() as connection:
            number = issue_store.next_number(connection, digest)
            issue = issue_store.add(connection, digest=digest, number=number, at=NOW)
            lining.add_deliveries(connection, issue, decided, due_at=NOW)
            lining.line_up(connection, issue, max_recipients=10, one_selection=False)
            issue_store.freeze(connection, issue, provider="file", now=NOW)
            issue_store.set_state(connection, issue, state, only_from=("sending",))
        return issue

    def states(self, issue):
        with self.database.reading() as connection:
            return {
                record.subscriber: (record.state, record.reason) for record in delivery_store.records(connection, issue)
            }

    def everything(self):
        """Return every cell of the database as text."""
        with self.database.reading() as connection:
            return "\n".join(
                repr(cell) for table in metadata.sorted_tables for row in connection.execute(select(table)) for cell in row
            )  # fmt: skip


@pytest.fixture
def club(database, vault, clock, vocabulary):
    return Club(database, vault, clock, vocabulary)


def counts(report):
    return (report.new, report.updated, report.unchanged, len(report.refused), report.suppressed)


# ----------------------------------------------------------------------------------------------------- good rows


def test_a_whole_row(club) -> None:
    """Every column arrives where it belongs, and the evidence of consent with it."""
    report = club.bring(
        HEADER
        + "Ada.L@Example.ORG,Ada Lovelace,de-AT,Europe/Vienna,fatigue;pregnancy;fatigue,weekly,large,patient,"
        + '2026-05-03T10:00:00+02:00,"Yes, send it.",form at the clinic\n'
    )
    person, chosen = club.person("ada.l@example.org"), club.chosen("ADA.L@EXAMPLE.ORG")

    assert counts(report) == (1, 0, 0, 0, 0)
    assert (report.without_evidence, report.unknown_columns) == (0, ())
    assert person.address == "Ada.L@example.org"
    assert (person.name, person.language, person.zone) == ("Ada Lovelace", "de-AT", "Europe/Vienna")
    assert (person.theme, person.audience) == ("large", "patient")
    assert (chosen.topics, chosen.frequency, chosen.state) == (("fatigue", "pregnancy"), "weekly", "active")
    assert chosen.consent.at == datetime(2026, 5, 3, 8, 0, tzinfo=UTC)
    assert (chosen.consent.text, chosen.consent.source) == ("Yes, send it.", "form at the clinic")


@pytest.mark.parametrize(
    "text", ["email\nada@example.org\n", "\ufeffEMAIL ,name\nada@example.org,\n", '\ufeff"email"\n"ada@example.org"']
)
@only_sqlite
def test_the_address_is_enough(club, text) -> None:
    """All the rest has its default, and the import is the evidence, told as such."""
    report = club.bring(text, file="old list.csv")
    person, chosen = club.person(), club.chosen()

    assert counts(report) == (1, 0, 0, 0, 0)
    assert report.without_evidence == 1
    assert (person.name, person.language, person.zone, person.theme, person.audience) == (
        "",
        "en",
        "UTC",
        "standard",
        "",
    )
    assert (chosen.topics, chosen.frequency) == ((), "each")
    assert (chosen.consent.at, chosen.consent.text, chosen.consent.source) == (NOW, "", "import:old list.csv")


@only_sqlite
def test_evidence_without_its_date_is_kept_but_no_date_is_invented(club) -> None:
    """Nobody is told that they asked on the day of the import."""
    report = club.bring("email,consent_text,consent_source\nada@example.org,Yes,paper form\n", file="p.csv")
    consent = club.chosen().consent

    assert report.without_evidence == 1
    assert (consent.at, consent.text, consent.source) == (NOW, "Yes", "import:p.csv: paper form")


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026-05-03", datetime(2026, 5, 3, tzinfo=UTC)),
        ("2026-05-03T10:00:00Z", datetime(2026, 5, 3, 10, tzinfo=UTC)),
        ("2026-05-03 10:00", datetime(2026, 5, 3, 10, tzinfo=UTC)),
        ("2026-05-03T01:00:00+05:30", datetime(2026, 5, 2, 19, 30, tzinfo=UTC)),
    ],
)
@only_sqlite
def test_when_somebody_agreed(club, written, at) -> None:
    """An instant, or a day; without a zone it is UTC."""
    club.bring(f"email,consent_at\nada@example.org,{written}\n")

    assert club.chosen().consent.at == at


@only_sqlite
def test_every_named_digest(club) -> None:
    """One person, several subscriptions."""
    report = club.bring("email\nada@example.org\n", digests=("weekly", "daily"))

    assert counts(report) == (1, 0, 0, 0, 0)
    assert club.digests() == {"weekly": "active", "daily": "active"}


@pytest.mark.parametrize(
    ("written", "neutral"),
    [
        ("yes", True),
        ("YES", True),
        ("true", True),
        ("1", True),
        ("no", False),
        ("False", False),
        ("0", False),
        ("", False),
    ],
)
@only_sqlite
def test_who_wants_no_word_of_the_disease_outside(club, written, neutral) -> None:
    """Written in any of the usual ways; nothing is no wish."""
    club.bring(f"email,neutral\nada@example.org,{written}\n")

    assert club.person().neutral is neutral


@pytest.mark.parametrize(
    ("written", "kinds"), [("work", ("work",)), (" Trial; work ;trial", ("trial", "work")), ("", ()), (";", ())]
)
@only_sqlite
def test_kinds_of_entries_that_somebody_wants(club, written, kinds) -> None:
    """Each once, in the order of the file, in any case; none are all."""
    club.bring(f"email,kinds\nada@example.org,{written}\n", digests=("weekly", "daily"))

    assert club.chosen().kinds == club.chosen(digest="daily").kinds == kinds


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("neutral", "maybe", "neutral 'maybe' is neither yes nor no"),
        ("neutral", "2", "neutral '2' is neither yes nor no"),
        ("neutral", "eve@example.net", "neutral (not repeated here: it holds an @) is neither yes nor no"),
        ("kinds", "work;paper", "kind 'paper' is not one of post, note, work, trial, event"),
        ("kinds", '"work, trial"', "resource: separate kinds with ;"),
        ("kinds", "eve@example.net", "kind (not repeated here: it holds an @) is not one of post"),
    ],
)
@only_sqlite
def test_a_wish_that_is_not_understood_refuses_the_row(club, column, cell, reason) -> None:
    """With line and reason; nobody is subscribed to more than they wanted, or told of in the open."""
    report = club.bring(f"email,{column}\nada@example.org,{cell}\nben@example.org,\n")

    assert [line for line, _ in report.refused] == [2]
    assert reason in report.refused[0][1]
    assert club.everybody() == ["ben@example.org"]


def test_a_file_without_these_columns_leaves_both_wishes(club) -> None:
    """Nothing is said of them; an empty cell takes the kinds back, and only a written no the neutral mail."""
    club.bring("email,neutral,kinds\nada@example.org,yes,work;trial\n")
    without = club.bring("email,name\nada@example.org,Ada\n")
    after_none = club.person().neutral, club.chosen().kinds
    club.bring("email,neutral,kinds\nada@example.org,,\n")
    after_empty = club.person().neutral, club.chosen().kinds
    club.bring("email,neutral\nada@example.org,no\n")

    assert (without.updated, after_none, after_empty) == (1, (True, ("work", "trial")), (True, ()))
    assert not club.person().neutral


@only_sqlite
def test_when_somebody_last_changed_is_known(club) -> None:
    """What was sent before cannot be made again from a record that became another one."""
    club.bring("email,topics\nada@example.org,fatigue\nben@example.org,\n")
    ada, ben = club.person().id, club.person("ben@example.org").id
    started = club.clock.now()
    club.clock.advance(timedelta(hours=1))
    club.bring("email,name\nada@example.org,Ada\nben@example.org,\n")
    with club.database.reading() as connection:
        since = audience.changed_since(connection, "weekly", [ada, ben], started)
        later = audience.changed_since(connection, "weekly", [ada, ben], club.clock.now())
    club.clock.advance(timedelta(hours=1))
    club.bring("email,consent_at\nben@example.org,2026-05-03\n")
    with club.database.reading() as connection:
        evidence = audience.changed_since(connection, "weekly", [ada, ben], started + timedelta(hours=1))

    assert (since, later, evidence) == ({ada}, set(), {ben})


@only_sqlite
def test_unknown_columns_are_told_and_not_read(club) -> None:
    """Each once, in their order; columns without a name are nobody's."""
    report = club.bring("id,email,Town,,town\n7,ada@example.org,Bath,x,y\n")

    assert (report.new, report.unknown_columns) == (1, ("id", "town"))


# ------------------------------------------------------------------------------------------------------ bad rows


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param(",Ada,,,,,,,,,", "the address is missing", id="no address"),
        pytest.param("ada,,,,,,,,,,", "no mail address", id="no @"),
        pytest.param("ada@localhost,,,,,,,,,,", "no mail address", id="no dot"),
        pytest.param("ada@@example.org,,,,,,,,,,", "no mail address", id="two @"),
        pytest.param("Ada <ada@example.org>,,,,,,,,,,", "no mail address", id="a whole mailbox"),
        pytest.param("a da@example.org,,,,,,,,,,", "no mail address", id="a blank"),
        pytest.param('"ada@example.org, ben@example.org",,,,,,,,,,', "no mail address", id="two addresses"),
        pytest.param('"ada@example.org\nBcc: ben@example.org",,,,,,,,,,', "no mail address", id="a header"),
        pytest.param("ada@example..org,,,,,,,,,,", "no mail address", id="two dots"),
        pytest.param(".ada@example.org,,,,,,,,,,", "no mail address", id="begins with a dot"),
        pytest.param("ada.@example.org,,,,,,,,,,", "no mail address", id="ends with a dot"),
        pytest.param("ada@example.org.,,,,,,,,,,", "no mail address", id="a domain that ends with a dot"),
        pytest.param("ada@-example.org,,,,,,,,,,", "no mail address", id="a domain that begins with a hyphen"),
        pytest.param("ada@10.0.0.1,,,,,,,,,,", "no mail address", id="a number for a domain"),
        pytest.param("ada@exam\x01ple.org,,,,,,,,,,", "no mail address", id="a control character"),
        pytest.param("ada@" + "a" * 64 + ".org,,,,,,,,,,", "no mail address", id="a long label"),
        pytest.param("a" * 65 + "@example.org,,,,,,,,,,", "no mail address", id="a long name"),
        pytest.param("ädä@example.org,,,,,,,,,,", "before the @", id="letters beyond ASCII"),
        pytest.param("ada@exam\u200bple.org,,,,,,,,,,", "domain of the address is not valid", id="an invisible letter"),
        pytest.param("ada@straße.example,,,,,,,,,,", "domain of the address is not valid", id="a sharp s"),
        pytest.param("ada@ex\u202eample.org,,,,,,,,,,", "domain of the address is not valid", id="turned about"),
        pytest.param("ada@example.org,,,,zebras,,,,,,", "topic 'zebras' is not in config/topics.toml", id="a topic"),
        pytest.param("ada@example.org,,,,fatigue;x;y,,,,,,", "topic 'x'", id="one topic of several"),
        pytest.param("ada@example.org,,,,ocrelizumap,,,,,,", "toml: did you mean ocrelizumab?", id="a misspelt topic"),
        pytest.param('ada@example.org,,,,"fatigue, sleep",,,,,,', "toml: separate topics with ;", id="topics, commas"),
        pytest.param("ada@example.org,,,,,hourly,,,,,", "frequency 'hourly' is not one of each, weekly", id="frequency"),
        pytest.param("ada@example.org,,,Europe/Lodnon,,,,,,,", "zone 'Europe/Lodnon' is no time zone", id="zone"),
        pytest.param("ada@example.org,,,../../etc/passwd,,,,,,,", "is no time zone", id="a path for a zone"),
        pytest.param("ada@example.org,,,Europe,,,,,,,", "is no time zone", id="a folder for a zone"),
        pytest.param(f"ada@example.org,,,{'z' * 1_000},,,,,,,", "is no time zone", id="a very long zone"),
        pytest.param("ada@example.org,,,,,,neon,,,,", "theme 'neon' is not one of standard, large", id="theme"),
        pytest.param("ada@example.org,,,,,,,doctor,,,", "audience 'doctor' is not one of patient", id="audience"),
        pytest.param("ada@example.org,,english,,,,,,,,", "language 'english' is no language tag", id="language"),
        pytest.param("ada@example.org,,,,,,,,03.05.2026,,", "consent_at '03.05.2026' is no date", id="a date"),
        pytest.param("ada@example.org,,,,,,,,2026-02-30,,", "consent_at '2026-02-30' is no date", id="no such day"),
        pytest.param("ada@example.org,,,,,,,,0001-01-01T00:00+14:00,,", "no date", id="before all days"),
        pytest.param("ada@example.org,,,,,,,,9999-12-31T23:59-14:00,,", "no date", id="after all days"),
        pytest.param(f"ada@example.org,,,,,,,,,{'x' * 2_001},", "longer than 2000", id="a very long field"),
        pytest.param("ada@example.org,,,,,,,,,,,more", "the first line names 11: separate topics and kinds", id="a field more"),
        pytest.param('ada@example.org,"A"da,,,,,,,,,', "is no CSV", id="a quote in the middle"),
        pytest.param("ada@example.org,,,,eve@example.net,,,,,,", "not repeated here", id="an address for a topic"),
        pytest.param("ada@example.org,,,eve@example.net,,,,,,,", "not repeated here", id="an address for a zone"),
        pytest.param("ada@example.org,,eve@example.net,,,,,,,,", "not repeated here", id="an address for a language"),
        pytest.param("ada@example.org,,,,,eve@example.net,,,,,", "not repeated here", id="an address for a frequency"),
        pytest.param("ada@example.org,,,,,,,,eve@example.net,,", "not repeated here", id="an address for a date"),
    ],
)  # fmt: skip
@only_sqlite
def test_a_bad_row_is_refused_with_line_and_reason(club, caplog, row, reason) -> None:
    """The others are taken, the address is told nowhere, and what is shown of a value is short."""
    caplog.set_level(logging.DEBUG)
    report = club.bring(f"{HEADER}first@example.org,,,,,,,,,,\n{row}\nlast@example.org,,,,,,,,,,\n")
    ((line, told),) = report.refused

    assert (line, report.new) == (3, 2)
    assert reason in told
    assert "@" not in told.replace("the @", "").replace("an @", "")
    assert len(told) < 200
    assert "example" not in caplog.text + told
    assert sorted(club.everybody()) == ["first@example.org", "last@example.org"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no column 'email'"),
        ("\n\n", "no column 'email'"),
        ("name,topics\nada@example.org,x\n", "no column 'email'"),
        ("email;name\nada@example.org;Ada\n", "separate columns with commas, not semicolons"),
        ("email\tname\nada@example.org\tAda\n", "no column 'email'"),
        ("email,name,email\na@example.org,x,b@example.org\n", "names email twice"),
        ('"email"x,name\nada@example.org,x\n', "the first line is no CSV"),
    ],
)
@only_sqlite
def test_a_file_without_a_first_line_that_makes_sense_is_refused(club, text, reason) -> None:
    """Whole, before anybody is added, and without an address."""
    with pytest.raises(RefusedError, match=reason) as refused:
        club.bring(text, file="people.csv")

    assert str(refused.value).startswith("people.csv: ")
    assert "example" not in str(refused.value)


@only_sqlite
def test_line_numbers_count_lines_of_the_file(club) -> None:
    """Fields may hold line breaks, and lines may be empty: the line is where the row begins."""
    report = club.bring(
        "email,name\n"  # 1
        '"a@example.org","two\nlines"\n'  # 2, 3
        "\n"  # 4
        "bad\n"  # 5
        " , \n"  # 6
        'worse,"three\n\nlines"\n'  # 7, 8, 9
        "b@example.org,\n"  # 10
        "worst\n"  # 11
    )

    assert [line for line, _ in report.refused] == [5, 7, 11]
    assert (report.new, club.person("a@example.org").name) == (2, "two lines")


@only_sqlite
def test_a_quote_that_never_ends_ends_the_import(club) -> None:
    """What follows may be the inside of a field: nobody is made of it."""
    report = club.bring('email,name\na@example.org,\nb@example.org,"never\nvictim@example.org,\nmore@example.org,\n')

    assert club.everybody() == ["a@example.org"]
    assert report.refused == [(3, "the file cannot be read on from here: unexpected end of data")]


@pytest.mark.parametrize(
    ("address", "sent_to"),
    [
        ("Ada+MS@Example.Org", "Ada+MS@example.org"),
        ("o'neill_x@sub.example.co.uk", "o'neill_x@sub.example.co.uk"),
        ("=cmd|x@example.org", "=cmd|x@example.org"),
        ("ada@München.example", "ada@xn--mnchen-3ya.example"),
        ("ada@例え.テスト", "ada@xn--r8jz45g.xn--zckzah"),
        ("ada@xn--mnchen-3ya.example", "ada@xn--mnchen-3ya.example"),
        ("a@b.co", "a@b.co"),
    ],
)
def test_an_address_as_mail_can_be_sent_there(address, sent_to) -> None:
    """The part before the @ as it was typed, the domain in ASCII: no provider trips over it."""
    assert mail_address(address) == sent_to


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
        ("\u202eadA", "adA"),
        ("A\0d\0a", "Ada"),
        ("  Ada\t\n Lovelace ", "Ada Lovelace"),
        ("x" * 300, "x" * 200),
        ("ليلى الحدّاد", "ليلى الحدّاد"),
        ('"Ada" <b>L</b> {{ 7*7 }} %recipient%', '"Ada" <b>L</b> {{ 7*7 }} %recipient%'),
    ],
    ids=["a formula", "turned about", "NUL", "white space", "endless", "Arabic", "markup"],
)
@only_sqlite
def test_hostile_names_are_names(club, name, kept) -> None:
    """On one line, without what turns the writing about, of bearable length; otherwise as they are."""
    quoted = name.replace('"', '""')
    report = club.bring(f'email,name\nada@example.org,"{quoted}"\n')

    assert (report.new, club.person().name) == (1, kept)


# ------------------------------------------------------------------------------------------------ twice and again


@pytest.mark.parametrize("distance", [0, 5, 1_500])
@only_sqlite
def test_an_address_that_stands_twice_is_taken_once(club, distance) -> None:
    """The first counts, however far the second is away and however it is written."""
    between = "".join(f"p{number}@example.org,\n" for number in range(distance))
    text = f"email,name\nAda@Example.org,First\n{between}ada@EXAMPLE.ORG,Second\n"
    report, again = club.bring(text), club.bring(text)

    assert report.refused == again.refused == [(distance + 3, "the same address stands in an earlier line")]
    assert (report.new, report.updated, report.unchanged) == (distance + 1, 0, 0)
    assert (again.new, again.updated, again.unchanged) == (0, 0, distance + 1)
    assert club.person().name == "First"


@pytest.mark.parametrize("distance", [0, 1_500])
def test_a_row_for_each_digest(club, distance) -> None:
    """Each with its own choice and evidence, however far apart; nothing else is subscribed to."""
    between = "".join(f"daily,p{number}@example.org,,,,\n" for number in range(distance))
    text = (
        "digest,email,name,topics,consent_at,consent_source\n"
        f"weekly,ada@example.org,Ada,fatigue,2026-05-03,form\n{between}"
        "daily,ADA@example.org,Ada,sleep,2026-06-04,letter\nweekly,ben@example.org,,,,\n"
    )
    report, again = (club.bring(text, digests=("weekly", "daily")) for _ in range(2))
    chosen = {digest: club.chosen(digest=digest) for digest in ("weekly", "daily")}

    assert counts(report) == (distance + 2, 1, 0, 0, 0)
    assert counts(again) == (0, 0, distance + 3, 0, 0)
    assert {digest: (each.topics, each.consent.source) for digest, each in chosen.items()} == {
        "weekly": (("fatigue",), "form"),
        "daily": (("sleep",), "letter"),
    }
    assert club.digests("ben@example.org") == {"weekly": "active"}


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("monthly", "digest 'monthly' is not one of weekly, daily"),
        ("Weekly", "digest 'Weekly' is not one of weekly, daily"),
        ("", "the digest is missing: it is not one of weekly, daily"),
        ("eve@example.net", "digest (not repeated here: it holds an @) is not one of weekly, daily"),
    ],
)
@only_sqlite
def test_a_digest_that_is_none_refuses_the_row(club, cell, reason) -> None:
    """Nobody is subscribed to more than the line says; the others are taken."""
    report = club.bring(f"email,digest\nada@example.org,{cell}\nben@example.org,daily\n", digests=("weekly", "daily"))

    assert report.refused == [(2, reason)]
    assert (club.everybody("weekly"), club.everybody("daily")) == ([], ["ben@example.org"])


@only_sqlite
def test_a_row_twice_for_one_digest_is_taken_once(club) -> None:
    """The first counts."""
    report = club.bring("digest,email,topics\nweekly,ada@example.org,sleep\nweekly,Ada@example.org,fatigue\n")

    assert report.refused == [(3, "the same address and digest stands in an earlier line")]
    assert club.chosen().topics == ("sleep",)


@pytest.mark.parametrize(
    ("column", "first", "second"),
    [
        ("name", "Ada", "Eve"), ("language", "en", "de"), ("zone", "Europe/Vienna", ""), ("theme", "large", "standard"),
        ("audience", "", "patient"), ("neutral", "yes", "no"), ("neutral", "yes", ""),
    ],
)  # fmt: skip
@only_sqlite
def test_lines_that_tell_one_person_differently_are_refused(club, column, first, second) -> None:
    """What is the person's is the same for all digests: the first line stands, a later one that agrees is taken."""
    report = club.bring(
        f"digest,email,{column}\nweekly,ada@example.org,{first}\ndaily,ada@example.org,{second}\n"
        f"daily,ada@example.org,{first}\n",
        digests=("weekly", "daily"),
    )

    assert [line for line, _ in report.refused] == [3]
    assert report.refused[0][1] == (
        "name, language, zone, theme, audience, neutral are not as in an earlier line of the same address"
    )
    assert club.digests() == {"weekly": "active", "daily": "active"}


@only_sqlite
def test_readers_of_a_language_without_a_catalogue_are_counted(club) -> None:
    """Each person once; who is not taken, or reads a variety of a language that mails are written in, is not."""
    text = (
        "digest,email,language\nweekly,ada@example.org,fr\ndaily,ada@example.org,fr\nweekly,ben@example.org,de-CH\n"
        "weekly,eve@example.org,pt-BR\nweekly,bob@example.org,en-AU\nweekly,sam@example.org,it\nnone,x@example.org,fr\n"
    )
    suppress(club.database, club.vault, club.clock, address="sam@example.org", reason="bounced")
    report, later = (
        club.bring(each, digests=("weekly", "daily")) for each in (text, "email\nada@example.org\nben@example.org\n")
    )

    assert (report.without_catalogue, later.without_catalogue) == (2, 1)
    assert club.person().language == "fr"


@only_sqlite
def test_progress_and_order_of_what_was_refused(club) -> None:
    """Rows are told chunk by chunk; refusals come in the order of the file."""
    rows = [f"p{number}@example.org" for number in range(1_100)]
    rows[500], rows[1_050], rows[20] = "bad", "worse", rows[10]
    told = []
    report = club.bring("email\n" + "\n".join(rows), progress=told.append)

    assert told == [1_000, 98]
    assert [line for line, _ in report.refused] == [22, 502, 1_052]


def test_importing_again_changes_nothing(club) -> None:
    """The same file: everybody is unchanged, and so is every subscription."""
    text = HEADER + (
        "ada@example.org,Ada,en,UTC,fatigue,weekly,large,patient,2026-05-03,Yes,form\nben@example.org,,,,,,,,,,\n"
    )
    club.bring(text)
    before = club.person(), club.chosen(), club.chosen("ben@example.org")
    club.clock.advance(timedelta(days=9))
    report = club.bring(text, file="other.csv")

    assert counts(report) == (0, 0, 2, 0, 0)
    assert (club.person(), club.chosen(), club.chosen("ben@example.org")) == before


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("name", "Ada King"), ("language", "de"), ("zone", "Europe/Paris"), ("topics", "sleep"),
        ("frequency", "monthly"), ("theme", "low-glare"), ("audience", "clinician"), ("consent_at", "2026-06-06"),
    ],
)  # fmt: skip
@only_sqlite
def test_a_row_that_says_otherwise_updates(club, column, value) -> None:
    """One column at a time; what has no column in the file stays as it was."""
    club.bring(
        HEADER + "ada@example.org,Ada,fr,Europe/Vienna,fatigue,weekly,large,patient,2026-05-03,Yes,form\n",
    )
    person, chosen = club.person(), club.chosen()
    report = club.bring(f"email,{column}\nada@example.org,{value}\n")
    after = {name: getattr(club.person(), name) for name in ("name", "language", "zone", "theme", "audience")}
    before = {name: getattr(person, name) for name in after}

    assert counts(report) == (0, 1, 0, 0, 0)
    if column in after:
        assert after == {**before, column: value}
        assert club.chosen() == chosen
    else:
        assert after == before
    if column in {"topics", "frequency"}:
        assert getattr(club.chosen(), column) == ((value,) if column == "topics" else value)
        assert club.chosen().consent == chosen.consent
    if column == "consent_at":
        assert club.chosen().consent.at == datetime(2026, 6, 6, tzinfo=UTC)


@only_sqlite
def test_an_empty_cell_says_the_default(club) -> None:
    """A column that is there is spoken of: no topics are all topics."""
    club.bring("email,topics,theme\nada@example.org,fatigue,large\n")
    report = club.bring("email,topics,theme\nada@example.org,,\n")

    assert counts(report) == (0, 1, 0, 0, 0)
    assert (club.chosen().topics, club.person().theme) == ((), "standard")


@only_sqlite
def test_evidence_is_never_replaced_by_none(club) -> None:
    """A later import without consent columns leaves the evidence; one with better evidence brings it."""
    club.bring("email,consent_at,consent_source\nada@example.org,2026-05-03,form\n")
    first = club.chosen().consent
    report = club.bring("email,name\nada@example.org,Ada\n", file="later.csv")

    assert (report.updated, report.without_evidence, club.chosen().consent) == (1, 1, first)

    club.bring("email,consent_at,consent_source\nada@example.org,2026-09-09,letter\n")

    assert club.chosen().consent.source == "letter"


@pytest.mark.parametrize("distance", [0, 9])
@only_sqlite
def test_who_was_carried_over_stays_so(club, distance) -> None:
    """A date beside the source of an import is the import's: kept for the mail's foot, and no evidence."""
    text = "email,consent_at,consent_source\nada@example.org,2026-05-03,import:old.csv: paper form\n"
    if distance:
        club.bring("email\nada@example.org\n", file="first.csv")
        club.clock.advance(timedelta(days=distance))
    before = club.chosen().consent if distance else None
    report = club.bring(text, file="export.csv")
    consent = club.chosen().consent

    assert report.without_evidence == 1
    assert not consent.evidenced
    if before:
        assert consent == before
    else:
        assert (consent.at, consent.source) == (datetime(2026, 5, 3, tzinfo=UTC), "import:old.csv: paper form")


@only_sqlite
def test_a_date_without_a_source_is_evidence(club) -> None:
    """The file is where it comes from; the person is told when they agreed, not that they were carried over."""
    report = club.bring("email,consent_at\nada@example.org,2026-05-03\n", file="people.csv")
    consent = club.chosen().consent

    assert report.without_evidence == 0
    assert (consent.evidenced, consent.source) == (True, "people.csv")


@only_sqlite
def test_another_digest_is_added_to_what_is_there(club) -> None:
    """With its own choice; the first one stays as it was."""
    club.bring("email,topics\nada@example.org,fatigue\n")
    before = club.chosen()
    report = club.bring("email,topics\nada@example.org,sleep\n", digests=("daily",))

    assert counts(report) == (0, 1, 0, 0, 0)
    assert club.chosen() == before
    assert club.chosen(digest="daily").topics == ("sleep",)


# -------------------------------------------------------------------------------------------- leaving for good


def test_who_left_is_not_brought_back(club) -> None:
    """Neither the subscription nor a new name: the row is counted and that is all."""
    club.bring("email,name\nada@example.org,Ada\n")
    club.leave()
    report = club.bring("email,name\nADA@example.org,Other\n")

    assert counts(report) == (0, 0, 0, 0, 1)
    assert report.without_evidence == 0
    assert (club.digests(), club.person().name) == ({"weekly": "ended"}, "Ada")


@only_sqlite
def test_leaving_is_leaving_one_digest(club) -> None:
    """Who left the weekly digest may be subscribed to the daily one; the weekly one stays ended in the same import."""
    club.bring("email\nada@example.org\n")
    club.leave()
    report = club.bring("email\nada@example.org\n", digests=("weekly", "daily"))
    again = club.bring("email\nada@example.org\n", digests=("weekly", "daily"))

    assert (counts(report), counts(again)) == ((0, 1, 0, 0, 0), (0, 0, 1, 0, 0))
    assert club.digests() == {"weekly": "ended", "daily": "active"}


@pytest.mark.parametrize("distance", [0, 1_500])
@only_sqlite
def test_who_left_one_digest_does_not_come_back_by_a_row_for_it(club, distance) -> None:
    """Its row is counted and that is all; the row for another digest is taken."""
    between = "".join(f"daily,p{number}@example.org\n" for number in range(distance))
    text = f"digest,email\nweekly,ada@example.org\n{between}daily,ada@example.org\n"
    club.bring("email\nada@example.org\n")
    club.leave()
    report, again = (club.bring(text, digests=("weekly", "daily")) for _ in range(2))
    club.leave(digest="daily")
    after = club.bring(text, digests=("weekly", "daily"))

    assert counts(report) == (distance, 1, 0, 0, 1)
    assert counts(again) == (0, 0, distance + 1, 0, 1)
    assert counts(after) == (0, 0, distance, 0, 2)
    assert club.digests() == {"weekly": "ended", "daily": "ended"}


def test_who_is_suppressed_is_not_added(club) -> None:
    """Known before or not, to no digest."""
    club.bring("email\nada@example.org\n")
    for address in (ADA, "ben@example.org"):
        suppress(club.database, club.vault, club.clock, address=address, reason="bounced")
    report = club.bring("email,name\nAda@example.org,Other\nben@example.org,Ben\n", digests=("weekly", "daily"))

    assert counts(report) == (0, 0, 0, 0, 2)
    assert club.everybody() == [ADA]
    assert (club.person().name, club.digests()) == ("", {"weekly": "active"})


def test_who_is_forgotten_stays_away(club) -> None:
    """Record and choices are gone; the next import does not bring the address back."""
    club.bring("email,name\nada@example.org,Ada\n")
    who = club.person().id
    forget(club.database, club.vault, club.clock, who=who)
    report = club.bring("email\nada@example.org\n")

    assert counts(report) == (0, 0, 0, 0, 1)
    assert club.everybody() == []
    assert who not in club.everything()
    for name in (who, ADA):
        with pytest.raises(RefusedError, match="nobody is known") as refused:
            find(club.database, club.vault, name)
        assert name not in str(refused.value)


@only_sqlite
def test_a_pause_outlives_an_import(club) -> None:
    """Who asked for a break has one."""
    from sqlalchemy import update

    from msdigest.store.schema import subscriptions

    club.bring("email\nada@example.org\n")
    with club.database.writing() as connection:
        connection.execute(update(subscriptions).values(state="paused"))
    club.bring("email,topics\nada@example.org,fatigue\n")

    assert (club.chosen().state, club.chosen().topics) == ("paused", ("fatigue",))


@pytest.mark.parametrize("state", ["sending", "held"])
def test_leaving_withdraws_what_is_queued(club, state) -> None:
    """Of this digest, also of a held issue that may be sent on later; others and other digests keep theirs."""
    club.bring("email\nada@example.org\nben@example.org\n", digests=("weekly", "daily"))
    ada, ben = club.person().id, club.person("ben@example.org").id
    weekly = club.frozen(ADA, "ben@example.org", state=state)
    daily = club.frozen(ADA, digest="daily")
    first, second = club.leave(), club.leave()

    assert (first, second) == ((1, 1), (0, 0))
    assert club.states(weekly) == {ada: ("excluded", "left"), ben: ("pending", None)}
    assert club.states(daily) == {ada: ("pending", None)}
    assert club.digests() == {"weekly": "ended", "daily": "active"}


def test_suppressing_withdraws_everything(club) -> None:
    """Of all digests; once is enough, and whoever the address belongs to later."""
    club.bring("email\nada@example.org\n", digests=("weekly", "daily"))
    issues = [club.frozen(ADA), club.frozen(ADA, digest="daily")]
    added = [
        suppress(club.database, club.vault, club.clock, address=address, reason="complained")
        for address in (" ADA@example.org", ADA)
    ]

    assert added == [True, False]
    assert [list(club.states(issue).values()) for issue in issues] == [[("excluded", "suppressed")]] * 2


@pytest.mark.parametrize(
    "address", ["", "ada", "@", "ada@", "@example.org", "5f3a0c", "Ada <ada@example.org>", "a b@example.org"]
)
@only_sqlite
def test_what_is_no_address_is_not_suppressed(club, address) -> None:
    """A slip of the pen protects nobody: it is refused, not taken for done."""
    with pytest.raises(RefusedError, match="nothing was suppressed"):
        suppress(club.database, club.vault, club.clock, address=address, reason="x")


def test_forgetting_withdraws_everything_and_keeps_the_account(club) -> None:
    """What was queued is excluded; the delivery's line stays under its opaque id."""
    club.bring("email\nada@example.org\n")
    who, issue = club.person().id, club.frozen(ADA)
    forget(club.database, club.vault, club.clock, who=ADA)

    assert club.states(issue) == {who: ("excluded", "forgotten")}
    with club.database.reading() as connection:
        assert delivery_store.account(connection, issue).closed


@pytest.mark.parametrize("who", ["nobody@example.org", "0" * 32, "ada", ""])
@only_sqlite
def test_nobody_is_found_under_a_wrong_name(club, who) -> None:
    """And the name is not repeated."""
    club.bring("email\nada@example.org\n")

    with pytest.raises(RefusedError) as refused:
        find(club.database, club.vault, who)
    assert str(refused.value) == "nobody is known under that address or id"


@pytest.mark.parametrize("letters", [6, 8, 32])
@only_sqlite
def test_the_beginning_of_an_id_is_enough(club, letters) -> None:
    """Six letters name a person, written large or small."""
    club.bring("email\nada@example.org\n")
    person = club.person()

    assert find(club.database, club.vault, person.id[:letters].upper()) == person
    with pytest.raises(RefusedError, match="nobody is known"):
        find(club.database, club.vault, person.id[:5])
    with pytest.raises(RefusedError, match="nobody is known"):
        find(club.database, club.vault, "_" * 6)


@only_sqlite
def test_a_beginning_of_several_ids_is_nobody(club, monkeypatch) -> None:
    """Nobody is shown or forgotten on a guess."""
    ids = iter(["abcdef0" + "0" * 25, "abcdef1" + "0" * 25])
    monkeypatch.setattr(audience, "new_subscriber_id", lambda: next(ids))
    club.bring("email\nada@example.org\nben@example.org\n")

    with pytest.raises(RefusedError, match="the ids of several people begin so"):
        forget(club.database, club.vault, club.clock, who="abcdef")
    assert find(club.database, club.vault, "abcdef1").address == "ben@example.org"
    assert len(club.everybody()) == 2


def test_nothing_personal_is_told_or_written_in_the_open(club, caplog, capsys) -> None:
    """Not in the log, not on the screen, not in the database: neither address nor name nor topic."""
    caplog.set_level(logging.DEBUG, logger="msdigest")
    club.bring(
        HEADER + "ada@example.org,Ada Lovelace,en,Europe/Vienna,pregnancy,weekly,large,patient,2026-05-03,Yes,form\n"
    )
    club.frozen(ADA)
    club.leave()
    suppress(club.database, club.vault, club.clock, address="eve@example.net", reason="x")
    # Ids, hashes and what is sealed are hexadecimal, in which "ada" is a number like any other.
    kept = re.sub(r"[0-9a-f]{12,}", "", club.everything())
    forget(club.database, club.vault, club.clock, who=ADA)
    told = re.sub(r"[0-9a-f]{12,}", "", caplog.text + "".join(capsys.readouterr()))

    for word in ("ada", "Lovelace", "example.", "pregnancy", "Vienna", "large", "form"):
        assert word not in told
        # In which ways the issue is read is no secret; who reads it so is.
        assert word not in kept.replace("en.standard", "").replace("variant:en.large", "")


def test_a_person_never_shows_in_their_own_representation(club) -> None:
    """What is printed by accident, in a trace or a log, is an id."""
    club.bring(HEADER + "ada@example.org,Ada,en,UTC,pregnancy,each,large,,,,\n")

    assert "ada" not in repr(club.person()).lower().replace(club.person().id, "")
    assert "pregnancy" not in repr(club.chosen())


def test_reading_a_file_keeps_nothing_of_it(vocabulary) -> None:
    """Rows come one by one: a generator is read only as far as it is asked."""
    asked = []

    def lines():
        for number in range(10_000):
            asked.append(number)
            yield "email\n" if number == 0 else f"p{number}@example.org\n"

    rows = read_rows(lines(), vocabulary, digests=("weekly",), file="f", now=NOW, report=ImportReport())
    first = next(rows)

    assert (first.line, first.person.address, len(asked)) == (2, "p1@example.org", 2)
