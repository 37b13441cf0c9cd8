"""A project and its document: nothing is lost either way, and what is wrong is one clear line."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempstudio.core.errors import InputError
from tempstudio.core.machine import Cluster, Wafer, machine_to_json
from tempstudio.core.project import Project, StrategyChoice
from tempstudio.core.workload import Block, Operator, Workload
from tempstudio.storage import project_from_document, project_to_document
from tempstudio.storage.json_layout import laid_out
from tempstudio.storage.migrations import VERSION, migrated
from tempstudio.storage.unknown_keys import leftover, put_back

GOLDEN = Path(__file__).parent / "golden"

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


def holds(whole: Any, part: Any) -> bool:
    """Whether every key and value of `part` is in `whole`: fields may come, none may go."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and holds(whole[key], value) for key, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) == len(whole) and all(map(holds, whole, part))
    return bool(whole == part)


def as_file(project: Project, **rest: Any) -> Any:
    """The document as it comes back from a file."""
    return json.loads(laid_out(project_to_document(project, **rest)))


def test_what_is_saved_loads_as_it_was(project: Project) -> None:
    again = project_from_document(as_file(project))
    assert again == project
    assert again.fingerprint == project.fingerprint
    assert again.extra == ""


@given(
    rows=st.integers(1, 40),
    cols=st.integers(1, 40),
    wafers=st.integers(1, 3),
    faults=st.integers(0, 2**32),
    hbm_gb=st.floats(1, 1e5),
    seed=st.integers(0, 2**63 - 1),
    options=st.dictionaries(
        st.text(max_size=8),
        st.booleans()
        | st.integers(-(10**20), 10**20)
        | st.floats(-1e300, 1e300)
        | st.text(max_size=5)
        | st.lists(st.integers(), max_size=3),
        max_size=4,
    ),
    notes=st.text(max_size=20).filter(lambda text: max(text, default="") < "\ud800"),
)
def test_round_trip_of_any_project(
    rows: int,
    cols: int,
    wafers: int,
    faults: int,
    hbm_gb: float,
    seed: int,
    options: dict[str, Any],
    notes: str,
) -> None:
    place = (faults % rows, faults // 64 % cols)
    machine = Wafer(
        rows=rows,
        cols=cols,
        wafers=wafers,
        dead_dies=[place if wafers == 1 else (wafers - 1, *place)] if rows * cols > 1 else (),
    )
    machine = replace(machine, die=replace(machine.die, hbm_bytes=hbm_gb * 1e9))
    model = Workload("m", (Block("b", (Operator("n", "norm", out_features=4),)),), 4, 8, 16)
    project = Project(
        machine, model, mapper=StrategyChoice("x", "", options), seed=seed, notes=notes
    )
    again = project_from_document(as_file(project))
    assert machine_to_json(again.machine) == machine_to_json(machine)
    assert as_file(again) == as_file(project)
    assert (again.mapper, again.seed, again.notes) == (project.mapper, seed, notes)


def test_a_cluster_too(model: Workload) -> None:
    project = Project(Cluster(nodes=4, devices_per_node=8), model)
    assert project_from_document(as_file(project)) == project


@given(
    top=st.dictionaries(st.text(min_size=1, max_size=6).map("x-".__add__), plain, max_size=3),
    deep=st.dictionaries(st.text(max_size=6).map("x-".__add__), plain, min_size=1, max_size=3),
)
def test_unknown_keys_survive_at_every_depth(top: dict[str, Any], deep: dict[str, Any]) -> None:
    document = json.loads((GOLDEN / "v1-full.tempstudio").read_text())
    document |= top
    document["machine"] |= deep
    document["machine"]["die"] |= deep
    document["job"] |= deep
    document["strategies"]["mapper"] |= deep
    document["strategies"]["mapper"]["options"] |= deep
    document["strategies"] |= deep
    document["model"]["blocks"][1]["operators"][2] |= deep
    document["runs"][0] |= deep
    project = project_from_document(copy.deepcopy(document))
    again = as_file(project, plan=document["plan"])
    assert holds(again, {**document, "app": again["app"]})


def test_kept_keys_follow_edits_but_not_another_model(project: Project) -> None:
    document = as_file(project)
    document["machine"]["coolant"] = "water"
    document["model"]["licence"] = "free"
    loaded = project_from_document(document)
    edited = replace(loaded, machine=replace(loaded.machine, rows=6))
    assert as_file(edited)["machine"]["coolant"] == "water"
    assert as_file(edited)["model"]["licence"] == "free"
    other = replace(loaded, model=replace(loaded.model, name="another"))
    assert "licence" not in as_file(other)["model"]


def test_a_plan_belongs_to_the_document_not_to_the_project(project: Project) -> None:
    document = as_file(project, plan={"parallel": {}, "mapping": {}})
    assert document["plan"] == {"parallel": {}, "mapping": {}}
    assert "plan" not in as_file(project_from_document(document))


def test_needs_of_foreign_plugins_are_kept_until_told_anew(project: Project) -> None:
    needs = [{"plugin": "somebody", "version": "2.1"}]
    loaded = project_from_document(as_file(project, needs=needs))
    assert as_file(loaded)["needs"] == needs
    assert (
        as_file(loaded, needs=[{"plugin": "other", "version": "1"}])["needs"][0]["plugin"]
        == "other"
    )


@pytest.mark.parametrize(
    ("pointer", "value", "said"),
    [
        (("format",), "zip", "not a TempStudio project: format: found 'zip'"),
        (("version",), 2, "version: saved by tempstudio 0.0.1 in version 2 of the format"),
        (("version",), True, "version: found True"),
        (("version",), 0, "version: found 0"),
        (("model",), None, "model: found None, expected an object"),
        (("model", "blocks"), [], "model.blocks: found an empty list"),
        (
            ("model", "blocks", 1, "operators", 2, "kv_heads"),
            3,
            "model.blocks[1].operators[2].kv_heads: found 3, allowed: a divisor of the 4 heads",
        ),
        (
            ("model", "blocks", 1, "operators", 1, "kind"),
            "magic",
            "model.blocks[1].operators[1].kind: found 'magic', allowed: embedding",
        ),
        (("machine", "rows"), 0, "machine.rows: found 0, allowed: 1 to 1024"),
        (("machine", "rows"), 10**60, "machine.rows"),
        (("machine", "die", "HBM_GB"), "72", "machine.die.HBM_GB: found '72', expected a number"),
        (("machine", "dead_dies"), [[9, 9]], "machine.dead_dies: found [9, 9]"),
        (("machine", "kind"), "planet", "machine.kind: found 'planet', allowed: wafer, cluster"),
        (("job", "global_batch"), 1.5, "job.global_batch: found 1.5, expected a whole number"),
        (("job", "recompute"), "some", "job.recompute: found 'some', allowed: none"),
        (("strategies",), [], "strategies: found [], expected an object"),
        (("strategies", "mapper"), 3, "strategies.mapper: found 3"),
        (("strategies", "mapper", "name"), "", "strategies.mapper.name: found ''"),
        (("strategies", "mapper", "options"), [1], "strategies.mapper.options"),
        (("parallel", "dp"), 0, "parallel.dp: found 0"),
        (("seed",), -1, "seed: found -1"),
        (("runs",), {"a": 1}, "runs: found an object of 1"),
        (("runs", 0), 5, "runs[0]: found 5, expected an object"),
        (("notes",), 5, "notes: found 5, expected a text"),
    ],
)
def test_what_is_wrong_is_one_line_with_the_key(
    pointer: tuple[Any, ...], value: Any, said: str
) -> None:
    document = json.loads((GOLDEN / "v1-full.tempstudio").read_text())
    place = document
    for key in pointer[:-1]:
        place = place[key]
    place[pointer[-1]] = value
    with pytest.raises(InputError) as caught:
        project_from_document(document, "f.tempstudio")
    text = str(caught.value)
    assert text.startswith("f.tempstudio: ") and "\n" not in text and len(text) < 300
    assert said in text


@pytest.mark.parametrize("document", [None, [], "text", 3, {}, {"format": None}])
def test_other_things_are_no_projects(document: Any) -> None:
    with pytest.raises(InputError, match="not a TempStudio project"):
        project_from_document(document)


def test_migrations_run_in_order_and_leave_the_original_alone() -> None:
    steps = (
        lambda d: {**d, "seen": ["1 to 2"]},
        lambda d: {**d, "seen": [*d["seen"], "2 to 3"]},
    )
    old = {"format": "tempstudio", "version": 1}
    assert migrated(old, steps) == {
        "format": "tempstudio",
        "version": 3,
        "seen": ["1 to 2", "2 to 3"],
    }
    assert migrated({**old, "version": 2, "seen": []}, steps)["seen"] == ["2 to 3"]
    assert old == {"format": "tempstudio", "version": 1}
    with pytest.raises(InputError, match="reads versions 1 to 3"):
        migrated({**old, "version": 4}, steps)


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.tempstudio")), ids=lambda path: path.stem)
def test_files_of_released_versions_load_as_they_did(path: Path) -> None:
    document = json.loads(path.read_text())
    project = project_from_document(document)
    expected = json.loads(path.with_suffix(".expected.json").read_text())
    assert {
        "parameters": project.model.parameters,
        "dies": project.machine.alive_count,
        "strategies": [project.partitioner.name, project.mapper.name, project.solver.name],
    } == expected
    if document["version"] == VERSION:
        again = as_file(project, plan=document.get("plan"))
        assert holds(again, {**document, "app": again["app"]})


@given(raw=st.dictionaries(st.text(max_size=4), plain, max_size=5))
def test_leftovers_put_back_restore_the_original(raw: dict[str, Any]) -> None:
    known = {key: value for i, (key, value) in enumerate(raw.items()) if i % 2}
    restored = copy.deepcopy(known)
    put_back(restored, leftover(raw, known))
    assert restored == raw


@given(document=plain)
def test_layout_changes_nothing(document: Any) -> None:
    text = laid_out(document)
    assert json.loads(text) == document
    assert text.endswith("\n")
