"""What crossed which link: the account that an execution keeps and a simulator can be held to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Ledger:
    """Elements moved, per kind of data and directed link (from, to); dies count within the group.

    Kinds: weight, input, output (partial sums), key-value, each also with "gradient" behind it;
    embedding, embedding gradient, token (numbers to be looked up), norm gradient, loss.

    >>> ledger = Ledger()
    >>> ledger.add("weight", 0, 1, 100)
    >>> ledger.add("weight gradient", 0, 1, 10)
    >>> ledger.link_bytes({"weight gradient": 4.0}, default=2.0)
    {(0, 1): 240.0}
    """

    elements: dict[tuple[str, int, int], int] = field(default_factory=lambda: defaultdict(int))

    def add(self, kind: str, source: int, target: int, count: int) -> None:
        """Account for `count` elements that cross the link source -> target."""
        self.elements[kind, source, target] += count

    def absorb(self, other: Ledger, dies: Sequence[int]) -> None:
        """Add the account of a subgroup, whose die k is die `dies[k]` here."""
        for (kind, source, target), count in other.elements.items():
            self.add(kind, dies[source], dies[target], count)

    def link_elements(self, kind: str | None = None) -> dict[tuple[int, int], int]:
        """Elements per directed link, of one kind or of all."""
        total: dict[tuple[int, int], int] = defaultdict(int)
        for (found, source, target), count in self.elements.items():
            if kind is None or found == kind:
                total[source, target] += count
        return dict(sorted(total.items()))

    def kind_elements(self) -> dict[str, int]:
        """Elements x hops per kind."""
        total: dict[str, int] = defaultdict(int)
        for (kind, _, _), count in self.elements.items():
            total[kind] += count
        return dict(sorted(total.items()))

    def link_bytes(
        self, bytes_per_element: Mapping[str, float] | None = None, default: float = 2.0
    ) -> dict[tuple[int, int], float]:
        """Bytes per directed link; kinds that are not listed take `default` bytes per element."""
        sizes = bytes_per_element or {}
        total: dict[tuple[int, int], float] = defaultdict(float)
        for (kind, source, target), count in self.elements.items():
            total[source, target] += count * sizes.get(kind, default)
        return dict(sorted(total.items()))
