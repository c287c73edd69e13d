"""Values between two processes: what a worker says is data and can become nothing else.

It is not unpickled, because a worker that read hostile bytes may no longer be ours. Even where no class can be named,
nine bytes of pickle made the parent fill 2 GB in 7 s (the place of a memo), and 300 bytes became a tuple that nobody
can walk to its end, because its parts are shared. JSON knows neither. Long texts stand behind the JSON as they are:
escaping and reading them again took most of the time.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable

_SCALARS = frozenset({bool, int, float, type(None)})
# The key that says what an object of JSON means, and the one of what it holds; arrays are tuples.
_KIND, _TOLD = "", "told"
_LONG = 200
# Beyond 2**61 - 1, which is hashed like 0, numbers share their hashes.
_LONG_NUMBER = 2**60
_LENGTH = 8


class NotPlainError(TypeError):
    """A value that means something in its own process only."""


def packed(value: object) -> bytes:
    """Write plain values and frozen dataclasses; raises NotPlainError."""
    writing = _Writing()
    told = json.dumps(writing.told(value), separators=(",", ":")).encode("ascii")
    return b"".join((len(told).to_bytes(_LENGTH), told, *writing.texts))


def unpacked(data: bytes | bytearray, packages: tuple[str, ...]) -> Any:
    """Read what ``packed`` wrote; raises ValueError for everything else.

    packages: whose dataclasses may be made. They are looked for among the loaded modules; nothing is imported.
    """
    try:
        start = _LENGTH + int.from_bytes(data[:_LENGTH])
        if start > len(data):
            raise ValueError  # noqa: TRY301 - as all that may be wrong with it
        reading = _Reading(memoryview(data)[start:], packages)
        value = reading.meant(json.loads(data[_LENGTH:start]))
        reading.refuse_a_rest()
    except Exception as error:
        message = f"these are no values that were packed: {type(error).__name__}"
        raise ValueError(message) from error
    return value


class _Writing:
    """Makes JSON of values.

    texts: the long ones, in the order of reading.
    """

    def __init__(self) -> None:
        self.texts: list[bytes] = []

    def told(self, value: Any) -> Any:
        kind: Any = type(value)
        if kind in _SCALARS:
            return value
        if isinstance(value, str):  # lxml gives its texts as a class of its own
            return str(value) if len(value) < _LONG else self._aside(value)
        if kind is tuple:
            return [self.told(each) for each in value]
        if _is_fact(kind):
            name, told = _name_and_fields(kind)
            return {_KIND: name} | {field: self.told(getattr(value, field)) for field in told}
        for name, (types, parts_of) in _PARTS.items():
            if isinstance(value, types):
                return {_KIND: name, _TOLD: self.told(parts_of(value))}
        message = f"{kind.__qualname__} cannot leave the process that made it"
        raise NotPlainError(message)

    def _aside(self, text: str) -> dict[str, object]:
        self.texts.append(text.encode("utf-8", "surrogatepass"))
        return {_KIND: "text", _TOLD: len(self.texts[-1])}


class _Reading:
    """Makes values of JSON and the texts behind it."""

    def __init__(self, texts: memoryview, packages: tuple[str, ...]) -> None:
        self._texts = texts
        self._packages = packages
        self._facts: dict[str, Callable[..., Any]] = {}

    def meant(self, told: Any) -> Any:
        """Return what ``told`` means."""
        kind = type(told)
        if kind is list:
            return tuple(map(self.meant, told))
        if kind is not dict:
            return told
        name = told.pop(_KIND)
        if name == "text":
            return self._text(told[_TOLD])
        if name in _MEANINGS:
            return _MEANINGS[name](self.meant(told[_TOLD]))
        fact = self._facts.get(name) or self._fact(name)
        return fact(**{part: self.meant(value) for part, value in told.items()})

    def refuse_a_rest(self) -> None:
        """Raise ValueError if there are texts that belong nowhere."""
        if self._texts:
            raise ValueError

    def _text(self, length: int) -> str:
        if not 0 <= length <= len(self._texts):
            raise ValueError
        text = str(self._texts[:length], "utf-8", "surrogatepass")
        self._texts = self._texts[length:]
        return text

    def _fact(self, name: str) -> Callable[..., Any]:
        module, _, qualname = name.partition(":")
        if module.split(".")[0] not in self._packages:
            raise ValueError
        found = cast("Any", vars(sys.modules[module])[qualname])
        # Under its own name only.
        if (found.__module__, found.__qualname__) != (module, qualname) or not _is_fact(found):
            raise ValueError
        self._facts[name] = found
        return cast("Callable[..., Any]", found)


@lru_cache(maxsize=256)
def _name_and_fields(kind: Any) -> tuple[str, tuple[str, ...]]:
    """Return how a dataclass is called, and the fields that make one: asking each value took half the time."""
    return f"{kind.__module__}:{kind.__qualname__}", tuple(field.name for field in fields(kind) if field.init)


@lru_cache(maxsize=256)
def _is_fact(kind: Any) -> bool:
    """Tell whether a class is a frozen dataclass: it is sure to do nothing but hold values."""
    return is_dataclass(kind) and cast("Any", kind).__dataclass_params__.frozen is True


def _key(value: object) -> object:
    """Refuse keys that could be chosen so that a dictionary of them takes hours: long numbers, tuples of numbers."""
    if isinstance(value, str) or (isinstance(value, int) and abs(value) < _LONG_NUMBER):
        return value
    message = f"{type(value).__qualname__} is no key that may leave the process that made it"
    raise NotPlainError(message)


# datetime before date, which it is, too.
_PARTS: dict[str, tuple[type[Any], Callable[[Any], Any]]] = {
    "list": (list, tuple),
    "dict": (Mapping, lambda value: tuple((_key(key), each) for key, each in value.items())),
    "datetime": (datetime, datetime.isoformat),
    "date": (date, date.isoformat),
    "frozenset": (frozenset, lambda value: tuple(map(_key, value))),
    "set": (AbstractSet, lambda value: tuple(map(_key, value))),
    "bytes": (bytes, lambda value: value.decode("latin-1")),
    "timedelta": (timedelta, lambda value: (value.days, value.seconds, value.microseconds)),
}
_MEANINGS: dict[str, Callable[[Any], Any]] = {
    "list": list,
    "dict": lambda told: {_key(key): value for key, value in told},
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "frozenset": lambda told: frozenset(map(_key, told)),
    "set": lambda told: set(map(_key, told)),
    "bytes": lambda told: told.encode("latin-1"),
    "timedelta": lambda told: timedelta(*told),
}
