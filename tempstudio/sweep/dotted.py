"""Dotted paths into documents: `job.global_batch`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def put(document: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a path, making sections as needed; a section is merged into one there.

    >>> document = {"job": {"seq_len": 512}}
    >>> put(document, "job", {"global_batch": 8})
    >>> document
    {'job': {'seq_len': 512, 'global_batch': 8}}
    """
    *parents, last = path.split(".")
    here = document
    for part in parents:
        below = here.get(part)
        if not isinstance(below, dict):
            # A strategy may stand there by its name alone.
            below = {"name": below} if isinstance(below, str) else {}
            here[part] = below
        here = below
    if isinstance(value, dict) and isinstance(here.get(last), dict):
        for key, item in value.items():
            put(here[last], key, item)
    else:
        here[last] = value


def flattened(
    table: dict[str, Any], is_leaf: Callable[[dict[str, Any]], bool], start: str = ""
) -> dict[str, Any]:
    """What a table of tables holds, by dotted path; a quoted key may hold dots itself.

    >>> flattened({"job": {"seq_len": 512}, "machine.rows": 2}, lambda table: False)
    {'job.seq_len': 512, 'machine.rows': 2}
    """
    found: dict[str, Any] = {}
    for key, value in table.items():
        path = f"{start}.{key}" if start else key
        if isinstance(value, dict) and value and not is_leaf(value):
            found |= flattened(value, is_leaf, path)
        else:
            found[path] = value
    return found
