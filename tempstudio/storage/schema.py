"""The published JSON Schemas of the project's file formats (`tempstudio schema NAME`).

What is fixed by hand lies in `schemas/`; records that are made of quantities (a die, a job) are
described from their fields, so that unit, limits and default are always those of the program.
"""

from __future__ import annotations

import dataclasses
import json
import typing
from importlib.resources import files
from typing import Any

from tempstudio.core.errors import InputError
from tempstudio.core.machine import Die, Link, WaferArea, WaferJoint
from tempstudio.core.parallel import Degrees
from tempstudio.core.quantities import outside_key, to_json
from tempstudio.core.workload import TrainingJob

SCHEMAS = ("project", "graph", "machine", "flows", "sweep")
RECORDS: dict[str, dict[str, type[Any]]] = {
    "machine": {"die": Die, "link": Link, "joint": WaferJoint, "area": WaferArea},
    "project": {"job": TrainingJob, "parallel": Degrees},
}
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}


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


def record_schema(kind: type[Any]) -> dict[str, Any]:
    """A dataclass of quantities as a schema: keys, types, units, limits, defaults.

    >>> record_schema(Link)["properties"]["latency_ns"]["default"]
    200.0
    """
    hints = typing.get_type_hints(kind)
    defaults = to_json(kind())
    return {
        "title": (kind.__doc__ or kind.__name__).strip().splitlines()[0],
        "type": "object",
        "properties": {
            outside_key(field): _property(field, hints[field.name], defaults[outside_key(field)])
            for field in dataclasses.fields(kind)
        },
    }


def _property(field: dataclasses.Field[Any], hint: Any, default: Any) -> dict[str, Any]:
    about = field.metadata
    if about.get("structure"):
        record = typing.get_args(hint)[0]
        return {"description": about["help"], "type": "array", "items": record_schema(record)}
    unit = f" [{about['unit']}]" if about.get("unit") else ""
    described: dict[str, Any] = {
        "description": f"{about.get('help') or ''}{unit}",
        "type": _TYPES[hint],
    }
    for limit in ("minimum", "maximum"):
        if about.get(limit) is not None:
            described[limit] = about[limit]
    if about.get("choices"):
        described["enum"] = list(about["choices"])
    return described | {"default": default}


def _read(name: str) -> dict[str, Any]:
    text = (files("tempstudio.storage") / "schemas" / f"{name}.json").read_text(encoding="utf-8")
    document = json.loads(text)
    assert isinstance(document, dict)
    for part, kind in RECORDS.get(name, {}).items():
        document.setdefault("$defs", {})[part] = record_schema(kind)
    return document


def _needed(document: dict[str, Any]) -> list[str]:
    """Names of the other schemas that this one refers to as `#/$defs/NAME`."""
    text = json.dumps(document)
    return [
        name
        for name in SCHEMAS
        if f'"#/$defs/{name}"' in text and name not in document.get("$defs", {})
    ]
