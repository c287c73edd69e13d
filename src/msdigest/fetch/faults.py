"""The one place where errors of httpcore become ours."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpcore

from msdigest.errors import BlockedAddressError, DeadlineError, UnreachableError
from msdigest.fetch.exchange import RefusedAddress, Unconnected

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Raise FetchError for ``url`` instead of the library's errors, never with words of the server's."""
    try:
        yield
    except RefusedAddress as error:
        raise BlockedAddressError(url, str(error)) from error
    except httpcore.TimeoutException as error:
        raise DeadlineError(url) from error
    except Unconnected as error:
        message = f"{UnreachableError.NO_CONNECTION}: {error}"
        raise UnreachableError(url, message) from error
    except httpcore.NetworkError as error:
        message = f"the connection failed: {error}"
        raise UnreachableError(url, message) from error
    except httpcore.RemoteProtocolError as error:
        raise UnreachableError(url, "the server broke the connection or does not speak HTTP") from error
    except httpcore.LocalProtocolError as error:
        raise UnreachableError(url, "the request cannot be put into HTTP") from error
