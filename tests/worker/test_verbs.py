"""The real verbs in real workers: runs, comparisons, models, and plans that break the rules."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import tempstudio as ts
from tempstudio.core.timeline import timeline_from_arrays
from tempstudio.readers.presets import preset_workload
from tempstudio.storage import project_to_document

if TYPE_CHECKING:
    from tempstudio.lanes import Message
    from tests.worker.conftest import Watched

COPY = """
import copy
from tempstudio.strategies.partitioners.tspp import TensorStream
from tempstudio.strategies.mappers.sequential import Sequential
from tempstudio.strategies.solvers.exhaustive import Exhaustive
import tempstudio as ts

def renamed(strategy, name):
    strategy = copy.copy(strategy)
    strategy.name = name
    return strategy

@ts.hookimpl
def tempstudio_partitioners():
    return [renamed(TensorStream(), "their-tspp")]

@ts.hookimpl
def tempstudio_mappers():
    return [renamed(Sequential(), "their-sequential")]

@ts.hookimpl
def tempstudio_solvers():
    return [renamed(Exhaustive(), "their-exhaustive")]
"""

NONSENSE = """
import math
from dataclasses import dataclass, replace
import numpy as np
import tempstudio as ts
from tempstudio.strategies.partitioners.tspp import TensorStream
from tempstudio.strategies.mappers.sequential import Sequential

@dataclass(frozen=True)
class Options:
    pass

class Mapper:
    summary, version, Options = "nonsense", "1", Options
    def __init__(self, name, spoil):
        self.name, self._spoil = name, spoil
    def map(self, partition, machine, options, rng, progress):
        good = Sequential().map(partition, machine, Sequential.Options(), rng, progress)
        return self._spoil(good)

def gap(mapping):
    a, b = mapping.placement[0], mapping.placement[-1]
    return replace(mapping, routes={"any": {(a, b): ((1.0, (0, 0)),)}})

def half(mapping):
    a, b = mapping.placement[0], mapping.placement[-1]
    return replace(mapping, routes={"any": {(a, b): ((math.nan, (0,)),)}})

def no_pair(mapping):
    return replace(mapping, routes={3: None})

def swapped(mapping):
    first, *rest = mapping.groups
    schedule = replace(first.schedule, compute=first.schedule.compute[::-1].copy())
    return replace(mapping, groups=(replace(first, schedule=schedule), *rest))

def free(mapping):
    return replace(mapping, groups=())

class Partitioner:
    summary, version, Options = "nonsense", "1", Options
    def __init__(self, name, changes):
        self.name, self._changes = name, changes
    def partition(self, workload, machine, job, degrees, options, progress):
        good = TensorStream().partition(
            workload, machine, job, degrees, TensorStream.Options(), progress)
        stage = replace(good.stages[0], **self._changes)
        return replace(good, stages=(stage, *good.stages[1:]))

class Solver:
    name, summary, version, Options = "forger", "nonsense", "1", Options
    def solve(self, problem, options, rng, progress):
        plan = problem.build(next(iter(problem.degrees())))
        yield plan
        dies = plan.mapping.placement
        yield replace(plan, mapping=replace(plan.mapping, placement=(dies[0], *dies[:-1])))

@ts.hookimpl
def tempstudio_mappers():
    return [Mapper("gap", gap), Mapper("half", half), Mapper("no-pair", no_pair),
            Mapper("swapped", swapped), Mapper("free", free)]

@ts.hookimpl
def tempstudio_partitioners():
    return [Partitioner("nan", {"weight_bytes": math.nan}), Partitioner("idle", {"forward": ()})]

@ts.hookimpl
def tempstudio_solvers():
    return [Solver()]
"""


HARMFUL = """
import os, signal
from dataclasses import dataclass
import tempstudio as ts

@dataclass(frozen=True)
class Options:
    pass

class Reader:
    name, summary, version, Options, suffixes = "odd", "does harm", "1", Options, (".odd", ".nil")
    def read(self, path):
        if path.suffix == ".odd":
            os.kill(os.getpid(), signal.SIGSEGV)

def drawn(run, time_s, selection):
    raise KeyError("no such bar")

@ts.hookimpl
def tempstudio_readers():
    return [Reader()]

@ts.hookimpl
def tempstudio_panels():
    return [ts.Panel("torn", "Torn", drawn)]
