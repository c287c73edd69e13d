"""What is known of an entry because of its kind, as JSON documents and back."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msdigest.model.dates import PartialDate, read_date
from msdigest.model.details import Event, Figure, LocalTime, Speaker, Trial, TrialDate, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Record = Mapping[str, Any]


def to_plain(value: Any) -> Any:
    """Return frozen model values as plain JSON values; what is empty is left out."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, PartialDate):
        return str(value)
    if is_dataclass(value):
        told = {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
        return {name: one for name, one in told.items() if one not in (None, "", [])}
    return [to_plain(one) for one in value] if isinstance(value, tuple) else value


def _trial_date(record: Record | None) -> TrialDate | None:
    date = read_date(record["date"]) if record else None
    return TrialDate(date, record.get("actual")) if record and date else None


def _trial(record: Record) -> Trial:
    told = dict(record)
    for name in ("start", "primary_completion", "completion"):
        told[name] = _trial_date(told.get(name))
    for name in ("conditions", "interventions", "countries"):
        told[name] = tuple(told.get(name, ()))
    return Trial(**told)


def _work(record: Record) -> Work:
    return Work(**{**record, "types": tuple(record.get("types", ()))})


def _event(record: Record) -> Event:
    return Event(
        start=datetime.fromisoformat(record["start"]),
        places=tuple(LocalTime(**place) for place in record.get("places", ())),
        speakers=tuple(Speaker(**speaker) for speaker in record.get("speakers", ())),
        join=record.get("join", ""),
        recording=record.get("recording", ""),
    )


def _figure(record: Record) -> Figure:
    return Figure(**{**record, "as_of": read_date(record.get("as_of"))})


# Field of an entry → what makes its value of a document.
DETAILS: dict[str, Callable[[Record], Any]] = {"trial": _trial, "work": _work, "event": _event, "figure": _figure}
