"""The list: every task that runs by itself, its name, and how often."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msdigest.engines.bell import TaskSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from msdigest.model.issue import Digest

COLLECT_EVERY = timedelta(minutes=5)
DELIVER_EVERY = timedelta(seconds=10)


def task_list(
    *,
    digests: Sequence[Digest],
    collect_due: Callable[[], object],
    issue_due: Callable[[Digest, datetime], None],
    publish: Callable[[], object],
    deliver: Callable[[], object],
) -> list[TaskSpec]:
    """Return all tasks in the order in which they are rung when everything is due at once.

    Collecting comes before issues, so that an issue holds what is new; delivering comes last.
    """
    return [
        TaskSpec(name="collect", step=lambda _: collect_due(), every=COLLECT_EVERY),
        *(
            TaskSpec(
                name=f"issue:{digest.id}",
                step=lambda scheduled_for, digest=digest: issue_due(digest, scheduled_for),
                cadence=digest.cadence,
            )
            for digest in digests
        ),
        TaskSpec(name="publish", step=lambda _: publish(), every=COLLECT_EVERY),
        TaskSpec(name="deliver", step=lambda _: deliver(), every=DELIVER_EVERY, lane="delivery"),
    ]
