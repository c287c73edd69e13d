"""An issue's life at the operators' door: edited, checked, tried, paused, and built again."""

from __future__ import annotations

import json
import re
import shutil
import stat
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from tests.cli.calling import Told, call

from msdigest.app import App
from msdigest.cli import editing
from msdigest.demo.world import demo_config, subscribers_csv
from msdigest.engines.clock import SystemClock
from msdigest.lint.finding import Finding
from msdigest.steps import founding

FOUND = [
    Finding(id="size.clip", level="error", message="It is long.", place="HTML part", way_out="Make it shorter."),
    Finding(id="alt.words", level="warning", message="It says nothing.", place='entry "A"', way_out="Say something."),
]


@pytest.fixture(scope="module")
def drafted(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a site with a draft and the demo's people."""
    folder = tmp_path_factory.mktemp("drafted")
    base_url = re.search(r"http://127\.0\.0\.1:\d+", (demo / "config" / "sources.toml").read_text())[0]
    founding.found(folder, instead=demo_config(base_url))
    people = folder / "people.csv"
    people.write_text(subscribers_csv(SystemClock().now().date()), encoding="utf-8")
    for words in (("collect",), ("subscribers", "import", people), ("issue", "compose", "weekly")):
        assert call("--config", folder / "config" / "msdigest.toml", *words).status == 0
    return folder


class Site:
    """The commands of one site."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config" / "msdigest.toml"

    def call(self, *words: object, **more: Any) -> Told:
        return call("--config", self.config, *words, **more)

    def json(self, *words: object) -> Any:
        told = self.call(*words, "--json")
        assert told.status == 0, told.err
        return json.loads(told.out)

    @property
    def entries(self) -> list[str]:
        """The ids of the draft's entries, in their order."""
        return self.json("issue", "show", "1")["entries"]


@pytest.fixture
def site(drafted: Path, tmp_path: Path) -> Site:
    """A copy of the site with a draft."""
    shutil.copytree(drafted, tmp_path / "site")
    return Site(tmp_path / "site")


@pytest.fixture
def faulty(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The same where the checks find an error and a warning."""
    monkeypatch.setattr(App, "lint", lambda _app, _issue: tuple(FOUND))
    return site


# ------------------------------------------------------------------------------------------------------------- edit


def test_editing_tells_what_was_done_and_how_the_issue_looks_now(site) -> None:
    """Each change in a line with the entry's title, then the entries in their order, hidden ones last."""
    first, second, *_, last = site.entries
    told = site.call(
        "issue", "edit", "1", "--hide", first[:6], "--pin", last[:8], "--first", second, "--intro", "A quiet week.",
        "--note", last[:6], "Read this first.",
    )  # fmt: skip
    done, _, outline = told.out.partition("\n\n")
    rows = outline.splitlines()

    assert (told.status, told.err) == (0, "")
    assert [line.split()[0] for line in done.splitlines()] == ["done", "moved", "pinned", "hidden", "intro", "note"]
    assert re.search(rf"hidden +{first}  \w+", done)
    assert rows[0].endswith(", draft")
    assert re.match(rf"\(hidden\) +{first} ", rows[-1])
    assert re.search(rf"{last}  pinned note  \w", outline)
    assert len(rows) == len(site.entries) + 3


def test_the_document_of_an_edited_issue(site) -> None:
    """The issue as it is now, with what editors changed; composing again keeps that."""
    before = site.json("issue", "show", "1")
    first = before["entries"][0]
    after = site.json("issue", "edit", "1", "--hide", first, "--intro", "A quiet week.")
    again = site.json("issue", "compose", "weekly")

    assert after["entries"] == before["entries"][1:]
    assert after["hash"] != before["hash"]
    assert (after["edits"]["hidden"], after["edits"]["intro"]) == ([first], "A quiet week.")
    assert (again["entries"], again["edits"]) == (after["entries"], after["edits"])
    assert site.json("issue", "edit", "1", "--clear")["entries"] == before["entries"]


def test_an_intro_from_a_file(site, tmp_path) -> None:
    """Markdown of several lines; what cannot be read is refused with its place."""
    intro = tmp_path / "intro.md"
    intro.write_text("A *quiet* week.\n\n- one\n- two\n", encoding="utf-8")
    after = site.json("issue", "edit", "1", "--intro-file", intro)
    missing = site.call("issue", "edit", "1", "--intro-file", tmp_path / "no.md")
    both = site.call("issue", "edit", "1", "--intro", "x", "--intro-file", intro)

    assert after["edits"]["intro"] == "A *quiet* week.\n\n- one\n- two"
    assert (missing.status, missing.err) == (1, f"msdigest: {tmp_path / 'no.md'}: cannot be read (No such file or directory)\n")  # fmt: skip
    assert (both.status, "not both" in both.err) == (2, True)


def test_an_edit_makes_approvals_void(site) -> None:
    """And says whose; what makes no difference says so."""
    digests = site.config.parent / "digests.toml"
    digests.write_text(digests.read_text().replace("approval = 0", "approval = 2"))
    site.call("issue", "approve", "1", "--as", "Ada")
    told = site.call("issue", "edit", "1", "--hide", site.entries[0])
    same = site.call("issue", "edit", "1", "--last", site.entries[-1])

    assert "Void now, because it was approved before this: Ada." in told.out
    assert site.json("issue", "show", "1")["approvals"] == []
    assert "What will be sent is the same as before." not in told.out
    assert "What will be sent is the same as before." in same.out


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        ([], 2, "say what to change, such as --hide ID or --intro TEXT"),
        (["--hide", "zzzzzz"], 1, "issue 1 has no entry 'zzzzzz': `msdigest issue show 1` lists its entries"),
        (["--intro", "x" * 5_001], 1, "the intro has 5,001 characters: 5,000 are the most"),
        (["--note", "abcdef"], 2, "requires 2 arguments"),
    ],
)
def test_a_wrong_edit_changes_nothing(site, words, status, sentence) -> None:
    """Told in one sentence; the draft stays as it was."""
    before = site.json("issue", "show", "1")
    told = site.call("issue", "edit", "1", *words)

    assert (told.status, told.out) == (status, "")
    assert sentence in " ".join(told.err.split())
    assert site.json("issue", "show", "1") == before


