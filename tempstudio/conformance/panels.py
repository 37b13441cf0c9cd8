"""Panels: figures of plain, finite data for any run, instant and selection."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

from tempstudio.conformance.check import Broken
from tempstudio.conformance.settings import FAULTY, ONE, WHOLE, small_run
from tempstudio.core.figure import Bars, Figure, Image, Lines, Table, Text
from tempstudio.core.machine import Machine
from tempstudio.core.parallel import Degrees
from tempstudio.plugin_guard import figure_of
from tempstudio.plugin_host import Offer

NUMBERS = ("x", "y", "values")
SELECTIONS: tuple[dict[str, Any], ...] = ({}, {"dies": [0]}, {"operator": "attention"})


def one_die(offer: Offer) -> str:
    """A run without any traffic."""
    return _drawn(offer, ONE, Degrees())


def whole(offer: Offer) -> str:
    """From the first instant to the last, whatever is selected."""
    return _drawn(offer, WHOLE, Degrees(dp=4, tp=4))


def faulty(offer: Offer) -> str:
    """Idle and dead dies, dead links."""
    return _drawn(offer, FAULTY, Degrees(dp=6, tp=2))


def _drawn(offer: Offer, machine: Machine, degrees: Degrees) -> str:
    run = small_run(machine, degrees)
    figure = Figure("")
    for share in (0.0, 0.5, 1.0):
        for selection in SELECTIONS:
            time_s = share * run.timeline.duration_s
            figure = figure_of(offer, run, time_s, dict(selection))
            _check(figure)
            if figure_of(offer, run, time_s, dict(selection)) != figure:
                raise Broken(f"two figures of the same instant differ ({figure.title})")
    parts = ", ".join(type(part).__name__.lower() for part in figure.parts)
    return f"{figure.title!r}: {parts}"


def _check(figure: Figure) -> None:
    for text in (figure.title, figure.x_label, figure.y_label):
        if not isinstance(text, str):
            raise Broken(f"a title or label is {text!r}, expected a text")
    if not figure.title.strip() or not figure.parts:
        raise Broken("a figure has no title or no parts")
    for part in figure.parts:
        if not isinstance(part, (Lines, Bars, Image, Table, Text)):
            raise Broken(f"a part is a {type(part).__name__}, allowed: lines, bars, image, table")
        _check_shape(part)
        for field in fields(part):
            kinds = (int, float) if field.name in NUMBERS else (str, int, float)
            _check_plain(getattr(part, field.name), f"{type(part).__name__}.{field.name}", kinds)


def _check_shape(part: Lines | Bars | Image | Table | Text) -> None:
    if isinstance(part, Lines) and len(part.x) != len(part.y):
        raise Broken(f"line {part.label!r}: {len(part.x)} x for {len(part.y)} y")
    if isinstance(part, Bars) and len(part.names) != len(part.values):
        raise Broken(f"bars {part.label!r}: {len(part.names)} names, {len(part.values)} values")
    rows = part.values if isinstance(part, Image) else part.rows if isinstance(part, Table) else ()
    widths = {len(row) for row in rows} | (
        {len(part.columns)} if isinstance(part, Table) else set()
    )
    if len(widths) > 1:
        raise Broken(f"{type(part).__name__.lower()}: rows of {sorted(widths)} cells")


def _check_plain(value: Any, where: str, kinds: tuple[type, ...]) -> None:
    """Tuples of texts and finite Python numbers: what crosses to the window as JSON."""
    if isinstance(value, tuple):
        for item in value:
            _check_plain(item, where, kinds)
    elif type(value) not in kinds:
        allowed = ", ".join(kind.__name__ for kind in kinds)
        raise Broken(f"{where}: found a {type(value).__name__}, allowed: tuples of {allowed}")
    elif isinstance(value, (int, float)) and not math.isfinite(value):
        raise Broken(f"{where}: found {value}, allowed: finite numbers")


CHECKS = (
    ("1 x 1", "a run on one die", one_die),
    ("whole wafer", "plain, finite data at every instant", whole),
    ("faulty wafer", "a run beside dead dies", faulty),
)
