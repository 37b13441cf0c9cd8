"""Random groups of dies, and the slow truth about cycles and paths through small ones."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise, permutations

from hypothesis import strategies as st

Place = tuple[int, int]
Link = tuple[Place, Place]


def mesh_links(rows: int, cols: int) -> list[Link]:
    """Every link of a rows x cols mesh, once."""
    across = [((r, c), (r, c + 1)) for r in range(rows) for c in range(cols - 1)]
    down = [((r, c), (r + 1, c)) for r in range(rows - 1) for c in range(cols)]
    return across + down


@st.composite
def faulty_meshes(
    draw: st.DrawFn, max_rows: int, max_cols: int, max_dead: int, max_dead_links: int
) -> tuple[int, int, list[Place], list[Link]]:
    """(rows, cols, dead dies, dead links) with at least one die alive."""
    rows, cols = draw(st.integers(1, max_rows)), draw(st.integers(1, max_cols))
    places = [(r, c) for r in range(rows) for c in range(cols)]
    most = min(max_dead, len(places) - 1)
    dead = draw(st.lists(st.sampled_from(places), max_size=most, unique=True))
    links = mesh_links(rows, cols)
    broken = (
        draw(st.lists(st.sampled_from(links), max_size=max_dead_links, unique=True))
        if links
        else []
    )
    return rows, cols, dead, broken


def live_links(rows: int, cols: int, dead: Iterable[Place], broken: Iterable[Link]) -> list[Link]:
    """Links whose ends live and that are not broken."""
    gone, cut = set(dead), set(broken)
    return [link for link in mesh_links(rows, cols) if link not in cut and gone.isdisjoint(link)]


def exists_by_brute_force(dies: list[Place], links: list[Link]) -> tuple[bool, bool]:
    """Whether a Hamiltonian cycle and a Hamiltonian path exist, by trying every order."""
    joined = {frozenset(link) for link in links}
    cycle = path = False
    for order in permutations(dies):
        if all(frozenset(step) in joined for step in pairwise(order)):
            path = True
            if len(order) > 2 and frozenset((order[0], order[-1])) in joined:
                cycle = True
                break
    return cycle, path
