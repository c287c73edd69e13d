"""The fake of ``Sandbox``: this very process, and what could not leave a real one does not leave it either."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, TypeVar, cast

from msdigest.errors import CollectError, FetchError
from msdigest.sandbox.calls import MEMORY, OURS, fault, refuse_unless_named, too_much
from msdigest.sandbox.values import packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class InProcess:
    """Runs everything at once and without limits; a fault's own traceback stays with it."""

    def __init__(self, *, packages: tuple[str, ...] = OURS) -> None:
        """Take the ``packages`` whose functions may be called."""
        self._packages = packages

    def run(self, function: Callable[..., T], *args: object) -> T:
        """Return ``function(*args)`` as ``Sandbox.run`` says."""
        refuse_unless_named(function, self._packages)
        called, given = pickle.loads(pickle.dumps((function, args)))  # noqa: S301 - it never left this process
        try:
            return cast("T", unpacked(packed(called(*given)), self._packages))
        except (CollectError, FetchError):
            raise
        except MemoryError as error:
            raise too_much(MEMORY) from error
        except Exception as error:
            raise fault(type(error).__name__) from error
