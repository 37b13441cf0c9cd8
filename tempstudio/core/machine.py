"""The machines that a model is trained on, and their MACHINE document (SURFACE.md).

A machine is a frozen description with SI values inside; `tempstudio.core.topology` derives the
links, arrays and graphs from it.
"""

from __future__ import annotations

from typing import Any

from tempstudio.core.cluster import Cluster as Cluster
from tempstudio.core.device import Die as Die
from tempstudio.core.device import Link as Link
from tempstudio.core.device import WaferJoint as WaferJoint
from tempstudio.core.errors import InputError
from tempstudio.core.floorplan import WaferArea as WaferArea
from tempstudio.core.quantities import from_json, short_text, to_json
from tempstudio.core.wafer import MOST_DIES as MOST_DIES
from tempstudio.core.wafer import Coordinate as Coordinate
from tempstudio.core.wafer import Wafer as Wafer

Machine = Wafer | Cluster


def machine_to_json(machine: Machine) -> dict[str, Any]:
    """MACHINE of SURFACE.md: every key, units in the keys."""
    if isinstance(machine, Cluster):
        return {
            "kind": "cluster",
            "nodes": machine.nodes,
            "devices_per_node": machine.devices_per_node,
            "device": to_json(machine.device),
            "intra": to_json(machine.intra),
            "inter": to_json(machine.inter),
        }
    return {
        "kind": "wafer",
        "rows": machine.rows,
        "cols": machine.cols,
        "wafers": machine.wafers,
        "die": to_json(machine.die),
        "link": to_json(machine.link),
        "between_wafers": to_json(machine.between_wafers),
        "area": to_json(machine.area),
        "dead_dies": [list(die) for die in machine.dead_dies],
        "dead_links": [[list(a), list(b)] for a, b in machine.dead_links],
        "core_yield": [[*map(int, item[:-1]), item[-1]] for item in machine.core_yield],
    }


def machine_from_json(document: Any, where: str = "machine") -> Machine:
    """A machine from its MACHINE document; `InputError` names the key that is wrong."""
    if not isinstance(document, dict):
        raise InputError(f"{where}: found {short_text(document)}, expected an object")
    kind = document.get("kind", "wafer")
    if kind == "cluster":
        counts = {key: document[key] for key in ("nodes", "devices_per_node") if key in document}
        parts: dict[str, Any] = {
            key: from_json(Die if key == "device" else Link, document[key], f"{where}.{key}")
            for key in ("device", "intra", "inter")
            if key in document
        }
        return Cluster(**counts, **parts)
    if kind != "wafer":
        raise InputError(f"{where}.kind: found {short_text(kind)}, allowed: wafer, cluster")
    counts = {key: document[key] for key in ("rows", "cols", "wafers") if key in document}
    kinds = {"die": Die, "link": Link, "between_wafers": WaferJoint, "area": WaferArea}
    parts = {
        key: from_json(kind_of, document[key], f"{where}.{key}")
        for key, kind_of in kinds.items()
        if key in document
    }
    faults: dict[str, Any] = {
        key: _tuples(document[key], f"{where}.{key}")
        for key in ("dead_dies", "dead_links", "core_yield")
        if key in document
    }
    return Wafer(**counts, **parts, **faults)


def _tuples(value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise InputError(f"{where}: found {short_text(value)}, expected a list")
    return tuple(value)
