"""`check` names every fault of the site, each by its file and key or line, and nothing else."""

from __future__ import annotations

import re

import pytest
from tests.cli.calling import call

from msdigest.steps import founding


@pytest.fixture
def site(tmp_path):
    """A fresh site of the stock configuration."""
    founding.found(tmp_path)
    return tmp_path


def change(site, file, old, new) -> None:
    path = site / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1, f"{file} has no {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def check(site):
    return call("--config", site / "config" / "msdigest.toml", "check")


def test_the_stock_site_has_no_fault(site) -> None:
    """What `init` writes passes as it is, and checking makes no database."""
    status, out, err = check(site)

    assert (status, err) == (0, "")
    assert re.fullmatch(
        r"No faults: \d+ sources of \d+ enabled, 1 digest, all templates compile\.\n"
        r"Still the example's: site\.url, site\.contact, mail\.from, mail\.postal_address\. Write your own .*\n",
        out,
    )
    assert not (site / "var").exists()


EXAMPLES = {
    "site.url": ('"https://digest.example.org"', '"https://wick.example.net"'),
    "site.contact": ('"editors@example.org"', '"editors@wick.example.net"'),
    "mail.from": ("<digest@example.org>", "<digest@wick.example.net>"),
    "mail.postal_address": ("1 Example Street", "2 Quay Street"),
}


def test_no_example_is_left(site) -> None:
    """Who wrote their own reads nothing more of it."""
    for old, new in EXAMPLES.values():
        change(site, "config/msdigest.toml", old, new)

    assert check(site).out.count("\n") == 1


def test_an_example_must_not_stand_in_real_mail(site, monkeypatch) -> None:
    """With a provider that sends, what is still the example's is a fault."""
    monkeypatch.setenv("MAILGUN_API_KEY", "k")
    provider = '[providers.mailgun]\ndomain = "mg.example.net"\napi_key = {env = "MAILGUN_API_KEY"}'
    change(site, "config/msdigest.toml", 'provider = "file"', 'provider = "mailgun"')
    change(site, "config/msdigest.toml", "[providers.file]", provider)
    change(site, "config/msdigest.toml", *EXAMPLES["site.url"])

    status, out, err = check(site)
    *faults, last = err.splitlines()

    assert (status, out, last) == (2, "", "3 faults in the configuration")
    assert faults == [
        f"config/msdigest.toml: {key}: is still the example's: write your own before real mail leaves"
        for key in list(EXAMPLES)[1:]
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("digest@example.org", "ms-digest@example.org", "mail.from tells 'MS' also"),
        ("digest@example.org", "news@sclerosis.example.org", "mail.from tells 'sclerosis' also"),
        ("digest@example.org", "forms@items.example.org", None),
        ('# neutral_from = "Weekly', 'neutral_from = "MS weekly', "mail.neutral_from tells 'MS' also"),
        ('# neutral_from = "Weekly digest <weekly', 'neutral_from = "Weekly digest <ms', "mail.neutral_from tells 'MS' also"),
        ("# neutral_from", "neutral_from", None),
    ],
)  # fmt: skip
def test_a_sender_that_tells_what_it_is_about(site, old, new, said) -> None:
    """People who want no word of the disease outside see a sender, too; it is no fault, and told with the way out."""
    change(site, "config/msdigest.toml", old, new)
    status, out, err = check(site)

    assert (status, err) == (0, "")
    assert ("[mail] neutral_from" in out) is (said is not None)
    assert said is None or said in out


SIX_FAULTS = {
    "config/msdigest.toml: site.url": ('url = "https://digest.example.org"', 'url = "digest.example.org"'),
    "config/msdigest.toml: mail.provider": ('provider = "file"', 'provider = "pigeon"'),
    "config/sources.toml: source[ms-selfie].interval": ('interval = "3h"', 'interval = "3 minutes"'),
    "config/digests.toml: digest[weekly].cadence": ('"weekly mon 07:00"', '"weekly mon 01:30"'),
    "config/digests.toml: digest[weekly].sections[1].kinds[1]": ('kinds = ["safety"]', 'kinds = ["saftey"]'),
    "config/topics.toml: topic[relapsing-ms].colour": ('id = "relapsing-ms"', 'id = "relapsing-ms"\ncolour = "red"'),
}


OPTION_FAULTS = {
    "an unknown key": ("min = 50000", "least = 50000", "figure: least means nothing: regex,"),
    "a bound that is a text": ("min = 50000", 'min = "many"', "figure: min must be a number"),
    "a jump that is a flag": ("max_jump = 0.2", "max_jump = true", "figure: max_jump must be a number"),
    "a pattern that is none": ("'([0-9,]{5,})", "'([0-9,]{5,}", "figure: regex is no regular expression: "),
    "a pattern without a group": ("'([0-9,]{5,})", "'[0-9,]{5,}", "figure: regex needs a group"),
    "a date's pattern that is none": ("max_jump = 0.2", "as_of = '('", "figure: as_of is no regular expression: "),
    "a kind of change that is none": ('medicine_status = "status"', 'medicine_status = "x"', "change: medicine_status"),
}


