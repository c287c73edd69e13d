"""Each letter with values of nobody: what is rendered to learn whether its templates work, and to look at them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msdigest.render.letters import (
    Bulletin,
    Chosen,
    Correction,
    Sender,
    alarm,
    confirmation,
    correction,
    safety,
    welcome,
)
from msdigest.words import date_words, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msdigest.model.compiled import Variant
    from msdigest.render.letters import Mail
    from msdigest.render.template import Templates

_AT = datetime(2026, 1, 12, 9, 30, tzinfo=UTC)
_EARLIER = datetime(2025, 12, 1, 9, 30, tzinfo=UTC)
_URL = "https://example.org/sample/"


def sample_letters(
    templates: Templates, *, variant: Variant, sender: Sender, digest: str = "Sample digest"
) -> Mapping[str, Mail]:
    """Return each letter by its template's name; raises TemplateError or NotCompilableError if one does not work."""
    person = {
        "greeting": say("greeting", language=variant.language, name="Ada Sample"),
        "reason": say("reason_asked", language=variant.language, date=date_words(_AT, language=variant.language)),
        "leave_url": f"{_URL}leave",
    }
    return {
        "confirmation": confirmation(
            templates, sender=sender, variant=variant, digest=digest, confirm_url=f"{_URL}confirm", days=7
        ),
        "welcome": welcome(
            templates, sender=sender, variant=variant, digest=digest, chosen=_CHOSEN, person=person, next_at=_AT
        ),
        "alarm": alarm(
            templates, sender=sender, variant=variant, what="Sample: an issue is held", facts=_FACTS, advice=_ADVICE,
            url=_URL,
        ),
        "correction": correction(templates, sender=sender, variant=variant, correction=_CORRECTION, person=person),
        "safety": safety(templates, sender=sender, variant=variant, bulletin=_BULLETIN, person=person),
    }  # fmt: skip


_CHOSEN = Chosen(
    topics=("A sample topic", "Another"), frequency="weekly", change_url=f"{_URL}change", pause_url=f"{_URL}pause"
)
_FACTS = ("Issue 7 was due on 12 January 2026, 07:00.", "A sample source has failed for three days.")
_ADVICE = ("Look at the issue, then send it or leave it for the next one.",)
_CORRECTION = Correction(
    title="A sample paper", happening="retraction", at=_AT, told_at=_EARLIER, page_url=f"{_URL}entry",
    notice_url=f"{_URL}notice",
)  # fmt: skip
_BULLETIN = Bulletin(
    jurisdiction="Samples only", title="A sample notice about a medicine", at=_AT, url=f"{_URL}notice",
    words="The first paragraph of the notice.\n\nThe second one.", page_url=f"{_URL}entry",
)  # fmt: skip
