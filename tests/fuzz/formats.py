"""The formats that people hand to the program: files to start from, and how each is read."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.json_text import parse
from tempstudio.core.machine import machine_from_json, machine_to_json
from tempstudio.core.routing import route_report
from tempstudio.core.routing.report import read_flows
from tempstudio.core.workload import workload_to_json
from tempstudio.core.workload_json import workload_from_json
from tempstudio.plugin_host import shared_host
from tempstudio.readers import workload_from_config
from tempstudio.storage import project_from_document, project_to_document
from tempstudio.storage.json_layout import laid_out
from tempstudio.sweep import sweep_from_document

TESTS = Path(__file__).resolve().parents[1]
GOLDEN = [TESTS / "storage" / "golden" / f"v1-{name}.tempstudio" for name in ("full", "cluster")]
PROJECTS = [json.loads(path.read_text()) for path in GOLDEN]
PUBLISHED = json.loads((TESTS / "readers" / "data" / "published.json").read_text())
MOST_ROUTED = 64  # flows and dies; a larger file is read only, as routing it takes its time

FLOWS = [
    {
        "machine": {"kind": "wafer", "rows": 3, "cols": 4, "dead_links": [[[0, 0], [0, 1]]]},
        "flows": [
            {"source": [0, 0], "target": [2, 3], "bytes": 1e9},
            {"source": [1, 1], "targets": [[0, 2], [2, 2]], "bytes": 5e8},
        ],
    },
    {
        "machine": {"kind": "cluster", "nodes": 2, "devices_per_node": 2},
        "flows": [{"source": [0, 0], "target": [1, 1], "bytes": 1}],
    },
]
SWEEPS = [
    {
        "name": "hbm-and-batch",
        "base": {"machine": {"rows": 4}, "job": {"recompute": "selective"}},
        "axes": {
            "machine.die.HBM_GB": [64, 96],
            "job.global_batch": {"from": 32, "to": 256, "scale": "log"},
            "strategies.partitioner.name": ["tspp", "megatron3"],
        },
        "sample": {"points": 8, "seed": 1},
        "columns": ["step_time_s", "memory_bytes.peak"],
    },
    {"axes": {"seed": {"from": 0, "to": 9}, "parallel": [{"dp": 6, "stream": 8}]}},
]


@dataclass(frozen=True)
class Format:
    """`read` returns or raises `InputError` (or `NoPlanError`); `text` writes a document."""

    name: str
    documents: list[Any]
    read: Callable[[bytes], object]
    share: float
    text: Callable[[Any], bytes]


def json_text(document: Any) -> bytes:
    """A document as the JSON that Python writes, NaN and all."""
    return json.dumps(document).encode()


def toml_text(document: Any) -> bytes:
    """A document as TOML, one inline value a line."""
    if not isinstance(document, dict):
        return b"x = " + _toml(document).encode()
    lines = [f"{json.dumps(key)} = {_toml(value)}" for key, value in document.items()]
    return "\n".join(lines).encode(errors="surrogatepass")


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return "nothing" if value is None else json.dumps(value)


def read_project(content: bytes) -> None:
    """A project is read, written and read again as it was."""
    project = project_from_document(parse(content, "file"), "file")
    again = project_from_document(json.loads(laid_out(project_to_document(project))))
    assert again.fingerprint == project.fingerprint
    assert hash(project) is not None


def read_machine(content: bytes) -> None:
    """A machine in a project comes back from its own text."""
    machine = project_from_document({**PROJECTS[0], "machine": parse(content, "file")}).machine
    assert machine_to_json(machine_from_json(machine_to_json(machine))) == machine_to_json(machine)


def read_graph(content: bytes) -> None:
    """An operator graph comes back from its own text."""
    workload = workload_from_json(parse(content, "file"))
    assert workload_from_json(workload_to_json(workload)) == workload


def read_config(content: bytes) -> None:
    """A configuration gives a graph that a project file can hold."""
    workload = workload_from_config(parse(content, "file"), "file")
    assert workload_from_json(workload_to_json(workload)) == workload
    assert workload.parameters > 0


def read_routes(content: bytes) -> None:
    """Flows are read; where they are few they are routed too."""
    document = parse(content, "file")
    machine, demands = read_flows(document)
    if machine.die_count > MOST_ROUTED or len(demands.target) > MOST_ROUTED:
        return
    report = route_report(document)
    assert math.isfinite(report["time_s"]) and report["max_link_bytes"] >= 0


def read_toml_sweep(content: bytes) -> None:
    """A sweep is read and its first point is a project."""
    try:
        document = tomllib.loads(content.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"not valid TOML: {' '.join(str(error).split())}") from None
    sweep = sweep_from_document(document, TESTS, lambda: shared_host(True))
    assert sweep.document(sweep.points[0])["model"]


FORMATS = (
    Format("projects", PROJECTS, read_project, 0.25, json_text),
    Format("machines", [p["machine"] for p in PROJECTS], read_machine, 0.15, json_text),
    Format("graphs", [p["model"] for p in PROJECTS], read_graph, 0.15, json_text),
    Format("configs", [case["config"] for case in PUBLISHED], read_config, 0.2, json_text),
    Format("flows", FLOWS, read_routes, 0.15, json_text),
    Format("sweeps", SWEEPS, read_toml_sweep, 0.1, toml_text),
)
REFUSALS = (InputError, NoPlanError)
