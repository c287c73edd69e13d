"""Documents that are quadratic in every parser."""

from __future__ import annotations

BOMBS = {
    "nested elements": "<div>" * 200_000 + "x",
    "nested and closed": "<div>" * 100_000 + "x" + "</div>" * 100_000,
    "comments": "<!--" * 60_000 + "x",
    "open tags": "<a " * 60_000 + "x",
    "links": "<a href=x>" * 60_000 + "x",
    "attributes": "<p " + " ".join(f"a{number}='>'" for number in range(200_000)) + ">x",
    "tags with many attributes": ("<p " + " ".join(f"a{number}='>'" for number in range(400)) + ">x") * 300,
    "open quotes": "<a '\"" * 100_000,
    "misnested": "<b><i>" * 50_000 + "<p>x",
    "formatting": ("<b>" * 140 + "<p>") * 300 + "x",
    "open scripts": "<script>" * 60_000,
    "ampersands": "&" * 300_000,
    "brackets": "<" * 200_000,
    "processing": "<?x" * 60_000,
    "hollow": "<p> " * 50_000,
}
