"""What the operator wrote is checked before anything is asked."""

from __future__ import annotations

from typing import Any

import pytest
from tests.collect.dataset.visiting import URL, source

from msdigest.collect.dataset.collecting import KIND
from msdigest.collect.dataset.described import addresses_of, columns_of
from msdigest.config.shapes import option_value
from msdigest.errors import CollectError


def test_addresses() -> None:
    """One, or one for each name; names and signs that cannot stand in an address are escaped."""
    names = ("alemtuzumab", "dimethyl fumarate", "interferon beta-1a/b", "alemtuzumab")
    own = source(url='https://api.example/label.json?search=name:"{name}"', for_each=names)
    base = source(url="https://api.example", url_template="/label.json?q={inn}&limit=5", for_each=names)

    assert addresses_of(source()) == (URL,)
    assert addresses_of(own) == (
        "https://api.example/label.json?search=name:%22alemtuzumab%22",
        "https://api.example/label.json?search=name:%22dimethyl%20fumarate%22",
        "https://api.example/label.json?search=name:%22interferon%20beta-1a%2Fb%22",
    )
    assert addresses_of(base)[1] == "https://api.example/label.json?q=dimethyl%20fumarate&limit=5"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"for_each": ("a",)}, "`for_each` needs {name}"),
        ({"for_each": (), "url_template": "{name}"}, "`for_each` needs {name}"),
        ({"url_template": "/x?q={name}"}, "needs `for_each`, e.g. topics.dmt"),
        ({"watch": ("a",), "change": {"a": "burst"}}, "change.a = 'burst' is no kind of change: new, edited"),
        ({"watch": ("a",), "change": {"b": "status"}}, "'b' is not in `watch`"),
    ],
)
def test_settings_that_cannot_be(options: dict[str, Any], sentence: str) -> None:
    """Each is told in a sentence."""
    with pytest.raises(CollectError, match=sentence):
        addresses_of(source(**options)) and columns_of(source(**options))


def test_every_option_is_declared() -> None:
    """What the columns need stands in the kind's options, and is taken as the configuration gives it."""
    written = {
        "rows": "data", "key": ["a", "b"], "watch": ["c"], "change": {"c": "status"}, "match": ["a"], "title": "{a}",
        "link": "{url}", "summary": "<p>{c}</p>", "date": "d", "updated": "e", "date_format": "%d.%m.%Y",
        "disclaimer": "meta.disclaimer", "url_template": "/x", "for_each": "topics.dmt", "complete": True,
    }  # fmt: skip
    values = {name: option_value(KIND.options[name], value, None) for name, value in written.items()}
    columns = columns_of(source(**values))

    assert set(written) == set(KIND.options)
    assert columns.named() == ("a", "b", "c", "a", "a", "url", "c", "d", "e")
    assert (columns.key, columns.change, columns.rows) == (("a", "b"), {"c": "status"}, "data")
