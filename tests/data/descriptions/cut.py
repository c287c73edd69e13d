"""Cuts what we need of a provider's own description of its API: ``python cut.py NAME WHOLE_FILE``.

What is left: the operations that we call, the webhook calls that we read, and every schema that these name, without
the texts for readers.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

# Name → its operations as "method path", or "webhook name".
OPERATIONS = {
    "mailgun": (
        "post /v3/{domain_name}/messages",
        "get /v3/{domain_name}/events",
        "get /v4/domains/{name}",
        "get /v3/domains/{name}/tracking",
        "get /v3/domains/{domain}/webhooks",
    ),
    "resend": (
        "post /emails/batch",
        "get /domains",
        "get /webhooks",
        "webhook email.sent",
        "webhook email.delivered",
        "webhook email.delivery_delayed",
        "webhook email.bounced",
        "webhook email.complained",
        "webhook email.opened",
        "webhook email.failed",
        "webhook email.suppressed",
    ),
}
# Texts for readers, and what is shown to them.
PROSE = frozenset(
    ("description", "title", "summary", "example", "examples", "tags", "externalDocs", "x-enumDescriptions")
)
# Where keys are names that somebody chose, and "description" may be one of them.
NAMED = frozenset(("properties", "schemas", "parameters", "patternProperties"))


def read(path: Path) -> dict[str, Any]:
    """Return a description in JSON or YAML."""
    text = path.read_text(encoding="utf-8")
    return json.loads(text) if path.suffix == ".json" else yaml.load(text, yaml.CSafeLoader)  # a safe one


def cut(whole: dict[str, Any], operations: tuple[str, ...]) -> dict[str, Any]:
    """Return the excerpt."""
    excerpt: dict[str, Any] = {"openapi": whole["openapi"], "info": {"version": whole["info"]["version"]}}
    for operation in operations:
        verb, name = operation.split(" ")
        if verb == "webhook":
            excerpt.setdefault("webhooks", {})[name] = bare(whole["webhooks"][name])
        else:
            excerpt.setdefault("paths", {}).setdefault(name, {})[verb] = bare(whole["paths"][name][verb])
    excerpt["components"] = {}
    while missing := {name for name in named(excerpt) if not _at(excerpt, name)}:
        for section, name in sorted(missing):
            excerpt["components"].setdefault(section, {})[name] = bare(whole["components"][section][name])
    excerpt["components"] = {section: dict(sorted(of.items())) for section, of in sorted(excerpt["components"].items())}
    excerpt["components"]["securitySchemes"] = bare(whole["components"]["securitySchemes"])
    return excerpt


def bare(node: Any, *, names: bool = False) -> Any:
    """Return a copy without texts; ``names``: the keys here are names of fields."""
    if isinstance(node, dict):
        return {
            key: bare(value, names=key in NAMED and not names)
            for key, value in node.items()
            if names or key not in PROSE
        }
    return [bare(each) for each in node] if isinstance(node, list) else node


def named(node: Any) -> Iterator[tuple[str, str]]:
    """Tell which components something names, as (section, name)."""
    if isinstance(node, dict):
        if isinstance(reference := node.get("$ref"), str):
            section, name = reference.removeprefix("#/components/").split("/")
            yield section, name
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from named(each)


def _at(excerpt: dict[str, Any], name: tuple[str, str]) -> bool:
    return name[1] in excerpt["components"].get(name[0], {})


def write(name: str, whole: Path) -> Path:
    """Write the excerpt beside this file."""
    path = Path(__file__).with_name(f"{name}.json")
    excerpt = cut(read(whole), OPERATIONS[name])
    path.write_text(json.dumps(excerpt, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    print(write(sys.argv[1], Path(sys.argv[2])))
