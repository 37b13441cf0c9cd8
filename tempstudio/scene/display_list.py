"""A picture as arrays: what the scene builds and what the painter and the SVG writer draw.

Coordinates are logical pixels, x to the right, y down, origin at the top left.  Items of a layer
are sorted into buckets of one look; bucket b holds items `start[b]:start[b+1]`, so that a
painter needs one call a bucket however many items there are.  Colours are "#RRGGBB" or "#RRGGBBAA",
"" for none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.integer[Any]]

START, MIDDLE, END = 0, 1, 2  # text anchors


@dataclass(frozen=True, eq=False)
class Rects:
    """Rectangles (x, y, width, height) [n, 4] with a fill and a border a bucket."""

    name: str
    xywh: FloatArray
    start: IntArray
    fill: tuple[str, ...]
    border: tuple[str, ...] = ()
    border_px: float = 1.0
    radius_px: float = 0.0


@dataclass(frozen=True, eq=False)
class Lines:
    """Segments (x0, y0, x1, y1) [n, 4] with a colour and a width a bucket.

    `crisp` ones run along an axis and are drawn without smoothing.
    """

    name: str
    xyxy: FloatArray
    start: IntArray
    colour: tuple[str, ...]
    width_px: tuple[float, ...]
    crisp: bool = True
    dash_px: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Polygons:
    """Closed polygons [n, corners, 2] with a fill and a border a bucket."""

    name: str
    points: FloatArray
    start: IntArray
    fill: tuple[str, ...]
    border: tuple[str, ...] = ()
    border_px: float = 1.0


@dataclass(frozen=True)
class SpriteLook:
    """How one kind of sprite looks: a rounded square (or an arrowhead) with an optional letter."""

    fill: str
    halo: str
    ink: str
    letter: str
    letter_px: float = 11.0
    arrow: bool = False


@dataclass(frozen=True, eq=False)
class Sprites:
    """Chunks: centres [n, 2], which look each has, how it is turned, and the flow it stands for.

    `flow` indexes the transfers of the frame that was drawn; `angle` is in degrees clockwise.
    """

    name: str
    xy: FloatArray
    look: IntArray
    looks: tuple[SpriteLook, ...]
    size_px: float
    halo_px: float
    opacity: FloatArray
    angle: FloatArray
    flow: IntArray


@dataclass(frozen=True)
class TextLook:
    """How the texts of one bucket look."""

    colour: str
    size_px: float
    bold: bool = False
    anchor: int = START


@dataclass(frozen=True, eq=False)
class Texts:
    """Texts at baselines [n, 2], anchored as their look says; `card` ones belong to die cards."""

    name: str
    text: tuple[str, ...]
    xy: FloatArray
    start: IntArray
    look: tuple[TextLook, ...]
    card: bool = False


@dataclass(frozen=True, eq=False)
class Image:
    """Cells [h, w] of 0xAARRGGBB, drawn between the edges x [w + 1] and y [h + 1]."""

    name: str
    pixels: NDArray[np.uint32]
    x_edges: FloatArray
    y_edges: FloatArray


Layer = Rects | Lines | Polygons | Sprites | Texts | Image


@dataclass(frozen=True, eq=False)
class DisplayList:
    """A whole picture, in groups from back to front.

    `ground`, `dies` and `moving` are clipped to `canvas` (x, y, width, height); `furniture`
    (legend, row and column numbers) and `caption` lie around it.  `ground` and `furniture` change
    only with layout and theme, `dies` when a card looks different: where nothing changed the same
    tuple comes again, so that a painter may keep what it drew.
    """

    width: float
    height: float
    background: str
    canvas: tuple[float, float, float, float]
    furniture: tuple[Layer, ...] = ()
    ground: tuple[Layer, ...] = ()
    dies: tuple[Layer, ...] = ()
    moving: tuple[Layer, ...] = ()
    caption: tuple[Layer, ...] = ()
    description: str = ""

    def layers(self) -> Iterator[Layer]:
        """Every layer from back to front."""
        for group in (self.furniture, self.ground, self.dies, self.moving, self.caption):
            yield from group

    def layer(self, name: str) -> Layer | None:
        """The layer of a name, None where the picture has none."""
        return next((layer for layer in self.layers() if layer.name == name), None)

    @property
    def chunks(self) -> Sprites | None:
        """The layer of moving chunks, None where nothing moves."""
        found = self.layer("chunks")
        return found if isinstance(found, Sprites) else None


def sorted_buckets(
    values: FloatArray, bucket: NDArray[np.integer], buckets: int
) -> tuple[FloatArray, IntArray, IntArray]:
    """(values sorted by bucket, start of each bucket [buckets + 1], the order used)."""
    order = np.argsort(bucket, kind="stable").astype(np.int32)
    start = np.concatenate([[0], np.cumsum(np.bincount(bucket, minlength=buckets))])
    return np.ascontiguousarray(values[order]), start.astype(np.int32), order


def whole(count: int) -> IntArray:
    """Starts of a single bucket that holds everything."""
    return np.array([0, count], dtype=np.int32)


def rects(
    name: str,
    xywh: FloatArray | Sequence[Sequence[float]],
    fill: str,
    border: str = "",
    border_px: float = 1.0,
    radius_px: float = 0.0,
) -> Rects:
    """A layer of rectangles that all look alike."""
    array = np.ascontiguousarray(xywh, dtype=np.float64).reshape(-1, 4)
    return Rects(name, array, whole(len(array)), (fill,), (border,), border_px, radius_px)


def lines(
    name: str,
    xyxy: FloatArray | Sequence[Sequence[float]],
    colour: str,
    width_px: float = 1.0,
    crisp: bool = True,
    dash_px: tuple[float, float] | None = None,
) -> Lines:
    """A layer of segments that all look alike."""
    array = np.ascontiguousarray(xyxy, dtype=np.float64).reshape(-1, 4)
    return Lines(name, array, whole(len(array)), (colour,), (width_px,), crisp, dash_px)


def polygons(name: str, points: FloatArray, fill: str, border: str = "") -> Polygons:
    """A layer of polygons that all look alike."""
    return Polygons(name, points, whole(len(points)), (fill,), (border,))


def texts(
    name: str, items: Sequence[tuple[str, float, float, TextLook]], card: bool = False
) -> Texts:
    """A layer of (text, x, baseline, look), bucketed by look; empty texts are left out."""
    kept = [item for item in items if item[0]]
    looks = tuple(dict.fromkeys(item[3] for item in kept))
    number = {look: index for index, look in enumerate(looks)}
    bucket = np.array([number[item[3]] for item in kept], dtype=np.int32)
    places = np.array([item[1:3] for item in kept], dtype=np.float64).reshape(-1, 2)
    xy, start, order = sorted_buckets(places, bucket, len(looks))
    return Texts(name, tuple(kept[i][0] for i in order.tolist()), xy, start, looks, card)
