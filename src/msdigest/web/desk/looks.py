"""What an editor looks at, as the address of a page tells it: whose message, how wide, how dark, which part."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode

from msdigest.web.desk.schemes import SCHEMES
from msdigest.web.preview import EVERYTHING, Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msdigest.web.desk.schemes import Scheme

View = Literal["html", "text", "headers", "source"]
VIEWS: Mapping[View, str] = {"html": "HTML", "text": "Plain text", "headers": "Headers", "source": "Whole source"}
WIDTHS = (320, 375, 600, 800)
_USUAL_WIDTH = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One view of an issue. other: whose message is set beside it."""

    wanted: Wanted = Wanted()  # noqa: RUF009 - frozen
    other: Wanted | None = None
    view: View = "html"
    width: int = _USUAL_WIDTH
    scheme: Scheme = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Look:
        """Read an address; what it does not know is left as usual."""
        width = query.get("width", "")
        return cls(
            wanted=_wanted(query, "who", "topics", "variant") or Wanted(),
            other=_wanted(query, "with", "with_topics", "with_variant"),
            view=next((view for view in VIEWS if view == query.get("view")), "html"),
            width=next((each for each in WIDTHS if str(each) == width), _USUAL_WIDTH),
            scheme=next((scheme for scheme in SCHEMES if scheme == query.get("scheme")), ""),
        )

    @property
    def query(self) -> dict[str, str]:
        """Return the parameters that tell this look, without those that are as usual."""
        told = _told(self.wanted, "who", "topics", "variant")
        if self.other is not None:
            told |= _told(self.other, "with", "with_topics", "with_variant")
        usual = Look()
        told |= {name: str(getattr(self, name)) for name in ("view", "width", "scheme")
                 if getattr(self, name) != getattr(usual, name)}  # fmt: skip
        return told

    def but(self, **changes: Any) -> Look:
        """Return the same look with something different."""
        return replace(self, **changes)

    def address(self, path: str, fragment: str = "", **more: str) -> str:
        """Return where this look is shown."""
        query = urlencode(self.query | more)
        return path + (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")

    def frame(self, path: str, wanted: Wanted) -> str:
        """Return where the message of ``wanted`` alone is, as it is asked for here."""
        return Look(wanted=wanted, scheme=self.scheme).address(path)


def _wanted(query: Mapping[str, str], who: str, topics: str, variant: str) -> Wanted | None:
    if not query.get(who):
        return None
    return Wanted.of(query[who], query.get(topics, ""), query.get(variant, ""))


def _told(wanted: Wanted, who: str, topics: str, variant: str) -> dict[str, str]:
    values = {who: wanted.who, topics: wanted.topics, variant: wanted.variant}
    return {name: value for name, value in values.items() if value and (name, value) != ("who", EVERYTHING)}
