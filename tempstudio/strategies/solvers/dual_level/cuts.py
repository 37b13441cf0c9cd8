"""Where the operator graph falls apart: the residual stream is all that crosses."""

from __future__ import annotations

from tempstudio.core.parallel import Degrees, OperatorDegrees
from tempstudio.core.workload import Block, Operator, Workload

CHOOSING = ("linear", "attention", "experts")


def segments(block: Block) -> list[tuple[Operator, ...]]:
    """Runs of operators between cuts that a single tensor crosses.

    >>> ends = [("norm", ("input",)), ("up", ("norm",)), ("add", ("input", "up"))]
    >>> ends += [("gate", ("add",)), ("out", ("add", "gate"))]
    >>> block = Block("b", tuple(Operator(name, "elementwise", inputs) for name, inputs in ends))
    >>> [[operator.name for operator in run] for run in segments(block)]
    [['norm', 'up', 'add'], ['gate', 'out']]
    """
    runs: list[tuple[Operator, ...]] = []
    start = 0
    for place in range(1, len(block.operators)):
        if len(_crossing(block, place)) == 1 and _joins(block.operators[place - 1]):
            runs.append(block.operators[start:place])
            start = place
    runs.append(block.operators[start:])
    return runs


def _joins(operator: Operator) -> bool:
    """Whether a branch comes back to the residual stream here."""
    return len(operator.inputs) > 1


def _crossing(block: Block, place: int) -> set[str]:
    """Tensors made before an operator's place and used from there on."""
    made = {"input", *(operator.name for operator in block.operators[:place])}
    used = {name for operator in block.operators[place:] for name in operator.inputs}
    return made & used


def choosing(model: Workload) -> list[tuple[str, ...]]:
    """Names of the operators of each segment that may be cut in a way of their own."""
    found = []
    for block in model.blocks:
        if not any(operator.kind == "attention" for operator in block.operators):
            continue
        for run in segments(block):
            names = tuple(operator.name for operator in run if operator.kind in CHOOSING)
            if names:
                found.append(names)
    return list(dict.fromkeys(found))


def ways_of(degrees: Degrees, name: str) -> list[OperatorDegrees]:
    """Every cut of the block that an operator may have, every layout where something streams.

    >>> [str(way) for way in ways_of(Degrees(tp=2), "up")][-1]
    'up:tp=2/stream=1'
    """
    found = []
    for tp in range(1, degrees.block + 1):
        if degrees.block % tp == 0:
            stream = degrees.block // tp
            layouts = ("weight", "input", "output") if stream > 1 else ("",)
            found += [OperatorDegrees(name, tp, stream, layout) for layout in layouts]
    return found
