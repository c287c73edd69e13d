"""One look after the other: what goes wrong in one hides nothing that another finds."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from msdigest.errors import MsdigestError
from msdigest.postal.answers import ADDRESS
from msdigest.steps.examining.verdicts import bad

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from msdigest.ports import Verdict

log = logging.getLogger(__name__)
_SECRET = re.compile("key|secret|password|token|user")
_LEAST_SECRET = 6


class Round:
    """Collects verdicts; none of them holds an address of anybody or a secret of the provider's settings."""

    def __init__(self, options: Mapping[str, str], tell: Callable[[str], None]) -> None:
        """Take the provider's settings, and whom to tell what was looked at."""
        # What an answer repeats of our own key must not stand in a listing that is sent to somebody for help.
        self._secrets = [
            value for name, value in options.items() if _SECRET.search(name) and len(str(value)) >= _LEAST_SECRET
        ]
        self._tell = tell
        self.verdicts: list[Verdict] = []

    def look(self, subject: str, check: Callable[[], Iterable[Verdict]]) -> None:
        """Make one check; what it raises is its verdict."""
        try:
            for verdict in check():
                self._take(verdict)
        except MsdigestError as error:
            self._take(bad(subject, str(error)))
        except Exception as error:  # noqa: BLE001 - whatever it is, the other checks are made
            log.info("examining subject=%s error=%s", subject, type(error).__name__)
            self._take(bad(subject, f"it could not be looked at: the check itself failed ({type(error).__name__})"))
        self._tell(subject)

    def _take(self, verdict: Verdict) -> None:
        sentence = ADDRESS.sub("[address]", verdict.sentence)
        for secret in self._secrets:
            sentence = sentence.replace(secret, "…")
        told = replace(verdict, sentence=sentence)
        # What concerns the account is asked again for each sender's domain.
        if told not in self.verdicts:
            self.verdicts.append(told)
