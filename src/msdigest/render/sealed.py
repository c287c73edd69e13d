"""Values that a template may print and do nothing else with, and the marks they leave in what is rendered.

While an issue is compiled nobody's values are known. A template that only prints them can be compiled; one that
decides by them cannot, and is told so at the very operation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msdigest.model.compiled import Slot

_WAY_OUT = (
    "it is not known when the issue is compiled, so write {{ %s }} and nothing else with it "
    "(greeting, reason, count_line and preheader are already whole sentences)"
)


class SealBrokenError(Exception):
    """A template did something else than print a sealed value; the door to Jinja2 adds file and line."""


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a template."""

    file: str
    line: int | None


@dataclass(frozen=True, slots=True)
class Place:
    """What one mark stands for: a slot, or the block of some keys (see ``model.compiled.Block``)."""

    where: Where
    slot: Slot | None = None
    keys: frozenset[str] = frozenset()
    unless: frozenset[str] = frozenset()


@dataclass(slots=True)
class Marks:
    """Writes marks into one rendering and remembers what each stands for.

    nonce: lower-case letters and digits that occur nowhere in the content.
    A mark is ``nonce``, a letter (s slot, b begin, e end), the number of its place and ``z``.
    """

    nonce: str
    places: list[Place] = field(default_factory=list)

    def slot(self, slot: Slot, where: Where) -> str:
        """Return a new mark for ``slot``."""
        return f"{self.nonce}s{self._keep(Place(where, slot=slot))}z"

    def block(self, keys: frozenset[str], where: Where, *, unless: frozenset[str] = frozenset()) -> tuple[str, str]:
        """Return the marks that begin and end what is shown with one of ``keys`` and none of ``unless``."""
        number = self._keep(Place(where, keys=keys, unless=unless))
        return f"{self.nonce}b{number}z", f"{self.nonce}e{number}z"

    def _keep(self, place: Place) -> int:
        self.places.append(place)
        return len(self.places) - 1


class SealedValues:
    """The values of one scope (``person`` or ``selection``), each sealed."""

    def __init__(self, scope: str, values: Mapping[str, Sealed]) -> None:
        """Hold ``values`` by name; ``scope`` is what a template calls them."""
        self._scope = scope
        self._values = values

    def __getattr__(self, name: str) -> Sealed:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._values:
            message = f"{self._scope} has no {name!r}; it has {', '.join(sorted(self._values))}"
            raise SealBrokenError(message)
        return self._values[name]

    def __getitem__(self, name: str) -> Sealed:
        return getattr(self, str(name))  # type: ignore[no-any-return]  # __getattr__ returns nothing else

    def _refuse(self, *_: Any) -> NoReturn:
        message = f"{self._scope} is no value; print one of {', '.join(sorted(self._values))}"
        raise SealBrokenError(message)

    __bool__ = __str__ = __html__ = __format__ = __iter__ = __len__ = __contains__ = __call__ = _refuse


class Sealed:
    """One value that may only be printed; ``slot`` says which."""

    __slots__ = ("_slot",)

    def __init__(self, slot: Slot) -> None:
        self._slot = slot

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise SealBrokenError(refusal(self._slot))

    def __getattr__(self, name: str) -> NoReturn:
        self._refuse(name)

    # Every operation that Jinja2 can ask of a value, but for handing it on unchanged.
    __bool__ = __str__ = __repr__ = __html__ = __format__ = __bytes__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = _refuse
    __len__ = __iter__ = __contains__ = __getitem__ = __call__ = __reversed__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __mod__ = __rmod__ = _refuse
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __pow__ = __rpow__ = _refuse
    __neg__ = __pos__ = __abs__ = __int__ = __float__ = __index__ = __round__ = _refuse


def slot_of(sealed: Sealed) -> Slot:
    """Return the slot of a sealed value: for the one place that prints it."""
    return sealed._slot  # noqa: SLF001  # its class keeps it from templates, not from this module


def refusal(slot: Slot) -> str:
    """Say why a value may not be used so, and the way out."""
    name = f"{slot.scope}.{slot.name}"
    return f"{name} is used for more than printing: {_WAY_OUT % name}"
