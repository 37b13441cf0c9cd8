"""The examples of plugins/, as a user has them: installed, listed, chosen, run."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import tempstudio as ts
from tempstudio.conformance import SMALL_JOB, small_model
from tempstudio.plugin_host import Host

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = sorted(path.parent for path in (ROOT / "plugins").glob("*/pyproject.toml"))
OFFERED = {
    "tempstudio-hilbert": {("mapper", "hilbert")},
    "tempstudio-annealing": {("solver", "annealing")},
    "tempstudio-folded-ring": {("partitioner", "folded-ring"), ("mapper", "folded-line")},
    "tempstudio-onnx": {("reader", "onnx")},
    "tempstudio-power": {("panel", "power"), ("panel", "link-histogram")},
}


def project_of(folder: Path) -> dict[str, object]:
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture
def installed() -> None:
    """`make ready` installs them, so that only another way of testing is without."""
    for name in OFFERED:
        try:
            metadata.distribution(name)
        except metadata.PackageNotFoundError:
            if os.environ.get("CI"):
                raise
            pytest.skip(f"{name} is not installed here: run make ready")


def test_each_offers_what_it_says_and_is_marked_as_an_example(installed: None) -> None:
    host = Host().load()
    assert [str(f) for f in host.failures if f.plugin in OFFERED] == []
    offers = [
        o
        for kind in ("partitioner", "mapper", "solver", "reader", "panel")
        for o in _of(host, kind)
    ]
    assert {
        name: {(o.kind, o.name) for o in offers if o.plugin.name == name} for name in OFFERED
    } == OFFERED
    assert all(o.plugin.example for o in offers if o.plugin.name in OFFERED)
    assert not any(o.plugin.example for o in offers if o.plugin.own)


def _of(host: Host, kind: str) -> list[object]:
    return list(host.offers(kind).values())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_each_is_a_whole_package_on_the_public_surface(folder: Path) -> None:
    about = project_of(folder)
    assert about["name"] in OFFERED
    assert "tempstudio-example" in about["keywords"] and "tempstudio" in about["dependencies"]
    assert (folder / "README.md").read_text().startswith(f"# {about['name']}\n")
    assert list(folder.glob("tests/test_*.py"))
    assert f"[{folder.name}]({folder.name})" in (ROOT / "plugins" / "README.md").read_text()
    for path in folder.glob("src/**/*.py"):
        assert {name for name in imports(path) if name.startswith("tempstudio.")} == set(), path


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def test_a_run_with_three_of_them_says_who_made_it(installed: None, tmp_path: Path) -> None:
    """In a process of its own, from an empty folder, as a person would."""
    project = ts.Project(
        machine=ts.Wafer(rows=2, cols=2),
        model=small_model(),
        job=SMALL_JOB,
        partitioner=ts.StrategyChoice("folded-ring"),
        mapper=ts.StrategyChoice("hilbert"),
        solver=ts.StrategyChoice("annealing", options={"plans": 6}),
    )
    ts.save(project, tmp_path / "p.tempstudio")
    done = subprocess.run(
        [sys.executable, "-m", "tempstudio", "run", "p.tempstudio", "--json"],
        cwd=tmp_path,
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert {(made["kind"], made["plugin"], made["version"]) for made in document["made_by"]} == {
        ("partitioner", "tempstudio-folded-ring", "1.0"),
        ("mapper", "tempstudio-hilbert", "1.0"),
        ("solver", "tempstudio-annealing", "1.0"),
    }
    assert document["search"]["evaluations"] <= 6
    assert document["fits"] and 0 < document["mfu"] < 1


def test_a_model_comes_from_a_graph_of_another_format(installed: None, tmp_path: Path) -> None:
    """The command line asks the reader that names the suffix, and believes its refusal."""

    def model(path: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tempstudio", "model", str(path), "--json"]
        env = dict(os.environ, PYTHONPATH=str(ROOT))
        return subprocess.run(command, capture_output=True, text=True, env=env, timeout=100)

    from tempstudio_onnx.examples import gpt2

    path = gpt2(tmp_path / "small.onnx", 64, 2, 4, 256, 128)
    document = json.loads(model(path).stdout)
    assert (document["name"], document["layers"], document["parameters"]) == ("small", 2, 124_672)
    path.write_bytes(path.read_bytes()[:500])
    broken = model(path)
    assert broken.returncode == 2 and broken.stderr.count("\n") == 1
    assert "small.onnx: no ONNX model" in broken.stderr


def test_hilbert_streams_where_plain_rows_cannot(installed: None) -> None:
    """Groups of 4 on 4 x 6 cross the ends of rows; along the curve each is a path."""

    def planned(mapper: str) -> ts.Run:
        return ts.run(
            ts.Project(
                machine=ts.Wafer(rows=4, cols=6),
                model=small_model(),
                job=SMALL_JOB,
                mapper=ts.StrategyChoice(mapper),
                degrees=ts.Degrees(dp=6, stream=4),
            )
        )

    with pytest.raises(ts.NoPlanError):
        planned("sequential")
    assert len(planned("hilbert").plan.mapping.groups) == 6


def test_two_hops_move_what_the_relay_moves_and_take_longer(installed: None) -> None:
    def planned(partitioner: str, mapper: str, degrees: ts.Degrees) -> ts.Score:
        return ts.run(
            ts.Project(
                machine=ts.Wafer(rows=1, cols=8),
                model=small_model(),
                job=SMALL_JOB,
                partitioner=ts.StrategyChoice(partitioner, options={}),
                mapper=ts.StrategyChoice(mapper),
                degrees=degrees,
            )
        ).score

    fold = planned("folded-ring", "folded-line", ts.Degrees(sp=8))
    unfolded = planned("folded-ring", "sequential", ts.Degrees(sp=8))
    relay = planned("tspp", "sequential", ts.Degrees(stream=8))
    assert relay.exposed_s < fold.exposed_s < unfolded.exposed_s
    assert fold.memory.by_kind["weights"] == pytest.approx(relay.memory.by_kind["weights"])
