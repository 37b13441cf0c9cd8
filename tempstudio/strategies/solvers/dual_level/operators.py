"""Degrees and layouts operator by operator: dynamic programming over segments of the graph.

With a candidate's common choice as origin, what one operator's own choice changes is asked for
alone, and for each two neighbours together: what the pair changes beyond the two is their
redistribution.  Sums of these are exact where only neighbours exchange; a label-setting pass over
the chain keeps the choices that no other beats in both objective and memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product

from tempstudio.core.candidate import Candidate
from tempstudio.core.parallel import OperatorDegrees
from tempstudio.core.problem import Problem
from tempstudio.core.progress import Progress
from tempstudio.strategies.solvers.dual_level.cuts import choosing, ways_of
from tempstudio.strategies.solvers.dual_level.ledger import Figures, Ledger

MOST_CHOICES = 4  # of an operator, besides the common one
MOST_LABELS = 12
COMMON = None

Choice = OperatorDegrees | None


@dataclass(frozen=True)
class Label:
    """Choices along a chain and what they change: the objective's figure, bytes."""

    changed: float
    bytes: float
    choices: tuple[OperatorDegrees, ...]


class OperatorSearch:
    """Refines one candidate's operators."""

    def __init__(self, problem: Problem, ledger: Ledger) -> None:
        self.problem, self.ledger = problem, ledger
        self.place = {"throughput": 0, "memory": 1}.get(ledger.objective, 2)

    def refine(self, origin: Candidate, progress: Progress) -> list[Candidate]:
        """Candidates with operators of their own, the most promising first."""
        if origin.degrees.block < 2:
            return []
        chains = choosing(self.problem.project.model)
        labels = [Label(0.0, 0.0, ())]
        for number, names in enumerate(chains):
            part = progress.part(number / len(chains), (number + 1) / len(chains))
            labels = _thinned(
                [
                    Label(a.changed + b.changed, a.bytes + b.bytes, a.choices + b.choices)
                    for a, b in product(labels, self._chain(origin, names, part))
                ]
            )
        room = self.ledger.capacity - self.ledger.guessed[origin][1]
        fitting = [label for label in labels if label.bytes <= room] or labels
        fitting.sort(key=lambda label: label.changed if label.bytes <= room else label.bytes)
        return [_with(origin, label.choices) for label in fitting if label.choices][:MOST_CHOICES]

    def _chain(self, origin: Candidate, names: Sequence[str], progress: Progress) -> list[Label]:
        """Label setting over the operators of one segment."""
        options = [self._options(origin, name, progress.part(0.0, 0.5)) for name in names]
        pairs = [
            _with(origin, (x, y))
            for first, second in pairwise(options)
            for x, y in product(first, second)
            if x and y
        ]
        self.ledger.guess(pairs, progress.part(0.5, 1.0))
        states: dict[Choice, list[Label]] = {COMMON: [Label(0.0, 0.0, ())]}
        before: Choice = COMMON
        for place, choices in enumerate(options):
            grown: dict[Choice, list[Label]] = {}
            for choice in choices:
                found = []
                for before, labels in states.items():
                    step = self._step(origin, before if place else COMMON, choice)
                    found += [_extended(label, step, choice) for label in labels]
                grown[choice] = _thinned(found)
            states = grown
        return _thinned([label for labels in states.values() for label in labels])

    def _options(self, origin: Candidate, name: str, progress: Progress) -> list[Choice]:
        """The common choice, and the best few of an operator's own."""
        own = list(ways_of(origin.degrees, name))
        self.ledger.guess([_with(origin, (way,)) for way in own], progress)
        legal = [way for way in own if self._delta(origin, (way,))[0] < float("inf")]
        legal.sort(key=lambda way: self._delta(origin, (way,)))
        kept: list[Choice] = [COMMON]
        groupings: dict[tuple[int, int], int] = {}
        for way in legal:
            if groupings.get((way.tp, way.stream), 0) < 2 and len(kept) <= MOST_CHOICES:
                groupings[way.tp, way.stream] = groupings.get((way.tp, way.stream), 0) + 1
                kept.append(way)
        return kept

    def _step(self, origin: Candidate, before: Choice, choice: Choice) -> tuple[float, float]:
        """What a choice changes after another one: its own share and their redistribution."""
        if choice is None:
            return 0.0, 0.0
        own = self._delta(origin, (choice,))
        if before is None:
            return own
        both, first = self._delta(origin, (before, choice)), self._delta(origin, (before,))
        return both[0] - first[0], both[1] - first[1]

    def _delta(self, origin: Candidate, own: tuple[OperatorDegrees, ...]) -> tuple[float, float]:
        found: Figures = self.ledger.guessed[_with(origin, own)]
        base = self.ledger.guessed[origin]
        return found[self.place] - base[self.place], found[1] - base[1]


def _extended(label: Label, step: tuple[float, float], choice: Choice) -> Label:
    choices = label.choices if choice is None else (*label.choices, choice)
    return Label(label.changed + step[0], label.bytes + step[1], choices)


def _with(origin: Candidate, own: Sequence[OperatorDegrees]) -> Candidate:
    return replace(origin, degrees=replace(origin.degrees, operators=tuple(own)))


def _thinned(labels: Sequence[Label]) -> list[Label]:
    """Labels that no other beats in both, at most `MOST_LABELS`, the quickest first."""
    kept: list[Label] = []
    least = float("inf")
    for label in sorted(labels, key=lambda one: (one.changed, one.bytes, len(one.choices))):
        if label.changed < float("inf") and label.bytes < least:
            least = label.bytes
            kept.append(label)
    return kept[:MOST_LABELS]
