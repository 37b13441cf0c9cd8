"""A display list written as SVG, without Qt."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterable
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from tempstudio.scene.display_list import (
    END,
    MIDDLE,
    DisplayList,
    Image,
    Layer,
    Lines,
    Polygons,
    Rects,
    SpriteLook,
    Sprites,
    TextLook,
    Texts,
)
from tempstudio.scene.typeface import CAP_HEIGHT, FAMILIES

ANCHORS = {END: ' text-anchor="end"', MIDDLE: ' text-anchor="middle"'}
PIXELS = 2.0  # image cells are rasterised at this many pixels a px, sharp on dense screens too


def svg_of(picture: DisplayList, title: str = "Wafer", prefix: str = "") -> str:
    """The whole picture as one SVG document.

    `prefix` begins the names that it gives to its parts, where several stand on one page.

    >>> from tempstudio.scene.display_list import DisplayList
    >>> svg_of(DisplayList(10, 10, "#FFFFFF", (0, 0, 10, 10))).startswith("<svg")
    True
    """
    width, height = _number(picture.width), _number(picture.height)
    x, y, wide, tall = (_number(value) for value in picture.canvas)
    inner = (picture.ground, picture.dies, picture.moving)
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="{escape(FAMILIES)}" '
        'font-variant-numeric="tabular-nums" role="img">',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(picture.description)}</desc>" if picture.description else "",
        f'<defs><clipPath id="{prefix}canvas">'
        f'<rect x="{x}" y="{y}" width="{wide}" height="{tall}"/></clipPath></defs>',
        f'<rect width="{width}" height="{height}" fill="{picture.background}"/>',
        f'<g clip-path="url(#{prefix}canvas)">',
        *(part for group in inner for layer in group for part in _layer(layer, prefix)),
        "</g>",
        *(
            part
            for layer in (*picture.furniture, *picture.caption)
            for part in _layer(layer, prefix)
        ),
        "</svg>",
    ]
    return "\n".join(part for part in body if part) + "\n"


def _layer(layer: Layer, prefix: str) -> Iterable[str]:
    if isinstance(layer, Rects):
        return _rects(layer)
    if isinstance(layer, Lines):
        return _lines(layer)
    if isinstance(layer, Polygons):
        return _polygons(layer)
    if isinstance(layer, Sprites):
        return _sprites(layer, f"{prefix}{layer.name}")
    if isinstance(layer, Texts):
        return _texts(layer)
    return _image(layer)


def _rects(layer: Rects) -> Iterable[str]:
    borders = layer.border or ("",) * len(layer.fill)
    for bucket, (fill, border) in enumerate(zip(layer.fill, borders, strict=True)):
        items = layer.xywh[layer.start[bucket] : layer.start[bucket + 1]]
        if not len(items):
            continue
        inset = layer.border_px / 2 if border else 0.0
        items = items + np.array([inset, inset, -2 * inset, -2 * inset])
        edge = f' rx="{_number(layer.radius_px)}"' if layer.radius_px else ""
        yield f"<g{_paint(fill, border, layer.border_px)}>"
        for x, y, width, height in items.tolist():
            yield (
                f'<rect x="{_number(x)}" y="{_number(y)}" width="{_number(width)}" '
                f'height="{_number(height)}"{edge}/>'
            )
        yield "</g>"


def _lines(layer: Lines) -> Iterable[str]:
    dash = ""
    if layer.dash_px:
        dash = f' stroke-dasharray="{_number(layer.dash_px[0])} {_number(layer.dash_px[1])}"'
    for bucket, (colour, width) in enumerate(zip(layer.colour, layer.width_px, strict=True)):
        items = layer.xyxy[layer.start[bucket] : layer.start[bucket + 1]]
        if not len(items):
            continue
        path = "".join(
            f"M{_number(x0)} {_number(y0)}L{_number(x1)} {_number(y1)}"
            for x0, y0, x1, y1 in items.tolist()
        )
        yield f'<path d="{path}"{_paint("", colour, width)}{dash}/>'


def _polygons(layer: Polygons) -> Iterable[str]:
    borders = layer.border or ("",) * len(layer.fill)
    for bucket, (fill, border) in enumerate(zip(layer.fill, borders, strict=True)):
        items = layer.points[layer.start[bucket] : layer.start[bucket + 1]]
        if not len(items):
            continue
        path = "".join(
            "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in corners) + "Z"
            for corners in items.tolist()
        )
        yield f'<path d="{path}"{_paint(fill, border, layer.border_px)}/>'


def _sprites(layer: Sprites, name: str) -> Iterable[str]:
    used = sorted(set(layer.look.tolist()))
    if not used:
        return
    yield "<defs>"
    for number in used:
        shape = _arrow if layer.looks[number].arrow else _chunk
        yield f'<g id="{name}-{number}">'
        yield from shape(layer.looks[number], layer.size_px, layer.halo_px)
        yield "</g>"
    yield "</defs>"
    for (x, y), look, opacity, angle in zip(
        layer.xy.tolist(), layer.look.tolist(), layer.opacity.tolist(), layer.angle.tolist(),
        strict=True,
    ):  # fmt: skip
        faded = f' opacity="{_number(opacity)}"' if opacity < 1 else ""
        turned = f" rotate({_number(angle)})" if angle else ""
        yield (
            f'<use href="#{name}-{look}" '
            f'transform="translate({_number(x)} {_number(y)}){turned}"{faded}/>'
        )


def _chunk(look: SpriteLook, size: float, halo: float) -> Iterable[str]:
    radius = 0.0 if size < 6 else max(1.5, size * 0.2)
    if halo:
        yield _square(size + 2 * halo, radius + halo, look.halo)
    yield _square(size, radius, look.fill)
    if look.letter:
        px = look.letter_px
        yield (
            f'<text y="{_number(px * CAP_HEIGHT / 2)}" font-size="{_number(px)}" '
            f'font-weight="600" text-anchor="middle" fill="{look.ink}">{escape(look.letter)}</text>'
        )


def _square(size: float, radius: float, fill: str) -> str:
    corner, side = _number(-size / 2), _number(size)
    return (
        f'<rect x="{corner}" y="{corner}" width="{side}" height="{side}" '
        f'rx="{_number(radius)}" fill="{fill}"/>'
    )


def _arrow(look: SpriteLook, size: float, halo: float) -> Iterable[str]:
    half = size / 2
    back, side = _number(-half * 0.6), _number(half * 0.8)
    edge = f' stroke="{look.halo}" stroke-width="{_number(2 * halo)}"' if halo else ""
    yield (
        f'<path d="M{_number(half)} 0L{back} -{side}L{back} {side}Z" fill="{look.fill}" '
        f'stroke-linejoin="round" paint-order="stroke"{edge}/>'
    )


def _texts(layer: Texts) -> Iterable[str]:
    for bucket, look in enumerate(layer.look):
        first, last = layer.start[bucket : bucket + 2]
        if first == last:
            continue
        yield f"<g{_font(look)}>"
        places = layer.xy[first:last].tolist()
        for text, (x, y) in zip(layer.text[first:last], places, strict=True):
            yield f'<text x="{_number(x)}" y="{_number(y)}">{escape(text)}</text>'
        yield "</g>"


def _font(look: TextLook) -> str:
    weight = ' font-weight="600"' if look.bold else ""
    anchor = ANCHORS.get(look.anchor, "")
    return f' fill="{look.colour}" font-size="{_number(look.size_px)}"{weight}{anchor}'


def _image(layer: Image) -> Iterable[str]:
    x, y = float(layer.x_edges[0]), float(layer.y_edges[0])
    width, height = float(layer.x_edges[-1]) - x, float(layer.y_edges[-1]) - y
    columns, rows = _spread(layer.x_edges), _spread(layer.y_edges)
    data = base64.b64encode(png_of(layer.pixels[np.ix_(rows, columns)])).decode("ascii")
    yield (
        f'<image x="{_number(x)}" y="{_number(y)}" width="{_number(width)}" '
        f'height="{_number(height)}" preserveAspectRatio="none" image-rendering="pixelated" '
        f'href="data:image/png;base64,{data}"/>'
    )


def _spread(edges: NDArray[np.float64]) -> NDArray[np.intp]:
    at = np.rint((edges - edges[0]) * PIXELS).astype(np.intp)
    return np.repeat(np.arange(len(at) - 1), np.diff(at))


def png_of(pixels: NDArray[np.uint32]) -> bytes:
    """A PNG file of 0xAARRGGBB cells [h, w] (alpha is left out)."""
    height, width = pixels.shape
    rows = np.zeros((height, 1 + 3 * width), dtype=np.uint8)  # filter 0 before each row
    for channel, shift in enumerate((16, 8, 0)):
        rows[:, 1 + channel :: 3] = (pixels >> shift) & 0xFF
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def _paint(fill: str, stroke: str, width: float) -> str:
    text = _colour("fill", fill) if fill else ' fill="none"'
    if stroke:
        text += f'{_colour("stroke", stroke)} stroke-width="{_number(width)}"'
    return text


def _colour(what: str, colour: str) -> str:
    if len(colour) == 9:
        share = _number(int(colour[7:], 16) / 255)
        return f' {what}="{colour[:7]}" {what}-opacity="{share}"'
    return f' {what}="{colour}"'


def _number(value: float) -> str:
    """A coordinate to a hundredth of a pixel."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