def test_what_was_sent_cannot_be_edited(config) -> None:
    """With the state that it is in."""
    told = call("--config", config, "issue", "edit", "1", "--intro", "Too late.")

    assert (told.status, told.err) == (1, "msdigest: issue 1 is sent: only a draft can be edited\n")


# ------------------------------------------------------------------------------------------------------------- lint


def test_a_sound_issue(site) -> None:
    """The demo's own issue has no error: the status is 0, and every finding has its way out."""
    told = site.call("issue", "lint", "1", "--json")
    document = json.loads(told.out)

    assert (told.status, told.err) == (0, "")
    assert (document["issue"], document["overrides"]) == (1, [])
    assert {each["level"] for each in document["findings"]} <= {"warning", "info"}
    assert all({"id", "place", "message", "way_out"} <= set(each) for each in document["findings"])


def test_findings_are_told_and_errors_end_with_1(faulty) -> None:
    """By level, check, place, message and way out; the sentence says both ways out."""
    told = faulty.call("issue", "lint", "1")
    document = json.loads(faulty.call("issue", "lint", "1", "--json").out)
    lines = told.out.splitlines()

    assert told.status == 1
    assert re.fullmatch(r"error +size\.clip +HTML part +It is long\. +Make it shorter\.", lines[1])
    assert re.fullmatch(r'warning +alt\.words +entry "A" +It says nothing\. +Say something\.', lines[2])
    assert told.err.startswith("msdigest: issue 1 has errors (size.clip): ")
    assert "--override size.clip --reason TEXT" in told.err
    assert [each["id"] for each in document["findings"]] == ["size.clip", "alt.words"]


@pytest.mark.parametrize(
    ("checks", "last"),
    [
        (["css.unsupported"], "1 remark that needs nothing: css.unsupported 1 (--json lists them)"),
        (
            ["head.subject", "css.unsupported", "css.unsupported"],
            "3 remarks that need nothing: css.unsupported 2, head.subject 1 (--json lists them)",
        ),
    ],
)
@pytest.mark.parametrize("others", [[], FOUND[1:]])
def test_remarks_are_one_line(site, monkeypatch, checks, last, others) -> None:
    """They hide nothing that somebody should look at, and stand whole in the document."""
    remarks = [Finding(id=each, level="info", message="It is so.", place="HTML part") for each in checks]
    monkeypatch.setattr(App, "lint", lambda _app, _issue: (*remarks, *others))
    told = site.call("issue", "lint", "1")
    document = site.json("issue", "lint", "1")

    assert (told.status, told.out.splitlines()[-1]) == (0, last)
    assert "It is so." not in told.out
    assert ("alt.words" in told.out, "Nothing that needs anything is found" in told.out) == (bool(others), not others)
    assert [each["id"] for each in document["findings"]] == [*checks, *(each.id for each in others)]


