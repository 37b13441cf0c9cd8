"""Tables: every row of the machine, in units that the heads name."""

from __future__ import annotations

import csv
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from timelines_by_hand import make_timeline

from tempstudio.core.errors import InputError
from tempstudio.core.machine import Wafer
from tempstudio.core.parallel import Degrees
from tempstudio.core.report import degrees_json
from tempstudio.core.topology import topology_of
from tempstudio.export.csv import die_table, write_table, write_tables

MACHINE = Wafer(rows=3, cols=4, wafers=2, dead_dies=[(0, 1, 1)], core_yield=[(1, 2, 2, 0.75)])


@pytest.fixture
def run() -> Any:
    """As much of a run as the tables read."""
    timeline = make_timeline(MACHINE, stages=2)
    timeline.step_link_bytes[:] = np.arange(len(timeline.step_link_bytes)) * 1e6
    timeline.stage_of_die[5 + 12] = -1
    operator = {
        "name": "mlp.down, second", "degrees": degrees_json(Degrees(dp=3, stream=8)),
        "layout": "O", "compute_s": 0.5, "exposed_s": 0.25, "memory_bound": True,
    }  # fmt: skip
    return SimpleNamespace(
        project=SimpleNamespace(machine=MACHINE),
        timeline=timeline,
        document={"memory_bytes": {"peak_time_s": 1e-4}, "per_operator": [operator]},
    )


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_tables_hold_the_machine_and_the_run(run: Any, tmp_path: Path) -> None:
    dies, links, operators = (read(path) for path in write_tables(run, tmp_path))
    assert len(dies) == MACHINE.die_count
    assert [row["state"] for row in dies].count("dead") == 1
    assert dies[5]["state"] == "dead" and dies[17]["state"] == "idle"
    assert {(row["wafer"], row["row"], row["column"]) for row in dies} == {
        tuple(map(str, MACHINE.coordinate(die))) for die in range(MACHINE.die_count)
    }
    assert float(dies[MACHINE.die_id((1, 2, 2))]["core_yield"]) == 0.75
    frame = run.timeline.at(1e-4)
    assert np.allclose(
        [float(row["memory_bytes"]) for row in dies], frame.memory.sum(axis=0), rtol=1e-12
    )
    topology = topology_of(MACHINE)
    assert len(links) == topology.links
    assert sum(float(row["step_bytes"]) for row in links) == run.timeline.step_link_bytes.sum()
    assert links[0]["from"] == "0,0,0"
    assert operators == [
        {"operator": "mlp.down, second", "layout": "O", "pp": "1", "dp": "3", "sp": "1", "tp": "1",
         "stream": "8", "ep": "1", "zero": "0", "compute_s": "0.5", "exposed_s": "0.25",
         "memory_bound": "True"}
    ]  # fmt: skip


def test_memory_by_kind_adds_up(run: Any) -> None:
    head, rows = die_table(run, 2e-4)
    total = list(head).index("memory_bytes")
    for row in rows:
        assert np.isclose(row[total], sum(row[total + 1 :]))


def test_a_missing_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        write_table(tmp_path / "no" / "a.csv", ("a",), ())