@pytest.mark.parametrize("case", OPTION_FAULTS)
def test_a_table_of_a_source_is_looked_into(site, case) -> None:
    """What its collector would refuse at the visit is told before."""
    old, new, sentence = OPTION_FAULTS[case]
    change(site, "config/sources.toml", old, new)

    status, _, err = check(site)

    assert status == 2
    assert f"].{sentence}" in err


def test_six_planted_faults(site) -> None:
    """Six faults in four files: six lines, each with its file and key, and status 2."""
    for place, (old, new) in SIX_FAULTS.items():
        change(site, place.partition(":")[0], old, new)

    status, out, err = check(site)
    *lines, last = err.splitlines()

    assert (status, out) == (2, "")
    assert last == "6 faults in the configuration"
    assert sorted(": ".join(line.split(": ")[:2]) for line in lines) == sorted(SIX_FAULTS)
    assert all(len(line.split(": ", 2)) == 3 for line in lines), "each says what is wrong"


@pytest.mark.parametrize("command", ["check", "sources --json", "run --once", "subscribers export"])
def test_every_command_lists_the_faults(site, command) -> None:
    """A site with faults is not opened by any command: the same lines, status 2, and nothing on standard output."""
    for place, (old, new) in SIX_FAULTS.items():
        change(site, place.partition(":")[0], old, new)

    told = call("--config", site / "config" / "msdigest.toml", *command.split())

    assert told == check(site)
    assert told.status == 2


TEMPLATES = {
    "a tag that is not closed": ("web/entry.html.jinja", "{% if entry %}never closed\n"),
    "logic on a value of a person": ("email/digest.txt.jinja", "{% if person.greeting == 'x' %}x{% endif %}\n"),
    "a name that does not exist": ("email/layout.html.jinja", "{{ nobody.knows }}\n"),
    "a filter that does not exist": ("web/base.html.jinja", "{{ lang|nofilter }}\n"),
}


@pytest.mark.parametrize("case", TEMPLATES)
def test_a_template_that_cannot_be_compiled(site, case) -> None:
    """An edited template that cannot be used is told by file and line, with status 2."""
    name, line = TEMPLATES[case]
    path = site / "templates" / name
    text = path.read_text(encoding="utf-8")
    path.write_text(text + line, encoding="utf-8")

    status, out, err = check(site)
    fault, last = err.splitlines()

    assert (status, out) == (2, "")
    assert re.match(rf"templates/{re.escape(name)}: line (\d+): \S", fault)
    assert len(text.splitlines()) < int(fault.split(": ")[1].split()[1]) <= len(text.splitlines()) + 2
    assert last == "1 fault in the configuration"


def test_every_broken_template_is_told(site) -> None:
    """Two broken templates are two lines."""
    for name in ("web/leave.html.jinja", "web/left.html.jinja"):
        (site / "templates" / name).write_text("{% if %}", encoding="utf-8")

    status, _, err = check(site)

    assert status == 2
    assert [line.partition(": ")[0] for line in err.splitlines()[:-1]] == [
        "templates/web/leave.html.jinja", "templates/web/left.html.jinja",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda key: key.unlink(), "is missing: put your copy of it back"),
        (lambda key: key.chmod(0o640), "others may read the key file: run `chmod 600 "),
        (lambda key: key.write_text("1:short\n"), "a key is 'NUMBER:BASE64'"),
    ],
)
def test_the_key_file(site, spoil, message) -> None:
    """A key file that cannot be used is a fault like any other."""
    spoil(site / "config" / "vault.key")

    status, _, err = check(site)

    assert status == 2
    assert err.startswith(f"config/vault.key: {message}")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("config/nope.toml", "there is no such file: name one with --config, or write one with `msdigest init DIR`"),
        ("config", "is a folder: name the file msdigest.toml in it"),
    ],
)
def test_no_configuration(site, path, message) -> None:
    """A --config that is no file is one line, not a list of all that is not beside it."""
    status, out, err = call("--config", site / path, "sources")

    assert (status, out) == (2, "")
    assert err == f"{site / path}: {message}\n1 fault in the configuration\n"


def test_the_usual_place(site, monkeypatch, tmp_path) -> None:
    """Without --config: MSDIGEST_CONFIG, else config/msdigest.toml in the folder one stands in."""
    monkeypatch.chdir(site)
    here = call("check")
    elsewhere = tmp_path / "empty"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    nowhere = call("check")
    monkeypatch.setenv("MSDIGEST_CONFIG", str(site / "config" / "msdigest.toml"))
    named = call("check")

    assert (here.status, nowhere.status, named.status) == (0, 2, 0)
    assert nowhere.err.startswith(f"config/msdigest.toml: there is no such file in {elsewhere}: name one with --config")
