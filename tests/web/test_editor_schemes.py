"""A frame in the dark or in the light, whatever the screen is set to."""

from __future__ import annotations

import pytest

from msdigest.web.desk.schemes import forced

HEAD = """<style>:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (max-width: 480px) { .part { padding: 0; } }
@media (prefers-color-scheme: dark) { .page { color: red; } }
@media screen and (prefers-color-scheme:light) { .page { color: blue; } }</style>"""


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ("", HEAD),
        (
            "dark",
            """<style>:root { color-scheme: dark; supported-color-schemes: light dark; }
@media (max-width: 480px) { .part { padding: 0; } }
@media all { .page { color: red; } }
@media screen and (max-width: 0) { .page { color: blue; } }</style>""",
        ),
        (
            "light",
            """<style>:root { color-scheme: light; supported-color-schemes: light dark; }
@media (max-width: 480px) { .part { padding: 0; } }
@media not all { .page { color: red; } }
@media screen and (min-width: 0) { .page { color: blue; } }</style>""",
        ),
    ],
)
def test_the_question_is_answered_in_stylesheets(scheme, expected) -> None:
    """What the screen would be asked is answered; everything else in the stylesheet stays."""
    assert forced(HEAD, scheme) == expected


def test_words_of_an_entry_stay() -> None:
    """Text that talks about stylesheets is none."""
    text = "<p>@media (prefers-color-scheme: dark) { color-scheme: light dark }</p>"

    assert forced(text + HEAD, "dark").startswith(text)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_frame_is_asked_for_in_a_scheme(issue, ask_editor, scheme) -> None:
    """Only the stylesheet in its head differs from what is sent."""
    sent = ask_editor("GET", "/issue/1/html").text
    shown = ask_editor("GET", f"/issue/1/html?scheme={scheme}").text

    assert shown == forced(sent, scheme) != sent
    assert shown.partition("</head>")[2] == sent.partition("</head>")[2]
    assert "prefers-color-scheme" not in shown
