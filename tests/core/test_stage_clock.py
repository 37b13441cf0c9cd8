"""Stages and hand-overs on one clock: held against a simulation that takes no short cut at all."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import llama

import tempstudio as ts
from tempstudio.core import appraise
from tempstudio.core import simulate as simulator
from tempstudio.core.fluid import Item, simulate_tasks
from tempstudio.core.parallel import Degrees
from tempstudio.core.progress import Progress
from tempstudio.core.stage import Task
from tempstudio.core.stage_clock import StageClock
from tempstudio.core.timeline import FOREGROUND
from tempstudio.core.topology import Topology, topology_of


class Reference(StageClock):
    """Every item of every copy as a task of one graph: exact, and slow."""

    def run(self) -> float:
        items: list[Item] = []
        before: list[list[int]] = []
        ends: dict[Any, list[int]] = {}
        sends: dict[Any, int] = {}
        last: list[list[int]] = [[] for _ in self.stages]
        self.ends_s: list[float] = []

        def add(item: Item, waits: list[int]) -> int:
            items.append(item)
            before.append(waits)
            return len(items) - 1

        pending = [(stage.number, task) for stage in self.stages for task in stage.tasks]
        while pending:
            left = []
            blocked: set[int] = set()
            for number, task in pending:
                known = task.after is None or task.after in sends or task.after in ends
                if number in blocked or not known:
                    blocked.add(number)
                    left.append((number, task))
                    continue
                waits = list(last[number])
                if task.after in sends:
                    waits.append(sends[task.after])
                elif task.after is not None:
                    waits += ends[task.after]
                last[number] = self._copies(task, waits, add)
                if task.send is None:
                    ends[task.gives] = last[number]
                    continue
                sends[task.gives] = add(Item(0.0, task.send.flows), list(last[number]))
                if task.send.blocking:
                    last[number] = [sends[task.gives]]
            assert len(left) < len(pending)
            pending = left
        times = simulate_tasks(items, before, self.topology)
        ended = times.start_s + times.duration_s
        self.ends_s = [float(ended[line].max()) for line in last]
        return max(self.ends_s)

    def _copies(self, task: Task, waits: list[int], add: Any) -> list[int]:
        for number, repeats in task.runs:
            events = self.templates[number].events
            for _ in range(repeats):
                after = []
                for lane in (FOREGROUND, 1 - FOREGROUND):
                    line = [event for event in events if event.lane == lane]
                    here = waits
                    for event in line:
                        flows = event.step.scaled(event.scale) if event.step else None
                        here = [add(Item(event.compute_s, flows), here)]
                    after += here if line else []
                waits = after or waits
        return waits


def both(
    monkeypatch: pytest.MonkeyPatch, degrees: Degrees, machine: ts.Machine, **more: Any
) -> tuple[ts.Run, float]:
    """(the run, the step's duration by the reference)."""
    options = more.pop("options", {})
    project = ts.Project(
        machine=machine,
        model=more.pop("model", llama()),
        partitioner=ts.StrategyChoice(more.pop("partitioner", "megatron3"), options=options),
        mapper=ts.StrategyChoice(more.pop("mapper", "sequential")),
        job=ts.TrainingJob(**{"global_batch": 8, "seq_len": 256, **more}),
        degrees=degrees,
    )
    run = ts.run(project)
    with monkeypatch.context() as patch:
        patch.setattr(simulator, "StageClock", Reference)
        plan = run.plan
        step = simulator.run_step(plan.partition, plan.mapping, machine, Progress())
    return run, step.duration_s


SLOW = ts.Wafer(rows=4, cols=4, link=replace(ts.Link(), bytes_per_s=2e10))
FAST = ts.Wafer(rows=4, cols=4)
CASES = {
    "fast": (Degrees(pp=2, dp=2, tp=4), FAST, {}),
    "slow": (Degrees(pp=2, dp=2, tp=4), SLOW, {}),
    "streams": (Degrees(pp=2, stream=8), SLOW, {"partitioner": "tspp"}),
    "four stages": (Degrees(pp=4, tp=4), SLOW, {}),
    "interleaved": (Degrees(pp=2, tp=4, interleave=2), SLOW, {"global_batch": 4}),
    "partial rows": (Degrees(pp=2, dp=3, tp=2), SLOW, {}),
    "three in rows of four": (Degrees(pp=4, dp=3), SLOW, {}),
    "gathered weights": (Degrees(pp=2, dp=4, tp=2, zero=3), SLOW, {}),
    "gathered on meeting links": (Degrees(pp=2, dp=3, tp=2, zero=3), SLOW, {}),
    "blocking": (Degrees(pp=4, tp=4), SLOW, {"options": {"overlap_sends": False}}),
    "cluster": (
        Degrees(pp=4, tp=2),
        ts.Cluster(nodes=2, devices_per_node=4),
        {"model": llama(1024, 8, 8, 4, 2816)},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_clock_agrees_with_a_simulation_of_every_item(
    monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    degrees, machine, more = CASES[case]
    run, reference_s = both(monkeypatch, degrees, machine, **more)
    assert run.score.step_time_s == pytest.approx(reference_s, rel=1e-6)


PLANS = [
    Degrees(pp=2, dp=2, tp=2),
    Degrees(pp=2, dp=3, tp=2),
    Degrees(pp=3, dp=3),
    Degrees(pp=3, tp=4, zero=1),
    Degrees(pp=2, dp=3, zero=3),
    Degrees(pp=4, dp=2),
]


@settings(deadline=None, max_examples=12)
@given(
    degrees=st.sampled_from(PLANS),
    rows=st.sampled_from([3, 4]),
    gb_per_s=st.sampled_from([2, 20, 4000]),
    batch=st.integers(6, 13),
    recompute=st.sampled_from(["none", "full"]),
    dead=st.sampled_from([(), ((1, 1),)]),
)
def test_the_clock_agrees_on_any_plan(
    degrees: Degrees, rows: int, gb_per_s: int, batch: int, recompute: str, dead: Any
) -> None:
    link = replace(ts.Link(), bytes_per_s=gb_per_s * 1e9)
    machine = ts.Wafer(rows=rows, cols=4, link=link, dead_dies=dead)
    if degrees.size > machine.alive_count:
        return
    model = llama(256, 4, 4, 3, 512) if degrees.pp == 3 else llama(256, 4, 4, 4, 512)
    more = {"model": model, "global_batch": batch, "seq_len": 128, "recompute": recompute}
    with pytest.MonkeyPatch.context() as patch:
        run, reference_s = both(patch, degrees, machine, **more)
    assert run.score.step_time_s == pytest.approx(reference_s, rel=1e-6)
    score = run.score
    parts = score.compute_s + score.exposed_s + score.bubble_s + score.optimizer_s
    assert parts == pytest.approx(score.step_time_s, rel=1e-6)


def contended() -> tuple[Any, ts.Wafer]:
    """A plan whose stages stream on slow links while activations pass."""
    project = ts.Project(
        machine=SLOW,
        model=llama(),
        job=ts.TrainingJob(global_batch=4, seq_len=256),
        degrees=Degrees(pp=2, stream=8),
    )
    return ts.run(project).plan, SLOW


def finishes(plan: Any, machine: ts.Wafer) -> set[float]:
    """When the flows of the stages' own streams arrive, over all templates."""
    step = simulator.run_step(plan.partition, plan.mapping, machine, Progress())
    return {
        float(f"{time:.9g}")
        for template in step.templates
        for event in template.events
        if event.step is not None and step_role(step, event.phase) != "P"
        for time in event.finish_s.tolist()
    }


def step_role(step: Any, phase: int) -> str:
    return list(step.phases)[phase].role


def test_without_the_hand_overs_the_streams_finish_at_other_times() -> None:
    plan, machine = contended()
    with_them = finishes(plan, machine)
    quiet = tuple(replace(program, send_bytes=0.0) for program in plan.partition.stages)
    alone = finishes(replace(plan, partition=replace(plan.partition, stages=quiet)), machine)
    assert alone < with_them  # all that there was, and what the hand-overs delayed
    fewer = replace(plan, partition=replace(plan.partition, stages=tuple(
        replace(program, send_bytes=program.send_bytes / 2) for program in plan.partition.stages
    )))  # fmt: skip
    assert finishes(fewer, machine) not in (alone, with_them)


def test_bytes_integrated_over_the_timeline_are_the_flows_bytes() -> None:
    plan, machine = contended()
    _, timeline = simulator.simulate(plan, machine, Progress())
    table, edges = timeline.templates, {0.0, timeline.duration_s}
    for rows in (timeline.spans, timeline.sends):
        for span in range(len(rows.start_s)):
            first, last = table.item_start[rows.template[span] :][:2].tolist()
            inside = set()
            for item in range(first, last):
                at = float(table.start_s[item])
                inside |= {at, float(table.end_s[item])}
                begin = int(table.finish_start[item])
                if table.flow_set[item] >= 0:
                    end = begin + int(np.diff(timeline.flow_sets.set_start)[table.flow_set[item]])
                    inside |= {at + time for time in table.finish_s[begin:end].tolist()}
            for copy in range(int(rows.repeats[span])):
                start = float(rows.start_s[span]) + copy * float(rows.period_s[span])
                edges |= {start + at for at in inside}
    moments = np.array(sorted(edges))
    total = np.zeros(len(timeline.link_source))
    for begin, end in itertools.pairwise(moments.tolist()):
        if end - begin > 1e-15:
            total += timeline.at((begin + end) / 2).link_rate * (end - begin)
    assert total == pytest.approx(timeline.step_link_bytes, rel=1e-6)


def test_half_of_one_link_delays_only_who_uses_it_or_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan, machine = contended()
    plain = simulator.run_step(plan.partition, plan.mapping, machine, Progress())
    topology = topology_of(machine)
    group = next(g for g in plan.mapping.groups if g.ranks[0] >= 8)  # of the second stage
    link = topology.link_ids[group.dies[0], group.dies[1]]
    speed = topology.bytes_per_s.copy()
    speed[link] /= 2
    slower = Topology(**{**vars_of(topology), "bytes_per_s": speed})
    for module in (simulator, appraise):
        monkeypatch.setattr(module, "topology_of", lambda _: slower)
    halved = simulator.run_step(plan.partition, plan.mapping, machine, Progress())
    assert halved.duration_s > plain.duration_s
    changed, seen = 0, set()
    for number, (before, after) in enumerate(zip(plain.templates, halved.templates, strict=False)):
        stage = plain.template_stage[number]
        if (stage, before.segment) in seen or before.segment.name == "pipeline":
            break  # what follows are copies that had company
        seen.add((stage, before.segment))
        assert (stage, before.segment) == (halved.template_stage[number], after.segment)
        for one, two in zip(before.events, after.events, strict=True):
            uses = one.step is not None and bool(one.step.flows.link_set >> int(link) & 1)
            length, longer = one.end_s - one.start_s, two.end_s - two.start_s
            assert longer >= length * (1 - 1e-9)
            if not uses:
                assert longer == pytest.approx(length, rel=1e-9)
            changed += longer > length * (1 + 1e-9)
        if stage == 0:
            assert after.duration_s == pytest.approx(before.duration_s, rel=1e-9)
    assert changed > 0


def vars_of(topology: Topology) -> dict[str, Any]:
    return {name: getattr(topology, name) for name in Topology.__dataclass_fields__}