def test_errors_keep_an_issue_from_being_sent_until_they_are_overridden(faulty) -> None:
    """The reason is kept with the issue, with who said so; then it is sent."""
    refused = faulty.call("issue", "send", "1", "--wait")
    overridden = faulty.call(
        "issue", "lint", "1", "--override", "size.clip", "--reason", "Long on purpose.", "--as", "Ada"
    )
    again = faulty.json("issue", "lint", "1")
    shown = faulty.call("issue", "show", "1")
    sent = faulty.call("issue", "send", "1", "--wait", "--json")

    assert (refused.status, "has errors (size.clip)" in refused.err) == (1, True)
    assert (overridden.status, overridden.err) == (0, "")
    assert "size.clip is overridden: Long on purpose. (Ada, 20" in overridden.out
    assert re.search(r"^overridden +size\.clip", overridden.out, re.MULTILINE)
    assert [(each["check"], each["reason"], each["by"]) for each in again["overrides"]] == [("size.clip", "Long on purpose.", "Ada")]  # fmt: skip
    assert re.search(r"^overridden +size\.clip: Long on purpose\. \(Ada, 20", shown.out, re.MULTILINE)
    assert (sent.status, json.loads(sent.out)["state"]) == (0, "sent")


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["--override", "size.clip"], 2, "--override CHECK and --reason TEXT belong together"),
        (["--reason", "x"], 2, "--override CHECK and --reason TEXT belong together"),
        (["--override", "alt.words", "--reason", "x"], 1, "'alt.words' finds no error in issue 1; those that do: size.clip"),
        (["--override", "size.clip", "--reason", "x" * 501], 1, "a reason has 501 characters: 500 are the most"),
    ],
)  # fmt: skip
def test_a_wrong_override_is_refused(faulty, words, status, sentence) -> None:
    """Nothing is overridden by a slip of the pen."""
    told = faulty.call("issue", "lint", "1", *words)

    assert (told.status, told.out) == (status, "")
    assert sentence in " ".join(told.err.split())
    assert faulty.json("issue", "show", "1")["overrides"] == []


# ------------------------------------------------------------------------------------------------- test and rebuild


def test_a_test_message_is_a_file_of_the_outbox(site) -> None:
    """Its place is told, its address is not; the account knows of nobody."""
    told = site.call("-v", "issue", "test", "1", "--to", "ada@example.org", "--variant", "en.large")
    (path,) = (site.folder / "var" / "outbox" / "1").glob("test-*.eml")
    document = site.json("issue", "test", "1", "--to", "ada@example.org")

    assert told.status == 0
    assert told.out.endswith(f"as en.large, [TEST] in its subject, is written: {path}\n")
    assert message_from_bytes(path.read_bytes(), policy=default)["Subject"].startswith("[TEST] MS Research Digest")
    assert "ada@" not in told.out + told.err
    assert (document["variant"], document["delivery"][:5]) == ("en.standard", "test-")
    assert site.json("deliveries", "1")["account"]["candidates"] == 0


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        ([], 2, "Missing option '--to'"),
        (["--to", "ada"], 2, "the address is no mail address"),
        (["--to", "a@example.org\nBcc: b@example.org"], 2, "the address is no mail address"),
        (["--to", "ada@example.org", "--variant", "en.huge"], 1, "issue 1 is not compiled as 'en.huge', but as de."),
        (["--to", "ada@example.org", "--subscriber", "ffffff"], 1, "nobody is known under that address or id"),
    ],
)
def test_a_test_message_that_cannot_be_sent(site, words, status, sentence) -> None:
    """Nothing is written, and the address is not repeated."""
    told = site.call("issue", "test", "1", *words)

    assert (told.status, told.out) == (status, "")
    assert sentence in " ".join(told.err.split())
    assert "@" not in told.err
    assert not (site.folder / "var" / "outbox").exists()


def test_rebuilding_what_was_sent(copy, tmp_path) -> None:
    """Byte for byte, and as files; then one person is forgotten and one renamed, and a whole request differs."""
    site = Site(copy.parents[1])
    outbox = {path.name: path.read_bytes() for path in (site.folder / "var" / "outbox" / "1").glob("*.eml")}
    told = site.call("issue", "rebuild", "1", "--out", tmp_path / "out")
    people = site.json("deliveries", "1")["deliveries"]
    site.call("subscribers", "forget", people[0]["subscriber"])
    later = site.call("issue", "rebuild", "1")
    document = site.json("issue", "rebuild", "1")
    site.config.write_text(site.config.read_text().replace("https://digest.example", "https://other.example"))
    alone = site.call("issue", "rebuild", "1", "--subscriber", people[0]["subscriber"][:8])

    assert (told.status, told.out.splitlines()[0]) == (0, "1 of 1 request rebuilt, byte for byte.")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == outbox
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "out").iterdir()} == {0o600}
    assert (later.status, later.out.splitlines()[0]) == (0, "0 of 1 request rebuilt, byte for byte.")
    assert re.search(rf"^{people[0]['subscriber']} +forgotten: ", later.out, re.MULTILINE)
    assert (document["requests"], document["rebuilt"], document["different"]) == (1, 0, [])
    assert [each["subscriber"] for each in document["missing"]] == [people[0]["subscriber"]]
    assert alone.status == 0


