"""What a sweep file says: axes, grids, samples; and the one line where it is wrong."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tempstudio as ts
from tempstudio.plugin_host import shared_host
from tempstudio.storage import schema
from tempstudio.sweep import Sweep, read_sweep, sweep_from_document
from tempstudio.sweep.axis import axis_values
from tests.sweep.conftest import BASE, MakeSweep

SAMPLES = sorted((Path(__file__).resolve().parents[2] / "sample_projects").glob("*.sweep.toml"))


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_a_grid_is_every_combination_once(sizes: list[int]) -> None:
    axes = [f"strategies.solver.options.o{i}" for i in range(len(sizes))]
    from tempstudio.sweep.axis import Axis

    sweep = Sweep(
        "",
        {},
        "",
        {},
        tuple(Axis(path, tuple(range(size))) for path, size in zip(axes, sizes, strict=True)),
        range(prod(sizes)),
    )
    found = [tuple(sweep.settings(point).values()) for point in sweep.points]
    assert len(set(found)) == prod(sizes)
    assert found == sorted(found)


def test_a_sample_is_part_of_the_grid_and_repeats(make: MakeSweep) -> None:
    axes = {"seed": {"from": 0, "to": 99}, "job.global_batch": {"from": 1, "to": 50}}
    grid = make(axes)
    assert len(grid.points) == 5000
    one = make(axes, sample={"points": 40, "seed": 1})
    assert len(set(one.points)) == 40
    assert list(one.points) == sorted(one.points)
    assert set(one.points) <= set(grid.points)
    assert one.points == make(axes, sample={"points": 40, "seed": 1}).points
    assert one.points != make(axes, sample={"points": 40, "seed": 2}).points


def test_a_sample_of_a_grid_too_large_to_walk(make: MakeSweep) -> None:
    axes = {
        f"machine.die.{key}": {"from": 1, "to": 1000} for key in ("HBM_GB", "TFLOPS", "SRAM_MB")
    }
    with pytest.raises(ts.InputError, match=r"1,000,000,000 points, .*take a \[sample\]"):
        make(axes)
    assert len(make(axes, sample={"points": 5}).points) == 5


@pytest.mark.parametrize(
    ("about", "values"),
    [
        ({"from": 1, "to": 4}, [1, 2, 3, 4]),
        ({"from": 0, "to": 1, "step": 0.1}, [i / 10 for i in range(11)]),
        ({"from": 0.0, "to": 1.0, "count": 5}, [0, 0.25, 0.5, 0.75, 1]),
        ({"from": 1, "to": 64, "count": 7, "scale": "log"}, [1, 2, 4, 8, 16, 32, 64]),
        ({"from": 1, "to": 100, "step": 10, "scale": "log"}, [1, 10, 100]),
        ({"from": 3, "to": 3}, [3]),
    ],
)
def test_ranges(about: dict[str, Any], values: list[float]) -> None:
    assert list(axis_values(about, "a")) == values


def test_paths_as_tables_or_with_dots_are_the_same(make: MakeSweep) -> None:
    nested = make({"machine": {"die": {"HBM_GB": [1, 2]}}, "partitioner": ["tspp", "fsdp"]})
    dotted = make({"machine.die.HBM_GB": [1, 2], "strategies.partitioner.name": ["tspp", "fsdp"]})
    assert nested == dotted
    assert [axis.path for axis in nested.axes] == [
        "machine.die.HBM_GB",
        "strategies.partitioner.name",
    ]


def test_models_are_read_once_and_travel_with_the_points(make: MakeSweep, folder: Path) -> None:
    sweep = make({"model": ["tiny.json", "qwen2-0.5b"]})
    (folder / "tiny.json").unlink()
    names = [sweep.document(point)["model"]["name"] for point in sweep.points]
    assert names == ["tiny", "qwen2-0.5b"]


WRONG = {
    "axis": ({"axes": {"machine.rwos": [1]}}, "axes.machine.rwos: leads nowhere, allowed of a"),
    "head": ({"axes": {"machin.rows": [1]}}, "axes.machin.rows: leads nowhere, allowed: machine,"),
    "job": ({"axes": {"job.batch": [1]}}, "axes.job.batch: leads nowhere, allowed: global_batch"),
    "die": ({"axes": {"machine.die.HBM": [1]}}, "axes.machine.die.HBM: leads nowhere, allowed: TF"),
    "rows": ({"axes": {"machine.rows": [0]}}, "axes.machine.rows: found 0, allowed:"),
    "value": ({"axes": {"job.seq_len": ["x"]}}, "axes.job.seq_len: found 'x', expected a whole"),
    "half": ({"axes": {"job.seq_len": [1.5]}}, "axes.job.seq_len: found 1.5, expected a whole"),
    "choice": ({"axes": {"job.recompute": ["some"]}}, "axes.job.recompute: found 'some', allowed"),
    "degree": ({"axes": {"parallel.dp": [0]}}, "axes.parallel.dp: found 0, allowed from 1 to"),
    "model": ({"axes": {"model": ["llama9"]}}, "axes.model: found 'llama9', "),
    "name": ({"axes": {"mapper": ["best"]}}, "axes.strategies.mapper.name: found 'best', allowed"),
    "option": ({"axes": {"solver.options.x": [1]}}, "axes.strategies.solver.options.x: leads now"),
    "seed": ({"axes": {"seed": [-1]}}, "axes.seed: found -1, allowed: a whole number from 0"),
    "rate": ({"axes": {"machine.faults.die_rate": [2]}}, "axes.machine.faults.die_rate: found 2"),
    "fault": ({"axes": {"machine.faults.rate": [0]}}, "axes.machine.faults.rate: leads nowhere"),
    "empty": ({"axes": {"seed": []}}, "axes.seed: found [], expected a list of values or a range"),
    "scalar": ({"axes": {"seed": 1}}, "axes.seed: found 1, expected a list of values or a range"),
    "twice": ({"axes": {"seed": [1, 1]}}, "axes.seed: the value 1 stands there twice"),
    "same": (
        {"axes": {"mapper": ["gemini"], "strategies.mapper.name": ["gemini"]}},
        "axes.strategies.mapper.name: the axis strategies.mapper.name is given twice",
    ),
    "within": (
        {"axes": {"parallel": ["auto"], "parallel.dp": [1]}},
        "axes.parallel.dp: the axis parallel sets it too",
    ),
    "falling": ({"axes": {"seed": {"from": 2, "to": 1}}}, "axes.seed: found from 2 to 1, allowed"),
    "range": ({"axes": {"seed": {"from": 2, "to": 3, "by": 1}}}, "axes.seed.by: no such key"),
    "endless": ({"axes": {"seed": {"from": 0, "to": 1, "step": 1e-320}}}, "axes.seed: inf values"),
    "none": ({"axes": {}}, "axes: found {}, expected a table of at least one axis"),
    "key": ({"axes": {"seed": [1]}, "axis": {}}, "axis: no such key, allowed: name, project,"),
    "base": ({"axes": {"seed": [1]}, "base": {"job": {"x": 1}}}, "base.job.x: leads nowhere"),
    "sample": ({"axes": {"seed": [1]}, "sample": {"points": 2}}, "sample.points: found 2, allowed"),
    "project": ({"axes": {"seed": [1]}, "project": "x"}, "project: "),
    "column": ({"axes": {"seed": [1]}, "columns": ["speed"]}, "columns: found 'speed', allowed:"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_one_line_with_the_key(folder: Path, case: str) -> None:
    document, line = WRONG[case]
    with pytest.raises(ts.InputError) as error:
        sweep_from_document({"base": BASE, **document}, folder, shared_host, "s.toml")
    text = str(error.value)
    assert text.startswith(f"s.toml: {line}"), text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"axes = ", "not valid TOML: "),
        (b"\xff", "not UTF-8 text (byte 0xff)"),
        (b"[axes]\nseed = [2020-01-01]\n", "axes.seed: found '2020-01-01', expected a number"),
        (b"[axes]\nseed = [inf]\n", "axes.seed: found inf, expected a finite number"),
        (b"[" * 5000, "not valid TOML: "),
        (b"", "axes: found None, expected a table"),
    ],
)
def test_files_that_are_no_sweep(tmp_path: Path, content: bytes, line: str) -> None:
    path = tmp_path / "s.toml"
    path.write_bytes(content)
    with pytest.raises(ts.InputError) as error:
        read_sweep(path, shared_host)
    assert str(error.value).startswith(f"{path}: {line}")
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ts.InputError, match=r"no\.toml: no such file"):
        read_sweep(tmp_path / "no.toml", shared_host)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_samples_are_sweeps_and_fit_the_schema(path: Path) -> None:
    import tomllib

    document = tomllib.loads(path.read_text())
    # The schema is of axes by dotted path.
    sweep = read_sweep(path, shared_host)
    flat = {axis.path: list(axis.values) for axis in sweep.axes}
    jsonschema.Draft202012Validator(schema("sweep")).validate({**document, "axes": flat})
    assert 1 < len(sweep.points) <= 20


def test_there_is_a_sample() -> None:
    assert SAMPLES
