"""Founding a site: what is written, and that nothing is ever written over."""

from __future__ import annotations

import stat

import pytest

from msdigest.app import read_settings as load
from msdigest.errors import RefusedError
from msdigest.render.template import stock_templates
from msdigest.steps.founding import found, placeholders, stock_configuration
from msdigest.vault import Vault, read_keys


def names(folder, paths):
    return {str(path.relative_to(folder)) for path in paths}


def test_a_new_site_has_all_that_is_to_be_edited(tmp_path) -> None:
    """The stock configuration, every template, and a key of its own that only its owner may read."""
    site, other = tmp_path / "a" / "site", tmp_path / "other"
    written = names(site, found(site))
    found(other)
    templates = {f"templates/{path.relative_to(stock_templates())}" for path in stock_templates().rglob("*.*")}
    key = site / "config" / "vault.key"

    assert written == templates | {
        "config/msdigest.toml",
        "config/sources.toml",
        "config/digests.toml",
        "config/topics.toml",
        "config/vault.key",
        ".gitignore",
    }
    assert (site / "config" / "topics.toml").read_bytes() == (stock_configuration() / "topics.toml").read_bytes()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert Vault(read_keys(key)).fingerprint != Vault(read_keys(other / "config" / "vault.key")).fingerprint


def test_what_must_not_get_into_a_repository_is_ignored(tmp_path) -> None:
    """The key, what was sent to whom, and lists of people, wherever the site lies in a repository."""
    found(tmp_path)

    assert (tmp_path / ".gitignore").read_text(encoding="utf-8").split() == ["/config/vault.key", "/var/", "*.csv"]


def test_examples_that_still_stand_are_found(tmp_path) -> None:
    """Each key of which the value is the stock one, until it is changed."""
    found(tmp_path)
    main = tmp_path / "config" / "msdigest.toml"
    before = placeholders(load(main))
    text = main.read_text(encoding="utf-8")
    main.write_text(text.replace("https://digest.example.org", "https://ms.example.net"), encoding="utf-8")

    assert before == ["site.url", "site.contact", "mail.from", "mail.postal_address"]
    assert placeholders(load(main)) == before[1:]


def test_what_is_there_stays_as_it_is(tmp_path) -> None:
    """A second founding writes only what is missing: no edit and no key is ever lost."""
    found(tmp_path)
    key = (tmp_path / "config" / "vault.key").read_bytes()
    sources, page = tmp_path / "config" / "sources.toml", tmp_path / "templates" / "web" / "index.html.jinja"
    sources.write_text("# mine", encoding="utf-8")
    page.unlink()

    assert names(tmp_path, found(tmp_path)) == {"templates/web/index.html.jinja"}
    assert sources.read_text(encoding="utf-8") == "# mine"
    assert (tmp_path / "config" / "vault.key").read_bytes() == key


def test_other_texts_in_place_of_the_stock_ones(tmp_path) -> None:
    """By name; a file of which there is no stock is written too."""
    found(tmp_path, instead={"sources.toml": "# ours", "more.toml": "# more"})

    assert (tmp_path / "config" / "sources.toml").read_text(encoding="utf-8") == "# ours"
    assert (tmp_path / "config" / "more.toml").is_file()
    assert (tmp_path / "config" / "digests.toml").is_file()


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (lambda site: site.write_text("a file", encoding="utf-8"), "cannot be written"),
        (lambda site: (_made(site) / "config").write_text("a file", encoding="utf-8"), "something else is in the way"),
        (lambda site: (site / "config" / "digests.toml").mkdir(parents=True), "something else is in the way"),
    ],
    ids=["a file for the site", "a file for a folder", "a folder for a file"],
)
def test_what_is_in_the_way_is_told(tmp_path, block, words) -> None:
    """With its path, as one sentence."""
    block(tmp_path / "site")

    with pytest.raises(RefusedError, match=words) as refused:
        found(tmp_path / "site")
    assert str(tmp_path / "site" / "config") in str(refused.value)


def _made(folder):
    folder.mkdir()
    return folder
