"""A mesh with what is known of it: rounds of its streams, collectives at powers of two bytes."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from tempstudio.core.costs.mesh import AnyMesh, Rounds
from tempstudio.core.costs.traffic import NOTHING, Traffic, slowdowns
from tempstudio.core.partition import Collective, Stream

MOST_PLACES = 1 << 40  # ever made

_numbers = count()

Slowed = tuple[float, float]
Ends = tuple[Traffic, Traffic]


class Place:
    """Communication on a mesh by the number of its kind; on an imagined one nobody is in the way.

    Between two powers of two a collective's time is as good as linear.  Where the mapper gave
    routes they are made for the flows of just its size, so that it is worked out at that.
    """

    def __init__(self, mesh: AnyMesh, crowded: bool = True) -> None:
        self.mesh, self.crowded = mesh, crowded
        self.number = next(_numbers)
        self._rounds: dict[int, Rounds] = {}
        self._ends: dict[tuple[int, int], Ends | None] = {}
        self._points: dict[tuple[Collective, int], Traffic] = {}
        self._exact: dict[Collective, Traffic] = {}
        self._slowed: dict[tuple[int, int], Slowed] = {}

    def rounds(self, number: int, kind: Stream) -> Rounds:
        """The rounds of a kind of streams."""
        known = self._rounds.get(number)
        if known is None:
            known = self._rounds[number] = self.mesh.rounds(kind)
        return known

    def between(self, number: int, kind: Collective, exponent: int) -> Ends | None:
        """Traffic of a kind of collectives at two consecutive powers of two bytes; None where it
        hangs on the very size."""
        key = number, exponent
        if key not in self._ends:
            self._ends[key] = self._between(kind, exponent)
        return self._ends[key]

    def _between(self, kind: Collective, exponent: int) -> Ends | None:
        if self.mesh.exact(kind):
            return None
        below = self._point(kind, exponent)
        return below, self._point(kind, exponent + 1) if len(below.steps_s) else NOTHING

    def _point(self, kind: Collective, exponent: int) -> Traffic:
        key = kind, exponent
        if key not in self._points:
            self._points[key] = self.mesh.collective(replace(kind, bytes=2.0**exponent))
        return self._points[key]

    def exactly(self, wanted: Collective) -> Traffic:
        """The traffic of a collective at its very size."""
        if wanted not in self._exact:
            self._exact[wanted] = self.mesh.collective(wanted)
        return self._exact[wanted]

    def slowed(self, front: Traffic, behind: Traffic) -> Slowed:
        """How much longer two of this place's traffics last while both are in flight."""
        key = id(front), id(behind)  # both stay as long as the place
        known = self._slowed.get(key)
        if known is None:
            known = self._slowed[key] = slowdowns(front, behind)
        return known
