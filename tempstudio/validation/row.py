"""One figure that was published, the same one computed, and whether they agree."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

EQUAL = "equal"  # within rel_tol either way
ABOVE = "from above"  # a bound: never beaten, and met within rel_tol
AT_LEAST = "at least"  # a bound: never beaten
AT_MOST = "at most"  # no more than (1 + rel_tol) times as much
NEVER_BEATEN = 1e-9  # relative; what rounding may do

Value = float | int | str | bool | None


@dataclass(frozen=True, slots=True)
class Row:
    """A figure of a case; `rel_tol` None: it is shown only (or held as one of its `group`).

    `figure` tells the figures of one case apart, `kind` is the case's, `sense` how the two are
    compared.
    """

    id: str
    kind: str
    published: Value
    computed: Value
    source: str
    figure: str = ""
    unit: str = ""
    rel_tol: float | None = None
    sense: str = EQUAL
    note: str = ""
    group: str = ""

    @property
    def error(self) -> float | None:
        """Computed over published, less 1; None where one of them is no number.

        >>> Row("a", "k", published=2.0, computed=2.5, source="").error
        0.25
        """
        pair = (self.published, self.computed)
        if any(isinstance(value, (bool, str)) or value is None for value in pair):
            return None
        published, computed = float(pair[0] or 0), float(pair[1] or 0)
        if published == 0:
            return 0.0 if computed == 0 else None
        return computed / published - 1.0

    @property
    def passed(self) -> bool | None:
        """Whether it holds; None where it is shown only."""
        if self.rel_tol is None:
            return None
        if self.error is None:
            return self.published == self.computed
        if not math.isfinite(self.error):
            return False
        lowest = {EQUAL: -self.rel_tol, AT_MOST: -math.inf}.get(self.sense, -NEVER_BEATEN)
        highest = math.inf if self.sense == AT_LEAST else self.rel_tol
        return lowest <= self.error <= highest

    def document(self) -> dict[str, Any]:
        """The row of `tempstudio validate --json`."""
        return {
            "id": self.id,
            "figure": self.figure,
            "kind": self.kind,
            "published": self.published,
            "computed": self.computed,
            "unit": self.unit,
            "error": self.error,
            "rel_tol": self.rel_tol,
            "sense": self.sense,
            "pass": self.passed,
            "group": self.group,
            "source": self.source,
            "note": self.note,
        }
