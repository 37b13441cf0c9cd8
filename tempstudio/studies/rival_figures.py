"""How rows of rivals and ours are drawn and told, model by model."""

from __future__ import annotations

from collections.abc import Sequence

from tempstudio.scene import format as figures
from tempstudio.studies.chart import Axis, BarChart, Bars, Rule
from tempstudio.studies.pairs import (
    HUES,
    OURS,
    PLAIN_MAPPERS,
    RIVALS,
    baselines,
    every,
    ratios,
    strategy_row,
)
from tempstudio.studies.setting import Training
from tempstudio.studies.study import Row, TextTable
from tempstudio.studies.tables import degrees_text

PUBLISHED = 1.7  # throughput over the six baselines, on average
COSTS = {  # column: what it is, and of what
    "memory_peak_bytes": ("memory", "Peak of the fullest die"),
    "energy_j": ("energy", "Joules of one step"),
}


def _bars(
    trainings: Sequence[Training], rows: Sequence[Row], column: str
) -> tuple[tuple[str, ...], tuple[Bars, ...]]:
    """Each strategy's figure over ours, a group a model."""
    bars = []
    for pair in (*baselines(), OURS):
        values: list[float | None] = []
        misses = []
        for training in trainings:
            row, ours = (strategy_row(rows, training.model, p) for p in (pair, OURS))
            known = row and ours and row[column] and ours[column]
            values.append(row[column] / ours[column] if row and ours and known else None)
            fits = bool(row and row["fits"])
            misses.append("" if fits else "does not fit" if known else "no plan")
        faint = pair[1] == PLAIN_MAPPERS[0]
        label = f"{pair[0]} + {pair[1]}"
        bars.append(Bars(label, tuple(values), HUES[pair[0]], faint, tuple(misses)))
    return tuple(t.label for t in trainings), tuple(bars)


def throughput_chart(
    name: str, where: str, trainings: Sequence[Training], rows: Sequence[Row]
) -> BarChart:
    """Throughput of every strategy over that of ours; `where` says on which dies."""
    groups, bars = _bars(trainings, rows, "tokens_per_s")
    return BarChart(
        name,
        f"Throughput on {where}, each strategy with its own best degrees",
        Axis("throughput, 1 = tspp + traffic-conscious", low=0.0),
        groups,
        bars,
        (Rule(1 / PUBLISHED, "the paper's mean baseline, 1 / 1.7"),),
        subtitle="Hatched: does not fit the memory of its dies under any degrees tried",
    )


def cost_chart(
    name: str, where: str, trainings: Sequence[Training], rows: Sequence[Row], column: str
) -> BarChart:
    """Memory or energy of every strategy over that of ours."""
    what, subtitle = COSTS[column]
    groups, bars = _bars(trainings, rows, column)
    return BarChart(
        name,
        f"{what.capitalize()} on {where} at these degrees",
        Axis(f"{what}, 1 = tspp + traffic-conscious", low=0.0),
        groups,
        bars,
        subtitle=subtitle,
    )


def plan_table(caption: str, trainings: Sequence[Training], rows: Sequence[Row]) -> TextTable:
    """Every strategy's best plan and what it comes to, model by model."""
    body = []
    for training in trainings:
        ours = strategy_row(rows, training.model, OURS)
        for pair in (*baselines(), OURS):
            row = strategy_row(rows, training.model, pair)
            head = (training.label, f"{pair[0]} + {pair[1]}")
            if row is None or not row["step_time_s"]:
                body.append((*head, "no plan", "", "", "", "", "", ""))
                continue
            ratio = ours["tokens_per_s"] / row["tokens_per_s"] if ours and row["fits"] else None
            body.append(
                (
                    *head,
                    degrees_text(row) + ("" if row["fits"] else " (does not fit)"),
                    figures.seconds(row["step_time_s"]),
                    figures.si(row["tokens_per_s"], "tokens/s"),
                    "" if ratio is None else f"{ratio:.2f}",
                    figures.percent(row["mfu"]),
                    figures.byte_count(row["memory_peak_bytes"]),
                    figures.joules(row["energy_j"]),
                )
            )
    columns = (
        "model", "strategy", "degrees", "step", "throughput", "ours over it", "MFU", "memory",
        "energy",
    )  # fmt: skip
    return TextTable(caption, columns, tuple(body))


def gains_text(trainings: Sequence[Training], rows: Sequence[Row]) -> str:
    """Ours over the mean of the baselines that fit, model by model."""
    said = []
    for training in trainings:
        gains = every(ratios((training,), rows, "tokens_per_s"))
        if gains:
            said.append(f"{training.label} {sum(gains) / len(gains):.2f}")
    return ", ".join(said)


def fit_counts(trainings: Sequence[Training], tables: Sequence[Sequence[Row]]) -> str:
    """How many trainings fit under each partitioner, over all these tables."""
    counts = dict.fromkeys((OURS[0], *RIVALS), 0)
    for rows in tables:
        for training in trainings:
            for pair in (*baselines(), OURS):
                row = strategy_row(rows, training.model, pair)
                counts[pair[0]] += bool(row and row["fits"])
    cases = len(tables) * len(trainings)
    parts = [f"{counts[OURS[0]]} of {cases} trainings fit under tspp"]
    parts += [f"{counts[name] / len(PLAIN_MAPPERS):g} under {name}" for name in RIVALS]
    return ", ".join(parts)
