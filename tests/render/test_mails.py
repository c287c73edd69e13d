"""Every stock mail is made without the network, and the largest one is small enough not to be cut."""

from __future__ import annotations

import socket
import sys
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import pytest
from tests.render.mails import DIGEST, digest_html, largest
from tests.render.scenes import LETTERS, issue, letter
from tests.rendering import NAMES, html_of, person

from msdigest.model.compiled import Choice, Variant
from msdigest.model.subscriber import THEMES
from msdigest.render.email import compile_issue
from msdigest.render.fitting import SIZE_LIMIT, html_size

if TYPE_CHECKING:
    from collections.abc import Iterator

OUTSIDE = ("socket.", "subprocess.", "urllib.", "os.system", "os.posix_spawn")
# Who listens now, or nobody.
_EARS: list[list[str]] = []


@cache
def _hook() -> None:
    """Put the hook there, once: there is no way to take it away again."""
    sys.addaudithook(lambda event, _: [ear.append(event) for ear in _EARS if event.startswith(OUTSIDE)] and None)


@contextmanager
def listening() -> Iterator[list[str]]:
    """Hear of every socket, look-up of a name and process that Python is asked for, whoever asks."""
    _hook()
    heard: list[str] = []
    _EARS.append(heard)
    yield heard
    _EARS.remove(heard)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", [DIGEST, *LETTERS])
def test_a_mail_is_made_without_the_network(templates, name, theme) -> None:
    """Neither a socket nor the address of a name is asked for."""
    variant = Variant(theme=theme)
    with listening() as heard:
        if name == DIGEST:
            compile_issue(templates, issue(), variant)
            assert "</html>" in digest_html(templates, issue(), variant)
        else:
            assert "</html>" in letter(templates, name, variant).html

    assert heard == []


def test_a_socket_would_be_heard() -> None:
    """Also one that is opened from the C side of Python, and one that nobody connects."""
    with listening() as heard:
        socket.socket().close()
        socket.getaddrinfo("127.0.0.1", 80)

    assert heard == ["socket.__new__", "socket.getaddrinfo"]


@pytest.mark.parametrize("theme", THEMES)
def test_the_largest_mail_is_not_cut(theme) -> None:
    """Of 200 entries as many as fit into 95,000 bytes, whoever reads them; an entry takes less than 3,000."""
    compiled, choice = largest(theme)

    first = html_size(compiled, Choice(choice.entries[:1]))
    sizes = [len(html_of(compiled, choice, person(name, compiled)).encode()) for name in NAMES]
    assert 0.7 * SIZE_LIMIT < max(sizes) <= SIZE_LIMIT
    assert len(choice.entries) + choice.more == 200
    assert len(choice.entries) >= 40
    assert (html_size(compiled, choice) - first) / (len(choice.entries) - 1) < 3_000
