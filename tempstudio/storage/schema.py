"""The published JSON Schemas of the project's file formats (`tempstudio schema NAME`)."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from tempstudio.core.errors import InputError

SCHEMAS = ("project", "graph", "machine", "flows", "sweep")


def schema_names() -> tuple[str, ...]:
    """The formats that have a schema."""
    return SCHEMAS


def schema(name: str) -> dict[str, Any]:
    """One schema (JSON Schema 2020-12), complete in itself.

    >>> schema("machine")["title"]
    'TempStudio machine'
    """
    if name not in SCHEMAS:
        raise InputError(f"schema: found {name!r}, allowed: {', '.join(SCHEMAS)}")
    document = _read(name)
    for other in _needed(document):
        document.setdefault("$defs", {})[other] = _read(other)
    return document


def _read(name: str) -> dict[str, Any]:
    text = (files("tempstudio.storage") / "schemas" / f"{name}.json").read_text(encoding="utf-8")
    document = json.loads(text)
    assert isinstance(document, dict)
    return document


def _needed(document: dict[str, Any]) -> list[str]:
    """Names of the other schemas that this one refers to as `#/$defs/NAME`."""
    text = json.dumps(document)
    return [
        name
        for name in SCHEMAS
        if f'"#/$defs/{name}"' in text and name not in document.get("$defs", {})
    ]
