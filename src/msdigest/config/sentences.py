"""What pydantic finds, in words for an operator: where it stands and what would be right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import ValidationError

_SENTENCES = {
    "missing": "is missing",
    "extra_forbidden": "is not known here: check the spelling",
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list in [ ]",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "literal_error": "must be {expected}",
}
_SECRET = 'must be {env = "NAME"}: a secret is read from the environment, never from this file'  # noqa: S105  # a sentence


def told(error: ValidationError) -> Iterator[tuple[str, str]]:
    """Yield (dotted key, sentence) for each finding; places in a list count from 1."""
    for found in error.errors(include_url=False):
        yield _key(found["loc"]), _sentence(found["type"], found.get("ctx", {}), found.get("input"))


def _key(path: tuple[str | int, ...]) -> str:
    key = ""
    for part in path:
        if isinstance(part, int):
            key += f"[{part + 1}]"
        elif not part.startswith("|"):  # which branch of a choice was taken: the operator did not write that
            key += f".{part}"
    return key.removeprefix(".")


def _sentence(kind: str, context: dict[str, Any], value: object) -> str:
    if kind == "value_error":
        return str(context["error"])
    if kind.startswith("model") and context.get("class_name") == "EnvironmentName":
        return _SECRET
    sentence = _SENTENCES[kind].format(**context)
    shown = kind not in {"missing", "extra_forbidden"} and isinstance(value, str | int | float)
    return f"{sentence}, found {value!r}" if shown else sentence
