"""What the model graph tells besides itself: shapes of a micro-batch, and a run's operators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tempstudio.scene.format import count, seconds
from tempstudio.scene.model_graph import Copy, ModelGraph, Node


@dataclass(frozen=True)
class OperatorRun:
    """What a run says of an operator: layout, seconds of the step, degrees that are not one."""

    layout: str
    compute_s: float
    exposed_s: float
    degrees: str = ""

    @property
    def text(self) -> str:
        """In one line."""
        parts = (self.layout, self.degrees, seconds(self.compute_s + self.exposed_s))
        return " · ".join(part for part in parts if part)


@dataclass(frozen=True)
class Reading:
    """What stands beside the graph itself: tokens of a micro-batch, and a run's operators.

    `stages` says which stage holds each copy of a block, by its name; empty where there is but one.
    """

    samples: int = 1
    seq_len: int = 1
    runs: Mapping[str, OperatorRun] = field(default_factory=dict)
    stages: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def stage_of(self, graph: ModelGraph, copy: Copy) -> int | None:
        """The stage that holds a copy of a block, where there are several."""
        held = self.stages.get(graph.workload.blocks[copy[0]].name, ())
        return held[copy[1]] if copy[1] < len(held) else None


def shape_text(reading: Reading, features: int) -> str:
    """(Samples x) tokens x features of a tensor in a micro-batch.

    >>> shape_text(Reading(1, 4096), 11008), shape_text(Reading(2, 4096), 11008)
    ('4,096 × 11,008', '2 × 4,096 × 11,008')
    """
    samples = (reading.samples,) if reading.samples > 1 else ()
    sizes = (*samples, reading.seq_len, *((features,) if features else ()))
    return " × ".join(f"{size:,}" for size in sizes)


def lines_of(node: Node, reading: Reading) -> list[str]:
    """What a card says, the most important first."""
    run = run_of(node, reading)
    if run is not None:
        return [node.title, node.about, run.text]
    parameters = node.operator.parameters if node.operator is not None else 0
    return [node.title, node.about, *([f"{count(parameters)} parameters"] if parameters else [])]


def run_of(node: Node, reading: Reading) -> OperatorRun | None:
    """What the run says of a node: of a folded block, of all its operators together."""
    if node.kind != "block":
        return reading.runs.get(node.name)
    inside = [reading.runs[name] for name in node.inside if name in reading.runs]
    if not inside:
        return None
    return OperatorRun(
        "all layers", sum(run.compute_s for run in inside), sum(run.exposed_s for run in inside)
    )
