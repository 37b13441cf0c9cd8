"""Charts as display lists: the window paints them, exports write them, no Qt in them.

Every chart draws itself at a size in a theme (`picture`), says what lies under a point
(`item_at`), how that is marked (`mark`) and what it is in words (`tip`).
"""

from __future__ import annotations

from tempstudio.scene.charts.axis import Axis, axis_of
from tempstudio.scene.charts.bars import Bar, StackedBars
from tempstudio.scene.charts.chart import Chart, series_colours
from tempstudio.scene.charts.columns import ColumnBars
from tempstudio.scene.charts.heat import Heat
from tempstudio.scene.charts.scatter import Scatter
from tempstudio.scene.charts.traces import Trace, Traces

__all__ = [
    "Axis",
    "Bar",
    "Chart",
    "ColumnBars",
    "Heat",
    "Scatter",
    "StackedBars",
    "Trace",
    "Traces",
    "axis_of",
    "series_colours",
]