def test_a_difference_that_should_not_be_ends_with_1(copy) -> None:
    """With the request, its positions and what to look at, on standard output and in the document."""
    site = Site(copy.parents[1])
    site.config.write_text(site.config.read_text().replace("https://digest.example", "https://other.example"))
    told = site.call("issue", "rebuild", "1")
    document = json.loads(site.call("issue", "rebuild", "1", "--json").out)

    assert told.status == 1
    assert re.search(r"^[0-9a-f]{32} +1–25 +nobody in it changed: were \[site\] url", told.out, re.MULTILINE)
    assert told.err.endswith("msdigest: 1 request of issue 1 should be the same and differ\n")
    assert [(each["lo"], each["hi"]) for each in document["different"]] == [(1, 25)]


# -------------------------------------------------------------------------------------------- pause, resume and show


def test_pausing_and_going_on(site) -> None:
    """Held with everybody queued; the rest of the commands say what to do, and in the end everybody has it."""
    site.call("issue", "send", "1")
    paused = site.call("issue", "pause", "1")
    once = site.call("run", "--once")
    held = site.json("issue", "show", "1")
    resumed = site.call("issue", "resume", "1")
    sent = site.call("issue", "send", "1", "--wait", "--json")
    late = site.call("issue", "pause", "1")

    assert paused.out == "Issue 1 is held with 25 messages queued: `msdigest issue resume 1` goes on.\n"
    assert once.status == 0
    assert (held["state"], held["account"]["pending"]) == ("held", 25)
    assert resumed.out.startswith("Issue 1 goes on with 25 messages: ")
    assert (sent.status, json.loads(sent.out)["account"]["accepted"]) == (0, 25)
    assert (late.status, late.err) == (1, "msdigest: issue 1 is sent: only an issue that is being sent can be paused\n")


def test_showing_what_editors_did(site) -> None:
    """Entries with their ids and marks, the hash, approvals, the intro and notes."""
    first, second, *_ = site.entries
    site.call("issue", "edit", "1", "--hide", first, "--note", second[:6], "Our words.", "--intro", "A quiet week.")
    document = site.json("issue", "show", "1")
    told = site.call("issue", "show", "1")
    narrow = site.call("issue", "show", "1", terminal=True)

    assert re.search(rf"^hash +{document['hash']}$", told.out, re.MULTILINE)
    assert re.search(r"^intro +A quiet week\.$", told.out, re.MULTILINE)
    assert re.search(r"^note +.+: Our words\.$", told.out, re.MULTILINE)
    assert re.search(rf"^\(hidden\) +{first} ", told.out, re.MULTILINE)
    assert re.search(rf"{second} +note +", told.out)
    assert narrow.status == 0


def test_every_word_of_a_move_is_told() -> None:
    """No move is carried out without a line that says so."""
    assert set(editing.DONE) == set(editing.IN_TURN)


def test_who_sends_is_told_that_the_templates_changed_since(site) -> None:
    """The issue goes out as it was composed, and its page is there before anybody can follow the link to it."""
    page = site.folder / "templates" / "email" / "digest.html.jinja"
    page.write_text(page.read_text(encoding="utf-8").replace("{{ person.greeting }}", "{{ person.greeting }} NEW"))
    told = site.call("issue", "send", "1", "--wait")

    assert told.status == 0
    assert "was composed with other templates" in told.err
    assert "msdigest issue compose weekly" in told.err
    assert list(site.folder.glob("var/public/issue/weekly/*/index.html"))


def test_what_is_approved_is_what_was_looked_at(site) -> None:
    """With the hash that was shown, or its beginning; another one is refused with the present one."""
    looked_at = site.json("issue", "show", "1")["hash"]
    refused = site.call("issue", "approve", "1", "--hash", "0" * 16)
    done = site.call("issue", "approve", "1", "--hash", looked_at[:12])

    assert refused.status == 1
    assert f"has the hash {looked_at[:16]} by now" in " ".join(refused.err.split())
    assert done.status == 0
