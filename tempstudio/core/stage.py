"""Pipeline stages: their turns, where each is in them, and who writes down what they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tempstudio.core.copy_run import SAME, CopyRun
from tempstudio.core.handover import Handover
from tempstudio.core.template import Template
from tempstudio.core.topology import FloatArray

Runs = Sequence[tuple[int, int]]  # template numbers with repeats
Key = tuple[bool, int, int]  # forward or backward, model chunk, micro-batch


@dataclass(frozen=True)
class Task:
    """One turn of a stage: what it runs, what it waits for, what it is then good for."""

    runs: Runs
    micro_batch: int
    after: Key | None = None  # what must be there before it starts
    gives: Key | None = None  # what is there once it has ended, or its hand-over has arrived
    send: Handover | None = None


class Book:
    """Who writes down what happens: spans of a stage, and hand-overs."""

    def ran(self, stage: int, template: int, start_s: float, repeats: int, task: Task) -> None:
        """`repeats` copies of a template, undisturbed."""

    def disturbed(self, stage: int, copy: CopyRun, task: Task) -> int:
        """One copy that was in somebody's way; the number of the template that it came out as."""
        return copy.number

    def waited(self, stage: int, start_s: float, end_s: float, forward: bool, task: Task) -> None:
        """A stage had nothing to do but wait for a hand-over under way."""

    def sent(self, send: Handover, start_s: float, finish_s: FloatArray, task: Task) -> None:
        """A hand-over started, and its flows arrived after `finish_s` [flows]."""


@dataclass(eq=False)
class Stage:
    """Where a stage is in its tasks: copies made of run `run`, the present one begun at `since_s`.

    `at` is the task at hand, `copy` the present copy where it does not run as alone; `followed`
    while it is stepped through item by item.
    """

    number: int
    tasks: Sequence[Task]
    at: Task = Task((), -1)
    links: int = 0  # of the task at hand
    task: int = 0
    busy: bool = False
    blocked: bool = False  # by its own hand-over
    run: int = 0
    made: int = 0
    since_s: float = 0.0
    copy: CopyRun | None = None
    followed: bool = False
    version: int = 0
    free_s: float = 0.0

    def runs_on(self, now: float, templates: Sequence[Template]) -> bool:
        """Whether the present copy, as alone, surely lasts beyond now."""
        if self.copy is not None or self.run >= len(self.at.runs):
            return False
        length = templates[self.at.runs[self.run][0]].duration_s
        return now < self.since_s + length * (1 - SAME)

    def turn_end_s(self, templates: Sequence[Template]) -> float:
        """When the turn ends if nobody is in the way from here on."""
        runs = self.at.runs
        if self.run >= len(runs):
            return self.since_s
        number, repeats = runs[self.run]
        left = repeats - self.made - (self.copy is not None)
        end = self.since_s + (self.copy.length_s if self.copy else 0.0)
        end += left * templates[number].duration_s
        return end + sum(templates[k].duration_s * n for k, n in runs[self.run + 1 :])


@dataclass(eq=False)
class Underway:
    """A hand-over on its way; `solo` while nobody else is on its links."""

    send: Handover
    task: Task
    start_s: float
    solo: bool