"""


@pytest.fixture(scope="module")
def studio(install: Callable[..., Path], watched: Callable[..., Watched]) -> Watched:
    install("their-copies", COPY, "7.7")
    install("nonsense", NONSENSE)
    install("harmful", HARMFUL)
    return watched(verbs="tempstudio.verbs")


@pytest.fixture(scope="module")
def project() -> ts.Project:
    return ts.Project(
        machine=ts.Wafer(rows=2, cols=4),
        model=ts.load_model("llama2-7b"),
        job=ts.TrainingJob(global_batch=8, seq_len=512, recompute="full"),
        degrees=ts.Degrees(dp=2, stream=4, zero=1),
    )


def run(studio: Watched, project: ts.Project, **options: Any) -> Message:
    return studio.ask("run", project=project_to_document(project), options=options)


def test_a_run_crosses_whole(studio: Watched, project: ts.Project) -> None:
    message = run(studio, project)
    here = ts.run(project)
    assert message.type == "done"
    (plan,) = studio.of(message.id, "plan")
    assert plan.header["final"] is True
    assert plan.header["fingerprint"] == project.fingerprint
    for document in (message.header["document"], plan.header["document"]):
        timeless = {key: value for key, value in document.items() if key != "search"}
        expected = json.loads(json.dumps(here.document))
        assert timeless == {key: value for key, value in expected.items() if key != "search"}
    timeline = timeline_from_arrays(plan.header["timeline"], plan.arrays)
    assert timeline.duration_s == here.timeline.duration_s
    for share in (0.0, 0.31, 0.77):
        time_s = share * timeline.duration_s
        ours, theirs = here.timeline.at(time_s), timeline.at(time_s)
        np.testing.assert_array_equal(ours.memory, theirs.memory)
        np.testing.assert_array_equal(ours.link_bytes, theirs.link_bytes)


def test_copies_of_the_built_ins_score_the_same(studio: Watched, project: ts.Project) -> None:
    searched = replace(project, degrees=None, machine=ts.Wafer(rows=2, cols=2))
    names = ("partitioner", "mapper", "solver")
    theirs = replace(
        searched,
        partitioner=ts.StrategyChoice("their-tspp"),
        mapper=ts.StrategyChoice("their-sequential"),
        solver=ts.StrategyChoice("their-exhaustive"),
    )
    ours_document = run(studio, searched).header["document"]
    document = run(studio, theirs).header["document"]
    changed = {"search", "fingerprint", "made_by", "strategy"}
    assert {k: v for k, v in document.items() if k not in changed} == {
        k: v for k, v in ours_document.items() if k not in changed
    }
    assert [(m["kind"], m["plugin"], m["version"]) for m in document["made_by"]] == [
        (kind, "their-copies", "7.7") for kind in names
    ]


def test_a_search_sends_every_better_plan(studio: Watched, project: ts.Project) -> None:
    searched = replace(project, degrees=None, machine=ts.Wafer(rows=2, cols=2))
    message = run(studio, searched)
    plans = studio.of(message.id, "plan")
    assert not any(plan.header["final"] for plan in plans)
    assert plans[-1].header["document"]["step_time_s"] == message.header["document"]["step_time_s"]
    fractions = [m.header["fraction"] for m in studio.of(message.id, "progress")]
    assert fractions and all(0 <= fraction <= 1 for fraction in fractions)


def test_a_replan_keeps_the_degrees_or_takes_the_nearest(
    studio: Watched, project: ts.Project
) -> None:
    free = replace(project, degrees=None)
    decided = {"parallel": {"dp": 2, "stream": 4, "zero": 1}}
    kept = run(studio, free, replan=decided)
    assert kept.header["notes"] == []
    assert kept.header["document"]["fingerprint"] == free.fingerprint
    assert kept.header["document"]["parallel"]["stream"] == 4
    faulty = replace(free, machine=ts.Wafer(rows=2, cols=4, dead_dies=((0, 3), (1, 3))))
    nearest = run(studio, faulty, replan=decided)
    parallel = nearest.header["document"]["parallel"]
    assert (parallel["dp"], parallel["stream"]) in {(2, 3), (1, 4)}
    assert "no longer go" in nearest.header["notes"][0]
    fixed = run(studio, replace(faulty, degrees=ts.Degrees(dp=2, stream=4)), replan=decided)
    assert fixed.header["kind"] == "input" and "8" in fixed.header["message"]


def test_a_budget_ends_a_search_with_its_best(studio: Watched, project: ts.Project) -> None:
    searched = replace(project, degrees=None)
    message = run(studio, searched, budget_s=1e-9)
    assert message.header["kind"] == "noplan"
    assert message.header["message"] == "no plan was found within 1e-09 s"
    assert run(studio, searched, budget_s=100).type == "done"


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ({"mapper": ts.StrategyChoice("gone")}, "input", "mapper: found 'gone', allowed: "),
        (
            {"mapper": ts.StrategyChoice("sequential", options={"x": 1})},
            "input",
            "strategies.mapper.options: found 'x'",
        ),
        ({"degrees": ts.Degrees(dp=9)}, "input", "9"),
        ({"job": ts.TrainingJob(seq_len=10**6)}, "", ""),
    ],
)
def test_wrong_projects_are_told_in_one_line(
    studio: Watched, project: ts.Project, change: dict[str, Any], kind: str, said: str
) -> None:
    message = run(studio, replace(project, **change))
    if not kind:  # a plan that does not fit is still a plan
        assert message.header["document"]["fits"] is False
        return
    assert message.header["kind"] == kind and said in message.header["message"]
    assert "\n" not in message.header["message"]
    broken = studio.ask("run", project={"format": "tempstudio", "version": 1})
    assert broken.header["kind"] == "input" and "model: missing" in broken.header["message"]


BROKEN = [
    ({"mapper": "gap"}, "mapper 'gap', map", "has a gap"),
    ({"mapper": "half"}, "mapper 'half', map", "carry nan of a flow"),
    ({"mapper": "no-pair"}, "mapper 'no-pair', map", "broken mapping"),
    ({"mapper": "swapped"}, "mapper 'swapped', map", "stream schedule is not valid"),
    ({"mapper": "free"}, "mapper 'free', map", "0 are in a stream group"),
    ({"partitioner": "nan"}, "partitioner 'nan', partition", "nan"),
    ({"partitioner": "idle"}, "partitioner 'idle', partition", "the forward keeps 0 bytes"),
    ({"solver": "forger", "mapper": "sequential"}, "solver 'forger', solve", "two ranks"),
]


@pytest.mark.parametrize("fixed", [True, False])
@pytest.mark.parametrize(("change", "hook", "said"), BROKEN)
def test_plans_that_break_a_rule_are_never_shown(
    studio: Watched, project: ts.Project, change: dict[str, str], hook: str, said: str, fixed: bool
) -> None:
    fixed = fixed and "solver" not in change  # fixed degrees ask no solver
    choices = {kind: ts.StrategyChoice(name) for kind, name in change.items()}
    small = replace(project, machine=ts.Wafer(rows=2, cols=3), degrees=ts.Degrees(dp=1, stream=6))
    message = run(studio, replace(small, degrees=small.degrees if fixed else None, **choices))
    assert message.type == "failed" and message.header["kind"] == "fault"
    assert (message.header["plugin"], message.header["hook"]) == ("nonsense", hook)
    assert said in message.header["message"] and "\n" not in message.header["message"]
    shown = studio.of(message.id, "plan")
    assert len(shown) == (1 if "solver" in change else 0)


def test_compare_has_a_row_for_each_pair(studio: Watched, project: ts.Project) -> None:
    message = studio.ask(
        "compare",
        project=project_to_document(project),
        partitioners=["tspp", "megatron1"],
        mappers=["sequential"],
    )
    rows = message.header["rows"]
    assert [row["strategy"]["partitioner"] for row in rows] == ["tspp", "megatron1"]
    assert rows[0]["fits"] in (True, False) and "step_time_s" in rows[0]
    assert rows[1]["error"]["kind"] == "input"  # stream 4 is not Megatron's to give
    assert len(studio.of(message.id, "row")) == 2


def test_models_are_read_by_whoever_can(
    studio: Watched, install: Callable[..., Path], tmp_path: Path
) -> None:
    read = studio.ask("read_model", path="llama2-7b").header
    assert read["parameters"] == preset_workload("llama2-7b").parameters  # type: ignore[union-attr]
    assert read["workload"]["name"] == "llama2-7b" and read["reader"] == "tempstudio"
    broken = tmp_path / "config.json"
    broken.write_text('{"model_type": "llama"}')
    refused = studio.ask("read_model", path=str(broken)).header
    assert refused["kind"] == "input" and "config.json" in refused["message"]


def test_a_figure_is_asked_of_a_panel_that_exists(studio: Watched, project: ts.Project) -> None:
    run(studio, project)
    refused = studio.ask("figure", panel="no such").header
    assert refused["kind"] == "input" and "panel: found 'no such'" in refused["message"]


def test_readers_and_panels_that_do_harm_are_named(
    studio: Watched, project: ts.Project, tmp_path: Path
) -> None:
    for suffix, fault in ((".odd", "SIGSEGV"), (".nil", "returned NoneType, expected Workload")):
        path = tmp_path / f"model{suffix}"
        path.write_text("no model")
        header = studio.ask("read_model", path=str(path)).header
        assert (header["plugin"], header["hook"]) == ("harmful", "reader 'odd', read")
        assert fault in header["message"]
    assert run(studio, project).type == "done"
    header = studio.ask("figure", panel="torn").header
    assert (header["plugin"], header["hook"]) == ("harmful", "panel 'torn', figure")
    assert "KeyError" in header["message"] and header["traceback"].count("File") == 1
