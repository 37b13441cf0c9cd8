"""Who may be on whose links: what a task crosses, what is in flight now, when stages next meet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from tempstudio.core.copy_run import EDGE, Alone, alone
from tempstudio.core.stage import Runs, Stage, Task
from tempstudio.core.template import Template
from tempstudio.core.topology import FloatArray, Topology


class Meetings:
    """Links of stages as the bits of whole numbers; `shared` [stages]: those that others use too.

    `templates` may grow; what is worked out for one is kept.
    """

    def __init__(
        self,
        tasks: Sequence[Sequence[Task]],
        templates: Sequence[Template],
        topology: Topology,
    ) -> None:
        self.templates, self.topology = templates, topology
        self._many = len(tasks) > 1
        self._columns: dict[int, Alone] = {}
        self._links: dict[Runs, int] = {}
        self._starts: dict[tuple[int, int], FloatArray] = {}
        masks = [_union(map(self.links_of, line)) for line in tasks]
        self.shared = [
            mask & _union(other for k, other in enumerate(masks) if k != i)
            for i, mask in enumerate(masks)
        ]

    def alone(self, number: int) -> Alone:
        """How a template runs where nobody is in its way."""
        if number not in self._columns:
            self._columns[number] = alone(self.templates[number], self.topology)
        return self._columns[number]

    def links_of(self, task: Task) -> int:
        """All links that a task uses; none where there is only one stage, which meets nobody."""
        if not self._many:
            return 0
        runs = tuple(task.runs)
        if runs not in self._links:
            self._links[runs] = _union(self.alone(number).all_links for number, _ in runs)
        return self._links[runs]

    def links_now(self, stage: Stage, now: float) -> int:
        """Links of what a stage that is let run and written down to now has in flight."""
        if stage.run >= len(stage.at.runs):
            return 0
        at, copy = now - stage.since_s + EDGE * now, stage.copy
        if copy is None:
            return self.alone(stage.at.runs[stage.run][0]).links_at(at)
        running = np.flatnonzero((copy.start <= at) & (at < copy.end))
        return _union(copy.alone.links[item] for item in running.tolist())

    def next_s(self, stage: Stage, from_s: float, after: bool = False) -> float | None:
        """When the stage, let run, next starts an item on links that other stages use as well."""
        runs, since = stage.at.runs, stage.since_s
        run, made, copy = stage.run, stage.made, stage.copy
        while run < len(runs):
            number, repeats = runs[run]
            length = self.templates[number].duration_s
            starts = self._starts_of(stage, number)
            if copy is not None and len(starts):
                links = self.shared[stage.number]
                starts = copy.start[[i for i, on in enumerate(copy.alone.links) if on & links]]
            edge = EDGE * max(length, from_s)
            while made < repeats and len(starts):
                place = int(
                    np.searchsorted(starts, from_s - since + (edge if after else -edge), "right")
                )
                if place < len(starts):
                    return since + float(starts[place])
                since += copy.length_s if copy else length
                made, copy, starts = made + 1, None, self._starts_of(stage, number)
            left = repeats - made
            since += (copy.length_s - length if copy and left else 0.0) + left * length
            run, made, copy = run + 1, 0, None
        return None

    def _starts_of(self, stage: Stage, number: int) -> FloatArray:
        key = stage.number, number
        if key not in self._starts:
            self._starts[key] = self.alone(number).meeting(self.shared[stage.number])
        return self._starts[key]


def _union(masks: Iterable[int]) -> int:
    total = 0
    for mask in masks:
        total |= mask
    return total
