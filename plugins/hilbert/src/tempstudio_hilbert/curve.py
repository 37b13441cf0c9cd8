"""A Hilbert-like curve over any mesh: every step goes to a neighbour.

Hilbert (1891) halves a square again and again. A rectangle of any size can be halved as well, where
each half keeps an even side if it can: the generalisation known as Gilbert. An odd number of
columns beside an even number of rows has no such curve from corner to corner along one side; there
the last column is left out of the recursion and walked at the end.
"""

from __future__ import annotations

from collections.abc import Iterator

Place = tuple[int, int]


def hilbert(rows: int, cols: int) -> list[Place]:
    """All (row, column) of a mesh in the curve's order, from (0, 0) along the longer side.

    >>> hilbert(2, 3)
    [(0, 0), (1, 0), (1, 1), (0, 1), (0, 2), (1, 2)]
    """
    if rows > cols:
        return [(row, col) for col, row in hilbert(cols, rows)]
    spare = cols % 2 == 1 and rows % 2 == 0
    points = list(_curve(0j, complex(cols - spare), complex(0, rows)))
    if spare:
        points += [complex(cols - 1, row) for row in range(rows)]
    return [(int(point.imag), int(point.real)) for point in points]


def _curve(start: complex, along: complex, across: complex) -> Iterator[complex]:
    """A block's cells from `start` to the far end of `along`; directions are complex numbers."""
    width, height = int(abs(along)), int(abs(across))
    step, side = along / width, across / height
    if height == 1:
        yield from (start + k * step for k in range(width))
    elif width == 1:
        yield from (start + k * side for k in range(height))
    elif 2 * width > 3 * height:
        half = _half(width) * step
        yield from _curve(start, half, across)
        yield from _curve(start + half, along - half, across)
    else:
        up, on = _half(height) * side, (width // 2) * step
        yield from _curve(start, up, on)
        yield from _curve(start + up, along, across - up)
        yield from _curve(start + along - step + up - side, -up, on - along)


def _half(length: int) -> int:
    """Half a length, even where that is possible."""
    half = length // 2
    return half + 1 if half % 2 == 1 and length > 2 else half
