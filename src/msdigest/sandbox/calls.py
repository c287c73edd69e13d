"""What is asked of a worker and what it answers, in either process."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

from msdigest import errors
from msdigest.errors import CollectError, FetchError, LimitError, MsdigestError
from msdigest.sandbox.values import packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable

Outcome = Literal["value", "error", "fault", "memory"]
OURS = ("msdigest",)
LOOK = "open its address and see whether the answer is what it should be"
MEMORY = "more memory than it may have"
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call came to.

    outcome: value = what it returned; error = the parts of an error that sources have; fault = the name of the class
    of any other exception; memory = there was not enough.
    """

    outcome: Outcome
    told: Any = None


def refuse_unless_named(function: Callable[..., object], packages: tuple[str, ...] = OURS) -> None:
    """Raise TypeError unless ``function`` is a public function of a module of ours, which another process can find."""
    module, name = getattr(function, "__module__", None) or "", getattr(function, "__qualname__", "")
    if module.split(".")[0] not in packages or not name.isidentifier() or name.startswith("_"):
        message = f"only public functions of {' and '.join(packages)} run in the sandbox, not {module}.{name}"
        raise TypeError(message)


def answer(function: Callable[..., object], args: tuple[object, ...]) -> bytes:
    """Call ``function`` and pack what it comes to, whatever that is."""
    try:
        return packed(_called(function, args))
    except MemoryError:
        return packed(Answer("memory"))
    except Exception as error:  # noqa: BLE001 - its name is told; its words may be the source's
        return packed(Answer("fault", type(error).__name__))


def _called(function: Callable[..., object], args: tuple[object, ...]) -> Answer:
    try:
        return Answer("value", function(*args))
    except (CollectError, FetchError) as error:
        return Answer("error", (type(error).__name__, error.args, vars(error)))


def result(said: bytes | bytearray, packages: tuple[str, ...] = OURS) -> Any:
    """Return the value that was answered, or raise what was raised; raises ValueError for what is no answer."""
    match unpacked(said, packages):
        case Answer("value", value):
            return value
        case Answer("error", (str(name), tuple(args), dict(state))):
            raise _again(name, args, state)
        case Answer("memory", None):
            raise too_much(MEMORY)
        case Answer("fault", str(name)) if name.isidentifier():
            raise fault(name)
    message = "this is no answer"
    raise ValueError(message)


def fault(name: str) -> CollectError:
    """Say that our own function raised an exception of the class ``name``."""
    return CollectError(f"Reading the answer failed through a fault of msdigest ({name[:_LONGEST_NAME]})")


def too_much(what: str) -> LimitError:
    """Say that reading took ``what``."""
    return LimitError(f"Reading the answer took {what}, so it was given up: {LOOK}")


def _again(name: str, args: tuple[Any, ...], state: dict[Any, Any]) -> MsdigestError:
    """Make an error as it was raised; its constructor wants other things than it keeps."""
    kind = vars(errors).get(name)
    numbers = [value for value in state.values() if isinstance(value, float)]
    plain = all(isinstance(value, str | int | float | None) for value in (*args, *state.values()))
    if not (isinstance(kind, type) and issubclass(kind, (CollectError, FetchError)) and plain):
        message = "this is no error that a source can have"
        raise ValueError(message)
    if not all(map(isfinite, numbers)):
        message = "this is no number that an error can hold"
        raise ValueError(message)
    error = kind.__new__(kind, *args)
    vars(error).update(state)
    return error
