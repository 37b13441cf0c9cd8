"""What the stages of a pipeline have run so far, copy by copy."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tempstudio.core.copy_run import EDGE
from tempstudio.core.stage import Book, Stage
from tempstudio.core.template import Template


class Record:
    """What stages have run: written into the book up to a time, and how each template came out."""

    def __init__(self, templates: Sequence[Template], book: Book) -> None:
        self.templates, self.book = templates, book
        self._seen: dict[int, dict[int, tuple[float, int]]] = {}

    def advance(self, stage: Stage, until_s: float) -> None:
        """Write down the copies that have ended by a time, as alone or as they came about."""
        runs = stage.at.runs
        while stage.run < len(runs):
            number, repeats = runs[stage.run]
            if stage.copy is not None:
                if stage.since_s + stage.copy.length_s * (1 - EDGE) > until_s:
                    return
                self.close_copy(stage, stage.since_s + stage.copy.length_s)
                continue
            length, left = self.templates[number].duration_s, repeats - stage.made
            if length > 0 and until_s < math.inf:
                left = min(left, int((until_s - stage.since_s) / length + EDGE * repeats))
            if left > 0:
                self.book.ran(stage.number, number, stage.since_s, left, stage.at)
                self._saw(number, number, length, left)
                stage.made += left
                stage.since_s += left * length
            if stage.made < repeats:
                return
            stage.run, stage.made = stage.run + 1, 0

    def close_copy(self, stage: Stage, end_s: float) -> None:
        """Write down the present copy, which ended at a time."""
        assert stage.copy is not None
        number = self.book.disturbed(stage.number, stage.copy, stage.at)
        self._saw(stage.copy.number, number, self.templates[number].duration_s, 1)
        stage.copy, stage.since_s = None, end_s
        stage.made += 1
        if stage.made == stage.at.runs[stage.run][1]:
            stage.run, stage.made = stage.run + 1, 0

    def _saw(self, template: int, as_: int, length_s: float, times: int) -> None:
        """Copies of a template came out as another one, or as themselves."""
        rows = self._seen.setdefault(template, {})
        rows[as_] = length_s, rows.get(as_, (0.0, 0))[1] + times

    def usual(self, template: int) -> int:
        """The one that copies of a template came out as whose length is nearest to their mean."""
        rows = self._seen.get(template)
        if not rows:
            return template
        count = sum(times for _, times in rows.values())
        mean = sum(length * times for length, times in rows.values()) / count
        return min(rows, key=lambda number: (abs(rows[number][0] - mean), number))
