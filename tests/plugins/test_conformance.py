"""The suite passes what keeps the rules and names what breaks one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

import tempstudio as ts
from tempstudio import conformance
from tempstudio.plugin_host import shared_host


@dataclass(frozen=True)
class NoOptions:
    """Nothing."""


@dataclass
class Thawed:
    depth: int = ts.option(3, minimum=1, maximum=9)


def built_in(kind: str, name: str) -> Any:
    return shared_host(True).find(kind, name).object


def strategy(method: str, call: Callable[..., Any], options: type = NoOptions) -> Any:
    """An object with one method, as a plugin would offer it."""
    about = {"name": "odd", "summary": "odd", "version": "1", "Options": options}
    return type("Odd", (), about | {method: staticmethod(call)})()


def in_order(partition: Any, machine: Any, options: Any, rng: Any, progress: Any) -> ts.Mapping:
    progress.step(0.0)
    return ts.Mapping(tuple(range(partition.degrees.size)))


def at_random(partition: Any, machine: Any, options: Any, rng: Any, progress: Any) -> ts.Mapping:
    progress.step(0.0)
    order = np.random.default_rng().permutation(machine.alive_ids)[: partition.degrees.size]
    return ts.Mapping(tuple(order.tolist()))


def deaf(partition: Any, machine: Any, options: Any, rng: Any, progress: Any) -> ts.Mapping:
    return in_order(partition, machine, options, rng, ts.Progress())


def lossy(*arguments: Any) -> ts.Partition:
    whole = built_in("partitioner", "megatron1")
    *others, _, progress = arguments
    partition = whole.partition(*others, whole.Options(), progress)
    short = tuple(replace(stage, forward=stage.forward[:1]) for stage in partition.stages)
    return replace(partition, stages=short)


def thin(*arguments: Any) -> ts.Partition:
    """The largest share of the work is smaller than the mean."""
    whole = built_in("partitioner", "megatron1")
    *others, _, progress = arguments
    partition = whole.partition(*others, whole.Options(), progress)

    def half(segment: ts.Segment) -> ts.Segment:
        phases = (replace(p, work=replace(p.work, flop=p.work.flop / 2)) for p in segment.phases)
        return replace(segment, phases=tuple(phases))

    stages = (replace(s, forward=tuple(map(half, s.forward))) for s in partition.stages)
    return replace(partition, stages=tuple(stages))


def all_of_them(problem: Any, options: Any, rng: Any, progress: Any) -> Any:
    for degrees in problem.degrees():
        progress.step(0.0)
        try:
            yield problem.build(degrees)
        except (ts.InputError, ts.NoPlanError):
            continue


def none_of_them(problem: Any, options: Any, rng: Any, progress: Any) -> Any:
    progress.step(0.0)
    return iter(())


def stubborn(problem: Any, options: Any, rng: Any, progress: Any) -> Any:
    """It has all its plans before it yields the first, and then hears nothing more."""
    yield from list(all_of_them(problem, options, rng, progress))


def trusting(path: Any) -> Any:
    return ts.load_model(path) if path.read_text() else None


def exporter(write: Callable[..., None], *suffixes: str) -> Any:
    odd = strategy("write", write)
    odd.suffixes = suffixes
    return odd


def _never_the_same(run: Any, path: Any) -> None:
    path.write_text(str(np.random.default_rng().random()))


def panel(part: Any) -> ts.Panel:
    return ts.Panel("odd", "Odd", lambda run, time_s, selection: ts.Figure("Odd", (part,)))


WRONG = [
    ("mapper", object(), "description", "has no name"),
    ("mapper", strategy("place", in_order), "description", "has no method map"),
    ("mapper", strategy("map", in_order, Thawed), "options", "hash"),
    ("mapper", strategy("map", in_order), "faulty wafer", "dead die"),
    (
        "mapper",
        strategy("map", in_order),
        "whole wafer",
        "of the 12 ranks of stage 0, 0 are in a stream group",
    ),
    ("mapper", strategy("map", at_random), "seed", "two mappings with seed 7 differ"),
    ("mapper", strategy("map", deaf), "cancel", "went on after it was cancelled"),
    ("mapper", strategy("map", lambda *_: None), "1 x 1", "returned NoneType"),
    ("partitioner", strategy("partition", lossy), "1 x 1", "forward computes"),
    ("partitioner", strategy("partition", thin), "1 x 1", "less than the mean"),
    ("solver", strategy("solve", all_of_them), "whole wafer", "is no better than"),
    ("solver", strategy("solve", none_of_them), "1 x 1", "yielded no plan"),
    ("solver", strategy("solve", stubborn), "cancel", "after it was cancelled|as if it were"),
    ("reader", strategy("read", trusting), "broken files", "returned NoneType"),
    ("exporter", exporter(lambda run, path: None), "suffixes", "expected texts such as"),
    ("exporter", exporter(lambda run, path: None, ".x"), "files", "wrote no run.x"),
    ("exporter", exporter(lambda run, path: path.touch(), ".x"), "files", "wrote an empty file"),
    ("exporter", exporter(_never_the_same, ".x"), "repeat", "two files of the same run differ"),
    ("exporter", exporter(_never_the_same, ".x"), "no folder", "expected InputError"),
    ("panel", panel(ts.Lines("l", (0.0, 1.0), (1.0,))), "1 x 1", "2 x for 1 y"),
    ("panel", panel(ts.Bars("b", ("a",), (math.nan,))), "1 x 1", "found nan"),
    ("panel", panel(ts.Bars("b", ("a",), (np.float64(1),))), "1 x 1", "found a float64"),
    ("panel", panel(ts.Table(("a", "b"), ((1.0,),))), "1 x 1", r"rows of \[1, 2\] cells"),
]


@pytest.mark.parametrize(
    ("kind", "wrong", "name", "said"), WRONG, ids=[f"{w[0]}-{w[3][:24]}" for w in WRONG]
)
def test_what_breaks_a_rule_is_named(kind: str, wrong: Any, name: str, said: str) -> None:
    (check,) = [check for check in conformance.checks(kind) if check.name == name]
    with pytest.raises(conformance.Broken, match=said):
        check(wrong)
    finding = check.examine(wrong)
    assert not finding.passed and "\n" not in finding.message


@pytest.mark.parametrize(
    ("kind", "name"),
    [("partitioner", "megatron3"), ("mapper", "sequential"), ("reader", "json-graph")],
)
def test_the_built_ins_keep_the_rules(kind: str, name: str) -> None:
    findings = list(conformance.examine(kind, built_in(kind, name)))
    assert [f"{f.check}: {f.message}" for f in findings if not f.passed] == []
    assert len(findings) == len(conformance.checks(kind))


def test_placements_that_a_mapper_offers_solvers_are_mapped() -> None:
    (check,) = [check for check in conformance.checks("mapper") if check.name == "placements"]
    offered = check.examine(built_in("mapper", "traffic-conscious"))
    assert offered.passed and " placements, " in offered.message, offered.message
    refused = check.examine(Refusing())
    assert not refused.passed and "refuses to map every one" in refused.message


class Refusing:
    """Offers a placement and then has no mapping with it."""

    name, summary, version, Options = "refusing", "odd", "1", NoOptions
    map = staticmethod(in_order)

    def placements(self, degrees: Any, machine: Any, options: Any) -> Any:
        yield machine.alive_ids[: degrees.size]

    def place(self, *arguments: Any) -> ts.Mapping:
        raise ts.NoPlanError("no")


def test_an_object_of_no_kind_ends_the_examination() -> None:
    (only,) = conformance.examine("solver", object())
    assert not only.passed


def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(ts.InputError, match="found 'mappers', allowed: partitioner, mapper"):
        conformance.checks("mappers")
