"""The cost model that solvers search with against the full simulation, plan by plan."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tempstudio.scene import format as figures
from tempstudio.studies.chart import LOG10, Axis, Line, LineChart
from tempstudio.studies.measurements.agreement import costed_plan
from tempstudio.studies.setting import Setting
from tempstudio.studies.study import (
    FAILS,
    HOLDS,
    CallTable,
    Claim,
    Row,
    Study,
    Tables,
    TextTable,
    Told,
)
from tempstudio.studies.tables import distinct, where

FloatArray = NDArray[np.float64]

MODELS = {"llama2-7b": "I", "llama3-70b": "W", "gpt3-175b": "K"}
PUBLISHED_ERROR = 0.05
PUBLISHED_PEARSON = 0.99
BEST_SHARE = 10  # a tenth


def tables(setting: Setting) -> tuple[CallTable, ...]:
    """So many random plans of each model on a wafer with faults and narrow links."""
    models = MODELS if setting.name == "full" else [setting.trainings[0].model]
    rows, cols = setting.meshes[-1]
    points = tuple(
        {"model": model, "draw": draw, "rows": rows, "cols": cols}
        for model in models
        for draw in range(setting.draws)
    )
    return (CallTable("agreement", costed_plan, points),)


def tell(setting: Setting, found: Tables) -> Told:
    """Correlation, errors and ranks, by model."""
    rows = found["agreement"]
    return Told(
        claims=(_claim(rows),),
        reading=(
            "Every dot is a random plan: any degrees that use three quarters of the dies, any "
            "ZeRO level, recomputation, micro-batch and placement, good and bad. The wafer has "
            "dead dies and links and edges that share 4 TB/s, so that traffic contends; on a "
            "whole wafer with wide links the two agree more closely.",
        ),
        charts=(_chart(rows),),
        tables=(_table(rows),),
    )


def _columns(rows: Sequence[Row], name: str) -> tuple[FloatArray, FloatArray]:
    """A figure of all plans as costed and as simulated [plans]."""
    costed, simulated = (
        np.array([row[f"{way}_{name}"] for row in rows]) for way in ("costed", "simulated")
    )
    return costed, simulated


def _error(rows: Sequence[Row], name: str) -> FloatArray:
    costed, simulated = _columns(rows, name)
    error: FloatArray = np.abs(costed / simulated - 1)
    return error


def pearson_log(rows: Sequence[Row]) -> float:
    """Correlation of log step times."""
    costed, simulated = _columns(rows, "s")
    return float(np.corrcoef(np.log(costed), np.log(simulated))[0, 1])


def spearman_best(rows: Sequence[Row]) -> float:
    """Rank correlation among the fastest tenth, at least three plans."""
    from scipy.stats import spearmanr

    costed, simulated = _columns(rows, "s")
    best = np.argsort(simulated)[: max(3, len(rows) // BEST_SHARE)]
    return float(spearmanr(costed[best], simulated[best]).statistic)


def _claim(rows: Sequence[Row]) -> Claim:
    models = distinct(rows, "model")
    error = float(_error(rows, "s").mean())
    least = min(pearson_log(where(rows, model=model)) for model in models)
    holds = error <= PUBLISHED_ERROR and least >= PUBLISHED_PEARSON
    return Claim(
        "The (learned) cost model is off by 4 to 5 %, with a correlation above 0.99",
        f"off by {figures.percent(error)} on average; correlation of log time at least "
        f"{least:.4f} within each model",
        HOLDS if holds else FAILS,
        "This model is not learned: it adds up tables of phases, each timed once on the mesh by "
        "its most loaded link. What it leaves out is how strangers share links in time, so its "
        "errors are those of plans whose phases overlap on the same links.",
        error / PUBLISHED_ERROR,
    )


def _chart(rows: Sequence[Row]) -> LineChart:
    models = distinct(rows, "model")
    lines = [
        Line(
            model,
            tuple((r["simulated_s"], r["costed_s"]) for r in where(rows, model=model)),
            MODELS.get(model, "I"),
            joined=False,
        )
        for model in models
    ]
    ends = [value for row in rows for value in (row["simulated_s"], row["costed_s"])]
    low, high = min(ends), max(ends)
    equal = Line("equal", ((low, low), (high, high)), "P", dashed=True, dots=False)
    return LineChart(
        "agreement",
        "Step time by the cost model and by the full simulation",
        Axis("simulated", LOG10, figures.seconds),
        Axis("cost model", LOG10, figures.seconds),
        (*lines, equal),
        subtitle="Random plans on 6 x 8 dies with faults, edges sharing 4 TB/s",
    )


def _table(rows: Sequence[Row]) -> TextTable:
    body = []
    for model in distinct(rows, "model"):
        mine = where(rows, model=model)
        errors = _error(mine, "s")
        costing, simulating = (sum(r[name] for r in mine) for name in ("costing_s", "simulating_s"))
        body.append(
            (
                model,
                str(len(mine)),
                f"{pearson_log(mine):.4f}",
                figures.percent(float(errors.mean())),
                figures.percent(float(errors.max())),
                f"{spearman_best(mine):.2f}",
                figures.percent(float(_error(mine, "bytes").mean())),
                figures.percent(float(_error(mine, "j").mean())),
                figures.digits(simulating / max(costing, 1e-9)),
            )
        )
    columns = (
        "model", "plans", "Pearson, log time", "mean error", "largest", "Spearman, best tenth",
        "memory error", "energy error", "times faster, one at a time",
    )  # fmt: skip
    return TextTable("Cost model against simulation", columns, tuple(body))


STUDY = Study(
    name="agreement",
    title="The cost model against the simulation",
    question="Does the model that solvers search with rank plans as the simulator does?",
    method=(
        "Random plans under tspp and the traffic-conscious mapper, each simulated event by event "
        "and costed by the model, which shares no timing with the simulator. `tempstudio validate "
        "--cost-model` does the same with more plans and tells the speed of many at once."
    ),
    tables=tables,
    tell=tell,
)
