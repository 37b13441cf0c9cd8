"""The symmetries of a mesh: placements found on its mirror images are placements on itself.

Symmetry numbers are sums of FLIP_ROWS, FLIP_COLS and TRANSPOSE (rows become columns first, then
what is so found is mirrored): 8 on one wafer, 4 on a chain, whose joints a transposition breaks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tempstudio.core.machine import Coordinate, Machine, Wafer

FLIP_ROWS, FLIP_COLS, TRANSPOSE = 1, 2, 4


def symmetries(machine: Machine) -> tuple[int, ...]:
    """Numbers of the symmetries that a machine's drawing has, the identity first.

    >>> symmetries(Wafer(rows=2, cols=3))
    (0, 1, 2, 3, 4, 5, 6, 7)
    """
    if not isinstance(machine, Wafer):
        return (0,)
    return tuple(range(8 if machine.wafers == 1 else 4))


def turned(machine: Machine, symmetry: int) -> Machine:
    """The machine with all its faults as the symmetry shows it.

    >>> turned(Wafer(rows=2, cols=3, dead_dies=((0, 2),)), TRANSPOSE).dead_dies
    ((2, 0),)
    """
    if symmetry == 0 or not isinstance(machine, Wafer):
        return machine

    def place(coordinate: Coordinate) -> Coordinate:
        return _image(coordinate, machine, symmetry)

    swapped = bool(symmetry & TRANSPOSE)
    return replace(
        machine,
        rows=machine.cols if swapped else machine.rows,
        cols=machine.rows if swapped else machine.cols,
        dead_dies=tuple(place(die) for die in machine.dead_dies),
        dead_links=tuple((place(a), place(b)) for a, b in machine.dead_links),
        core_yield=tuple(
            (*place(tuple(int(x) for x in item[:-1])), item[-1]) for item in machine.core_yield
        ),
    )


def distinct_symmetries(machine: Machine) -> tuple[int, ...]:
    """One of the symmetries for each drawing of the machine: the others' placements are mirrored.

    What is mirrored costs the same; what is transposed need not, as routes turn the other way.

    >>> distinct_symmetries(Wafer(rows=2, cols=3)), distinct_symmetries(
    ...     Wafer(rows=2, cols=3, dead_dies=((0, 1),))
    ... )
    ((0, 4), (0, 1, 4, 6))
    """
    found: dict[object, int] = {}
    for symmetry in symmetries(machine):
        image = turned(machine, symmetry)
        faults = (
            (
                frozenset(image.dead_dies),
                frozenset(frozenset(link) for link in image.dead_links),
                frozenset(image.core_yield),
            )
            if isinstance(image, Wafer)
            else ()
        )
        found.setdefault((symmetry & TRANSPOSE, faults), symmetry)
    return tuple(found.values())


def turned_back(placement: Sequence[int], machine: Machine, symmetry: int) -> tuple[int, ...]:
    """Die numbers on the machine of a placement on its image [ranks].

    >>> turned_back((0, 1), Wafer(rows=2, cols=3), FLIP_COLS)
    (2, 1)
    """
    if symmetry == 0 or not isinstance(machine, Wafer):
        return tuple(placement)
    image = turned(machine, symmetry)
    assert isinstance(image, Wafer)
    origin = {
        image.die_id(_image(machine.coordinate(die), machine, symmetry)): die
        for die in range(machine.die_count)
    }
    return tuple(origin[die] for die in placement)


def _image(coordinate: Coordinate, wafer: Wafer, symmetry: int) -> Coordinate:
    number, row, col = (0, *coordinate) if len(coordinate) == 2 else coordinate
    rows, cols = wafer.rows, wafer.cols
    if symmetry & TRANSPOSE:
        row, col, rows, cols = col, row, cols, rows
    if symmetry & FLIP_ROWS:
        row = rows - 1 - row
    if symmetry & FLIP_COLS:
        number, col = wafer.wafers - 1 - number, cols - 1 - col
    return (row, col) if len(coordinate) == 2 else (number, row, col)
