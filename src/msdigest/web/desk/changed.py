"""Tells an open page that something was saved: one question that waits a little for its answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from starlette.requests import Request

    from msdigest.web.desk.saved import Saved

# Looking at some fifty files takes less than a millisecond.
_PAUSE = 0.05
# Less than a process that is asked to stop waits for open requests; the page asks again.
_PATIENCE = 30


class Changed:
    """Answers as soon as something was saved since."""

    def __init__(self, saved: Saved) -> None:
        """Take what tells that something was saved."""
        self._saved = saved

    async def answer(self, request: Request) -> Response:
        """Answer with the stamp of what is saved now; without content if nothing was saved for a while."""
        since = request.query_params.get("since", "")
        for _ in range(_PATIENCE):
            stamp = await run_in_threadpool(self._saved.stamp)
            if stamp != since:
                return JSONResponse({"stamp": stamp})
            await asyncio.sleep(_PAUSE)
        return Response(status_code=204)
