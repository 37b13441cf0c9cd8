"""Scales, ticks, and that what a chart holds is in its picture."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempstudio.scene.tokens import DARK, LIGHT
from tempstudio.studies.chart import (
    LINEAR,
    LOG2,
    LOG10,
    Axis,
    Band,
    BarChart,
    Bars,
    Line,
    LineChart,
    Rule,
    place,
    span_of,
    ticks,
)
from tempstudio.studies.chart_svg import HEIGHT, WIDTH, svg_of

NS = "{http://www.w3.org/2000/svg}"
positive = st.floats(1e-9, 1e12)


@given(positive, positive, st.sampled_from([LINEAR, LOG2, LOG10]))
def test_every_value_and_tick_lies_on_its_axis(low: float, high: float, scale: str) -> None:
    points = ((1.0, low), (2.0, high))
    chart = LineChart("c", "C", Axis("x"), Axis("y", scale), (Line("l", points, "I"),))
    span = span_of(chart, "y")
    for value in (low, high, *ticks(span, scale)):
        assert -1e-6 <= place(value, span, scale) <= 1 + 1e-6
    assert scale != LINEAR or 4 <= len(ticks(span, scale)) <= 10


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_linear_ticks_are_round_and_rise(low: float, width: float) -> None:
    points = ((0.0, low), (1.0, low + width))
    chart = LineChart("c", "C", Axis("x"), Axis("y"), (Line("l", points, "I"),))
    marks = ticks(span_of(chart, "y"), LINEAR)
    steps = {round(math.log10(b - a), 6) % 1 for a, b in pairwise(marks)}
    allowed = [round(math.log10(m), 6) % 1 for m in (1, 2, 5)]
    assert all(min(abs(s - a) for a in (*allowed, 1.0)) < 1e-3 for s in steps)


def bar_chart() -> BarChart:
    bars = (
        Bars("one", (1.0, None, 3.0), "I", misses=("", "no plan", "does not fit")),
        Bars("two <&>", (2.0, 2.0, 2.0), "W", faint=True),
    )
    return BarChart("b", "B", Axis("y"), ("a", "b", "c"), bars, (Rule(2.5, "a rule"),))


def test_a_bar_is_as_tall_as_its_value() -> None:
    root = ElementTree.fromstring(svg_of(bar_chart()))
    tall = {}
    for rect in root.iter(f"{NS}rect"):
        title = rect.find(f"{NS}title")
        if title is not None and title.text:
            tall[title.text] = float(rect.attrib["height"])
    assert len(tall) == 5
    assert tall["a, one: 1"] == pytest.approx(tall["a, two <&>: 2"] / 2, abs=0.2)
    assert tall["c, one: 3 (does not fit)"] == pytest.approx(3 * tall["a, one: 1"], abs=0.3)
    said = [t.text for path in root.iter(f"{NS}path") for t in path.iter(f"{NS}title")]
    assert said == ["b, one: no plan"]


def test_a_line_chart_shows_lines_bands_and_rules() -> None:
    points = tuple((2.0**e, 1.0 + e) for e in range(5))
    lines = (Line("one", points, "I"), Line("two", points, "K", dashed=True, dots=False))
    bands = (Band(tuple((x, y - 0.5, y + 0.5) for x, y in points), "I"),)
    chart = LineChart(
        "l", "L", Axis("x", LOG2), Axis("y"), lines, bands, (Rule(4.0, "four", "x"),), "below"
    )
    root = ElementTree.fromstring(svg_of(chart))
    circles = list(root.iter(f"{NS}circle"))
    assert len(circles) == 5
    assert all(0 < float(c.attrib["cx"]) < WIDTH for c in circles)
    assert all(0 < float(c.attrib["cy"]) < HEIGHT for c in circles)
    heights = [float(c.attrib["cy"]) for c in circles]
    assert heights == sorted(heights, reverse=True)
    texts = [t.text for t in root.iter(f"{NS}text")]
    assert {"L", "below", "one", "two", "four", "x", "y"} <= set(texts)


def test_a_picture_has_both_themes() -> None:
    text = svg_of(bar_chart())
    for theme in (LIGHT, DARK):
        assert theme.text in text
        assert theme.roles["I"] in text
    assert "prefers-color-scheme:dark" in text
    classes = set(re.findall(r'class="([\w-]+)"', text))
    assert all(f".{name}{{" in text for name in classes)
