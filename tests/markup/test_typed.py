"""Typed text becomes HTML that is as harmless as all other."""

from __future__ import annotations

import pytest

from msdigest.markup.typed import paragraphs, web_link


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        ("One.\nTwo.\n\n\nThree.", "<p>One.<br>Two.</p><p>Three.</p>"),
        ("One.\r\n\r\nTwo.\rThree.", "<p>One.</p><p>Two.<br>Three.</p>"),
        ("p < 0.05 & so on", "<p>p &lt; 0.05 &amp; so on</p>"),
        ("<script>alert(1)</script><b>x</b>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;&lt;b&gt;x&lt;/b&gt;</p>"),
        ("\u202egnp\x00.exe", "<p>gnp.exe</p>"),
        ("ftp://a.example javascript:alert(1) www.a.example", "<p>ftp://a.example javascript:alert(1) www.a.example</p>"),
        ("http://[half", "<p>http://[half</p>"),
    ],
)  # fmt: skip
def test_paragraphs_and_lines_stay(text, html) -> None:
    """Tags are mere words, and nothing but web addresses becomes a link."""
    assert paragraphs(text) == html


@pytest.mark.parametrize(
    ("text", "address", "after"),
    [
        ("See https://a.example/x.", "https://a.example/x", "."),
        ("(https://a.example/x)", "https://a.example/x", ")"),
        ("https://a.example/x_(y)!", "https://a.example/x_(y)", "!"),
        ("https://a.example/?a=1&b=2, then", "https://a.example/?a=1&amp;b=2", ", then"),
        ('https://a.example/"onclick=x', "https://a.example/", '"onclick=x'),
    ],
)
def test_addresses_become_links(text, address, after) -> None:
    """Without what belongs to the sentence around them."""
    html = paragraphs(text)

    assert f'<a href="{address}" rel="noopener">{address}</a>{after}' in html


@pytest.mark.parametrize(
    "hostile",
    ["https://" * 20_000, "https://a.example/" + ")" * 50_000, "\n" * 50_000, "<" * 50_000, " \n \n" * 20_000],
)
def test_hostile_text_takes_no_time(hostile) -> None:
    """However it is typed."""
    paragraphs(hostile)


@pytest.mark.parametrize("words", ["https://a.example", " http://a.example:8080/x?y#z "])
def test_web_addresses_are_taken(words) -> None:
    """With everything that belongs to them."""
    assert web_link(words) == words.strip()


@pytest.mark.parametrize(
    "words", ["a.example", "javascript:alert(1)", "mailto:a@b.example", "https://", "https://a b.example", "http://[x"]
)
def test_what_is_no_web_address_is_refused(words) -> None:
    """With what would be one."""
    with pytest.raises(ValueError, match="is no web address: write http:// or https:// and a host"):
        web_link(words)


def test_a_password_is_not_repeated() -> None:
    """A sentence may land in a log."""
    with pytest.raises(ValueError) as refused:
        web_link("https://me:hunter2@a.example")

    assert "hunter2" not in str(refused.value)
