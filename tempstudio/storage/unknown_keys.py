"""Keys of a project file that this version does not know: kept by pointer, put back on saving."""

from __future__ import annotations

import json
from typing import Any

MODEL = "/model/"


def leftover(raw: Any, known: Any, pointer: str = "") -> dict[str, Any]:
    """What `raw` has and `known` has not, by JSON pointer (RFC 6901).

    Lists are compared item by item where both are of one length.

    >>> leftover({"a": {"b": 1, "c": 2}, "d": [3]}, {"a": {"b": 1}})
    {'/a/c': 2, '/d': [3]}
    """
    found: dict[str, Any] = {}
    if isinstance(raw, dict) and isinstance(known, dict):
        for key, value in raw.items():
            place = f"{pointer}/{_escaped(key)}"
            if key in known:
                found |= leftover(value, known[key], place)
            else:
                found[place] = value
    elif isinstance(raw, list) and isinstance(known, (list, tuple)) and len(raw) == len(known):
        for i, (value, other) in enumerate(zip(raw, known, strict=True)):
            if isinstance(value, (dict, list)):
                found |= leftover(value, other, f"{pointer}/{i}")
    return found


def put_back(document: dict[str, Any], kept: dict[str, Any]) -> None:
    """Add kept keys where their parents still exist and nothing of that name has come since."""
    for pointer, value in kept.items():
        *parents, last = [_unescaped(part) for part in pointer.split("/")[1:]]
        place: Any = document
        for part in parents:
            place = _child(place, part)
        if isinstance(place, dict):
            place.setdefault(last, value)


def _child(place: Any, part: str) -> Any:
    if isinstance(place, dict):
        return place.get(part)
    if isinstance(place, list) and part.isdigit() and int(part) < len(place):
        return place[int(part)]
    return None


def to_text(kept: dict[str, Any], model_hash: str) -> str:
    """`Project.extra`: canonical JSON, with the model's hash where keys of the model are kept."""
    if not kept:
        return ""
    document: dict[str, Any] = {"keys": kept}
    if any(pointer.startswith(MODEL) for pointer in kept):
        document["model"] = model_hash
    return json.dumps(document, sort_keys=True, ensure_ascii=False)


def from_text(extra: str) -> tuple[dict[str, Any], str]:
    """(kept keys by pointer, hash of the model they belong to or "") of `Project.extra`."""
    if not extra:
        return {}, ""
    document = json.loads(extra)
    return document["keys"], document.get("model", "")


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")
