"""Charts: round ticks, points where their values are, fronts that nothing beats."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempstudio.export.svg import svg_of
from tempstudio.scene.charts import (
    Axis,
    Bar,
    Chart,
    ColumnBars,
    Heat,
    Scatter,
    StackedBars,
    Trace,
    Traces,
    axis_of,
)
from tempstudio.scene.display_list import DisplayList, Texts
from tempstudio.scene.tokens import THEMES

SIZE = (640.0, 400.0)


def scatter() -> Scatter:
    x, y = np.array([1e9, 2e9, 70e9]), np.array([1e5, 9e5, 1e6])
    return Scatter(
        axis_of(x, "peak memory", "B"),
        axis_of(y, "throughput", "tokens/s"),
        x,
        y,
        lambda i: f"point {i}",
        front=np.array([True, True, False]),
        faint=np.array([False, False, True]),
        current=1,
    )


def traces() -> Traces:
    x, y = np.array([0.0, 1.0, 2.5]), np.array([3.0, 2.0, 0.5])
    return Traces(
        axis_of(x, "time", "s"), axis_of(y, "step", "s"), (Trace("best", x, y, True, True),)
    )


CHARTS: dict[str, Chart] = {
    "scatter": scatter(),
    "traces": traces(),
    "bars": StackedBars(
        Axis("step", "s", 0, 0.5),
        (Bar("a", (0.1, 0.2), "300 ms"), Bar("b", (0.4, 0.0), "400 ms")),
        (("compute", "I"), ("stream", "K")),
    ),
    "columns": ColumnBars(Axis("power", "W", 0, 9), ("x", "y", "z"), (("a", (1.0, 2.0, 9.0)),)),
    "heat": Heat(Axis("memory", "B", 0, 9), np.arange(9.0).reshape(3, 3)),
}


def texts_of(picture: DisplayList) -> list[str]:
    return [text for layer in picture.layers() if isinstance(layer, Texts) for text in layer.text]


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("theme", THEMES)
def test_every_chart_is_drawn_and_written_without_qt(name: str, theme: str) -> None:
    chart, tokens = CHARTS[name], THEMES[theme]
    picture = chart.picture(*SIZE, tokens)
    assert picture.background == tokens.surface
    assert texts_of(picture)
    assert svg_of(picture).startswith("<svg")
    tiny = chart.picture(40.0, 30.0, tokens)  # smaller than its own margins: still no fault
    assert svg_of(tiny).startswith("<svg")


@pytest.mark.parametrize("name", CHARTS)
def test_what_is_marked_lies_where_it_is_pointed_at(name: str) -> None:
    chart = CHARTS[name]
    for item in range(chart.items):
        (ring,) = chart.mark(item, *SIZE, THEMES["light"])
        x, y, width, height = ring.xywh[0]  # type: ignore[union-attr]
        assert chart.item_at(x + width / 2, y + height / 2, *SIZE) == item
        assert chart.tip(item)
    assert chart.item_at(-50.0, -50.0, *SIZE) is None


def test_more_is_to_the_right_and_up() -> None:
    (low,), (high,) = (scatter().mark(i, *SIZE, THEMES["light"]) for i in (0, 1))
    assert high.xywh[0, 0] > low.xywh[0, 0]  # type: ignore[union-attr]
    assert high.xywh[0, 1] < low.xywh[0, 1]  # type: ignore[union-attr]


@given(st.floats(-1e15, 1e15, allow_subnormal=False), st.floats(1e-9, 1e15), st.sampled_from("sBJ"))
def test_ticks_are_round_few_and_on_the_axis(low: float, span: float, unit: str) -> None:
    axis = axis_of([low, low + span], "figure", unit)
    ticks = axis.ticks()
    assert 0 <= len(ticks) <= 7
    assert ((ticks >= axis.low - axis.step) & (ticks <= axis.high + axis.step)).all()
    assert axis.low < axis.high
    assert all(axis.text(float(tick)) for tick in ticks)


def test_an_axis_takes_one_prefix_for_all_its_numbers() -> None:
    axis = axis_of([0.0, 0.487], "step time", "s")
    assert axis.heading == "step time [ms]"
    assert [axis.text(v) for v in axis.ticks()] == ["0", "200", "400"]
    shares = axis_of([0.0, 0.58], "MFU", "%")
    assert shares.heading == "MFU [%]" and shares.text(0.4) == "40"


def test_bars_say_their_figures_and_keys() -> None:
    said = texts_of(CHARTS["bars"].picture(*SIZE, THEMES["light"]))
    assert {"a", "b", "300 ms", "400 ms", "compute", "stream"} <= set(said)


def test_values_that_are_not_numbers_are_left_out() -> None:
    x, y = np.array([np.nan, 1.0]), np.array([1.0, np.inf])
    chart = Scatter(axis_of(x, "x"), axis_of(y, "y"), x, y, str, front=np.ones(2, bool))
    assert "nan" not in svg_of(chart.picture(*SIZE, THEMES["dark"]))
    assert chart.mark(0, *SIZE, THEMES["dark"]) == ()
