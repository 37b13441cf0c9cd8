"""Zoom and pan: from how a machine is looked at now to how it is looked at next."""

from __future__ import annotations

from dataclasses import replace

from tempstudio.scene.layout import Layout
from tempstudio.scene.wafer import Ground, View, layout_of

LEAST_ZOOM, MOST_ZOOM = 1.0, 256.0
SLACK_PX = 60.0  # how far past its edge one may pan


def fitted(ground: Ground) -> View:
    """The whole machine."""
    return replace(ground.view, zoom=LEAST_ZOOM, pan=(0.0, 0.0))


def zoomed(ground: Ground, factor: float, x: float, y: float) -> View:
    """Closer by a factor; what lies under (x, y) stays there as far as the edges allow."""
    before = ground.layout
    zoom = min(max(ground.view.zoom * factor, LEAST_ZOOM), MOST_ZOOM)
    after = _layout(ground, replace(ground.view, zoom=zoom, pan=(0.0, 0.0)))
    if factor > 1 and after.die_px == before.die_px and zoom > LEAST_ZOOM * factor:
        zoom = ground.view.zoom  # the largest die is reached
    left, top, width, height = before.content
    now_left, now_top, now_width, now_height = after.content
    across, down = (x - left) / width, (y - top) / height
    pan = (x - now_left - across * now_width, y - now_top - down * now_height)
    return kept_inside(ground, replace(ground.view, zoom=zoom, pan=pan))


def panned(ground: Ground, dx: float, dy: float) -> View:
    """The machine moved by some px."""
    pan = (ground.view.pan[0] + dx, ground.view.pan[1] + dy)
    return kept_inside(ground, replace(ground.view, pan=pan))


def showing(ground: Ground, die: int) -> View:
    """The machine moved as little as brings a die inside the canvas."""
    left, top, width, height = ground.layout.canvas
    x, y, size, _ = ground.layout.die_xywh[die].tolist()
    dx = min(0.0, left + width - x - size) + max(0.0, left - x)
    dy = min(0.0, top + height - y - size) + max(0.0, top - y)
    return panned(ground, dx, dy)


def kept_inside(ground: Ground, view: View) -> View:
    """The view with its pan bounded, so that the machine cannot get lost."""
    layout = _layout(ground, replace(view, pan=(0.0, 0.0)))
    if view.zoom <= LEAST_ZOOM:
        return replace(view, pan=(0.0, 0.0))
    pan = []
    for at, size, room in zip(view.pan, layout.content[2:], layout.canvas[2:], strict=True):
        most = abs(size - room) / 2 + min(SLACK_PX, size / 2)
        pan.append(min(max(at, -most), most))
    return replace(view, pan=(pan[0], pan[1]))


def _layout(ground: Ground, view: View) -> Layout:
    return layout_of(ground.machine, ground.width, ground.height, view)
