"""Names beyond ASCII in the header To: written by hand as the library writes them, and read back by it."""

from __future__ import annotations

import email
import email.policy
from random import Random

import pytest

from msdigest.model.delivery import Letter, Recipient
from msdigest.render.mime import message

LETTER = Letter(
    issue=7, sender="digest@mail.example.org", subject="S", list_id="l", html=[b""], text=[b""], coding="mime",
    date="Fri, 20 Nov 2026 12:00:00 +0000",
)  # fmt: skip
SCRIPTS = ("abcdefg", "ABC", "éüößÄøłŻç", "מרים", "Ωμέγα", "Иван", "日本語", "أحمد")


def _to(name: str) -> bytes:
    person = Recipient(subscriber="s", delivery="d", address="p@example.org", name=name, leave_url="u", values={})
    head = message(LETTER, person).partition(b"\r\nMessage-ID")[0]
    return head[head.index(b"\r\nTo: ") + 6 :]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Ada Lovelace", "Ada Lovelace"),
        ("Zoë Smith", "=?utf-8?q?Zo=C3=AB?= Smith"),
        ("Anna Müller-Lüden von Au", "Anna =?utf-8?q?M=C3=BCller-L=C3=BCden?= von Au"),
        ("José d'Été", "=?utf-8?b?Sm9zw6kgZCfDiXTDqQ==?="),
        ("Søren Ä", "=?utf-8?b?U8O4cmVuIMOE?="),
        ("מרים כהן", "=?utf-8?b?157XqNeZ150g15vXlNef?="),
        ("Zoë.", "=?utf-8?q?Zo=C3=AB=2E?="),
        ("José @home", "=?utf-8?q?Jos=C3=A9_=40home?="),
    ],
    ids=ascii,
)
def test_a_name_is_written_as_the_library_writes_it(name, written) -> None:
    """Ordinary words stay as they are, and the shorter of two codings is taken."""
    assert _to(name).decode() == f"{written} <p@example.org>"


def test_any_name_is_read_back() -> None:
    """In any mixture of scripts."""
    dice = Random(4)  # noqa: S311  # the same names each time; no secret
    for _ in range(1_000):
        words = [
            "".join(dice.choices(dice.choice(SCRIPTS), k=dice.randrange(1, 5))) for _ in range(dice.randrange(1, 4))
        ]
        name = dice.choice([" ", " ", "-", "'"]).join(words)
        line = _to(name)
        read = email.message_from_bytes(b"To: " + line + b"\r\n\r\n", policy=email.policy.default)

        assert line.isascii()
        assert max(map(len, line.split(b"\r\n"))) <= 76
        assert [(each.display_name, each.addr_spec) for each in read["To"].addresses] == [(name, "p@example.org")]
