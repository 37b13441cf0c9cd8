"""One point: what its document becomes, and what its row says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import tempstudio as ts
from tempstudio.core.faults import random_faults
from tempstudio.sweep import Sweep
from tempstudio.sweep.columns import MEASURED, OFFERED
from tempstudio.sweep.point_run import project_of, run_point
from tests.sweep.conftest import Calm, MakeSweep


def rows(sweep: Sweep) -> list[dict[str, Any]]:
    """Every point in this process, through JSON as to a worker."""
    tasks = [{"point": p, "document": sweep.document(p), "columns": []} for p in sweep.points]
    return [run_point(json.loads(json.dumps(task))) for task in tasks]


def test_a_mesh_cut_apart_has_no_plan(make: MakeSweep) -> None:
    cut = [[[0, 0], [0, 1]], [[0, 0], [1, 0]]]
    whole, apart = rows(make({"parallel.dp": [4], "machine.dead_links": [[], cut]}))
    assert whole["outcome"] == "ok"
    assert (apart["outcome"], apart["fits"]) == ("no plan", False)
    assert "cut into parts of 3, 1 dies" in apart["error"]


def test_faults_are_those_of_the_core(make: MakeSweep) -> None:
    axes = {"machine.faults.die_rate": [0.0, 0.4], "machine.faults.seed": [0, 1, 2]}
    sweep = make(axes)
    alive = []
    for point in sweep.points:
        values = sweep.settings(point)
        machine = project_of(sweep.document(point)).machine
        assert machine == random_faults(
            ts.Wafer(rows=2, cols=2),
            die_rate=values["machine.faults.die_rate"],
            seed=values["machine.faults.seed"],
        )
        alive.append(machine.alive_count)
    assert alive[:3] == [4, 4, 4]
    assert min(alive[3:]) < 4


def test_degrees_left_out_are_one_and_dp_takes_what_remains(make: MakeSweep) -> None:
    sweep = make({"parallel.stream": [1, 2], "job.global_batch": [1, 2, 8]})
    found = [project_of(sweep.document(point)).degrees for point in sweep.points]
    assert [d and (d.stream, d.dp, d.size) for d in found] == [
        (1, 1, 1),
        (1, 2, 2),
        (1, 4, 4),
        (2, 1, 2),
        (2, 2, 4),
        (2, 2, 4),
    ]


def test_degrees_as_tables_and_auto(make: MakeSweep) -> None:
    sweep = make({"parallel": ["auto", {"dp": 2, "stream": 2}, {"tp": 4}]})
    auto, both, tp = (project_of(sweep.document(point)).degrees for point in sweep.points)
    assert auto is None
    assert both == ts.Degrees(dp=2, stream=2)
    assert tp == ts.Degrees(tp=4)


def test_a_strategy_s_least_zero_is_kept(make: MakeSweep) -> None:
    sweep = make({"partitioner": ["fsdp", "tspp"], "parallel.dp": [4]})
    fsdp, tspp = (project_of(sweep.document(point)).degrees for point in sweep.points)
    assert fsdp is not None and tspp is not None
    assert (fsdp.zero, tspp.zero) == (3, 0)


def test_degrees_of_a_project_file_yield_to_what_upsets_them(folder: Path) -> None:
    from tempstudio.plugin_host import shared_host
    from tempstudio.sweep import sweep_from_document

    model = ts.load_model(folder / "tiny.json")
    degrees = ts.Degrees(dp=2, stream=2)
    project = ts.Project(machine=ts.Wafer(rows=2, cols=2), model=model, degrees=degrees)
    ts.save(project, folder / "p.tempstudio")

    def of(axes: dict[str, Any]) -> ts.Project:
        document = {"project": "p.tempstudio", "axes": axes}
        sweep = sweep_from_document(document, folder, shared_host)
        return project_of(sweep.document(sweep.points[0]))

    assert of({"seed": [0]}) == project
    assert of({"job.seq_len": [32]}).degrees == degrees
    assert of({"machine.rows": [4]}).degrees is None
    assert of({"parallel.stream": [4]}).degrees == ts.Degrees(dp=1, stream=4)
    assert of({"parallel.stream": [1], "parallel.dp": [3]}).degrees == ts.Degrees(dp=3)


def test_a_machine_may_be_of_another_kind(make: MakeSweep) -> None:
    sweep = make({"machine": [{"rows": 4}, {"kind": "cluster", "nodes": 1, "devices_per_node": 4}]})
    wafer, cluster = (project_of(sweep.document(point)).machine for point in sweep.points)
    assert wafer == ts.Wafer(rows=4, cols=2)
    assert cluster == ts.Cluster(nodes=1, devices_per_node=4)


def test_faults_of_a_cluster_are_refused_by_its_row(make: MakeSweep) -> None:
    sweep = make({"machine.kind": ["cluster"], "machine.faults.seed": [1]})
    (row,) = rows(sweep)
    assert row["outcome"] == "input"
    assert row["error"].startswith("machine.faults: the machine is a cluster")


def test_a_broken_strategy_is_a_row(make: MakeSweep, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(host: Any, project: ts.Project) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("tempstudio.plugin_guard.run_project", broken)
    (row,) = rows(make({"seed": [1]}))
    assert row["outcome"] == "fault"
    assert row["error"] == "fault of the program: ZeroDivisionError: division by zero"


def test_every_column_on_offer_is_in_a_run(calm: Calm) -> None:
    document = ts.run(project_of(calm.sweep.document(0))).document
    for path in {*OFFERED, *MEASURED.values()}:
        value: Any = document
        for part in path.split("."):
            value = value[part]
        assert isinstance(value, (int, float, str, bool)), path


def test_options_of_a_project_file_go_with_their_strategy(folder: Path) -> None:
    from tempstudio.plugin_host import shared_host
    from tempstudio.sweep import sweep_from_document

    model = ts.load_model(folder / "tiny.json")
    solver = ts.StrategyChoice("exhaustive", options={"shard_states": False})
    project = ts.Project(machine=ts.Wafer(rows=2, cols=2), model=model, solver=solver)
    ts.save(project, folder / "p.tempstudio")
    other = next(name for name in shared_host().names("solver") if name != "exhaustive")

    def solvers(axes: dict[str, Any], base: dict[str, Any]) -> list[ts.StrategyChoice]:
        document = {"project": "p.tempstudio", "axes": axes, "base": base}
        sweep = sweep_from_document(document, folder, shared_host)
        return [project_of(sweep.document(point)).solver for point in sweep.points]

    plain = ts.StrategyChoice(other)
    assert solvers({"solver": ["exhaustive", other]}, {}) == [solver, plain]
    assert solvers({"seed": [1]}, {"solver": other}) == [plain]
    tables = [{"name": "exhaustive", "options": {"shard_states": True}}, other]
    chosen = ts.StrategyChoice("exhaustive", options={"shard_states": True})
    assert solvers({"solver": tables}, {}) == [chosen, plain]
    assert solvers({"solver.options.shard_states": [False, True]}, {}) == [solver, chosen]
