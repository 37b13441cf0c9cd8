"""The published schemas say what the program does."""

from __future__ import annotations

import copy
import dataclasses
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tempstudio.core.errors import InputError
from tempstudio.core.machine import (
    Cluster,
    machine_from_json,
    machine_to_json,
)
from tempstudio.core.project import Project
from tempstudio.core.workload import KINDS, Operator, workload_to_json
from tempstudio.core.workload_json import workload_from_json
from tempstudio.storage import SCHEMAS, project_from_document, project_to_document, schema

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.tempstudio"))
READERS = {
    "project": project_from_document,
    "machine": machine_from_json,
    "graph": workload_from_json,
}


def valid(name: str, document: Any) -> bool:
    checker = jsonschema.Draft202012Validator(schema(name))
    return not list(checker.iter_errors(json.loads(json.dumps(document))))


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_is_a_schema(name: str) -> None:
    document = schema(name)
    jsonschema.Draft202012Validator.check_schema(document)
    assert document["title"].startswith("TempStudio")


def test_an_unknown_one_is_refused() -> None:
    with pytest.raises(InputError, match="found 'house', allowed: project, graph"):
        schema("house")


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_released_files_fit(path: Path) -> None:
    assert valid("project", json.loads(path.read_text()))


def test_what_is_saved_fits(project: Project) -> None:
    document = project_to_document(project, plan={}, needs=[{"plugin": "x", "version": "1"}])
    assert valid("project", document)
    assert valid("machine", machine_to_json(project.machine))
    assert valid("machine", machine_to_json(Cluster()))
    assert valid("graph", workload_to_json(project.model))


def test_fields_carry_unit_limits_and_default() -> None:
    job = schema("project")["$defs"]["job"]["properties"]
    assert job["recompute"]["enum"] == ["none", "selective", "full"]
    assert job["micro_batch"] == {
        "description": "sequences a data-parallel replica works on at once [sequences]",
        "type": "integer",
        "minimum": 1,
        "maximum": 10**7,
        "default": 1,
    }
    die = schema("machine")["$defs"]["die"]["properties"]
    assert die["HBM_GB"]["default"] == 72.0 and "[GB]" in die["HBM_GB"]["description"]
    nested = schema("project")["$defs"]["machine"]["$defs"]["die"]
    assert nested["properties"] == die


def test_operators_have_the_same_keys() -> None:
    operator = schema("graph")["$defs"]["operator"]["properties"]
    assert set(operator) == {field.name for field in dataclasses.fields(Operator)}
    assert operator["kind"]["enum"] == list(KINDS)


WRONG = [
    ("machine", ("rows",), 0),
    ("machine", ("rows",), "six"),
    ("machine", ("kind",), "planet"),
    ("machine", ("die",), {"HBM_GB": -1}),
    ("machine", ("dead_dies",), [[1]]),
    ("graph", ("blocks",), []),
    ("graph", ("hidden",), 0),
    ("graph", ("blocks", 0, "operators", 0, "kind"), "magic"),
    ("graph", ("blocks", 1, "operators", 2, "heads"), 0),
    ("graph", ("blocks", 0, "repeat"), 0),
    ("project", ("format",), "zip"),
    ("project", ("seed",), -1),
    ("project", ("job",), {"recompute": "some"}),
    ("project", ("parallel",), {"dp": 0}),
    ("project", ("parallel",), {"operators": [{"name": "mlp.down", "tp": 0}]}),
    ("project", ("parallel",), {"operators": [{"layout": "sideways"}]}),
    ("project", ("machine", "die"), {"HBM_GB": "much"}),
    ("project", ("runs",), [3]),
]


@pytest.mark.parametrize(("name", "pointer", "value"), WRONG, ids=str)
def test_schema_and_reader_refuse_the_same(
    project: Project, name: str, pointer: tuple[Any, ...], value: Any
) -> None:
    documents = {
        "project": project_to_document(project),
        "machine": machine_to_json(project.machine),
        "graph": workload_to_json(project.model),
    }
    document = copy.deepcopy(documents[name])
    assert valid(name, document)
    place = document
    for key in pointer[:-1]:
        place = place[key]
    place[pointer[-1]] = value
    assert not valid(name, document)
    with pytest.raises(InputError):
        READERS[name](document)


def test_flows_and_sweeps() -> None:
    machine = {"kind": "wafer", "rows": 2, "cols": 2}
    flow = {"source": [0, 0], "target": [1, 1], "bytes": 1e6}
    assert valid("flows", {"machine": machine, "flows": [flow]})
    many = {"source": [0, 0], "targets": [[1, 1], [0, 1]], "bytes": 5}
    assert valid("flows", {"machine": machine, "flows": [many]})
    assert not valid("flows", {"machine": machine, "flows": [{"source": [0, 0], "bytes": 1}]})
    assert not valid("flows", {"machine": {"rows": 0}, "flows": []})
    assert valid("sweep", {"axes": {"job.global_batch": [32, 64], "seed": {"from": 0, "to": 9}}})
    assert not valid("sweep", {"axes": {}})
