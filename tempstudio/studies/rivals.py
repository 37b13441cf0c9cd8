"""Every rival with its own best degrees against tensor streaming with the mapper and the solver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tempstudio.core.progress import Progress
from tempstudio.core.project import Project
from tempstudio.scene import format as figures
from tempstudio.studies.chart import Axis, BarChart, Bars, Rule
from tempstudio.studies.kept_comparison import comparison_project
from tempstudio.studies.setting import Mesh, Setting, Training
from tempstudio.studies.study import (
    FAILS,
    HOLDS,
    SHOWN,
    Claim,
    Row,
    Study,
    SweepTable,
    Tables,
    TextTable,
    Told,
)
from tempstudio.studies.tables import degrees_text, geometric_mean, where

Pair = tuple[str, str]  # partitioner and mapper
RIVALS = ("megatron1", "megatron3", "fsdp")
PLAIN_MAPPERS = ("sequential", "gemini")
OURS = ("tspp", "traffic-conscious")
PUBLISHED = 1.7  # throughput over the six baselines, on average
NEAR = 0.1  # a mean within 10 % of the published one counts as agreeing
HUES = {"megatron1": "E", "megatron3": "W", "fsdp": "G", "tspp": "I"}
COLUMNS = [
    "strategy.partitioner",
    "job.seq_len",
    "time_s.compute",
    "time_s.exposed",
    "energy_j.d2d",
    "energy_j.hbm",
]


def tables(setting: Setting) -> tuple[SweepTable, ...]:
    """One table a mesh: six baselines and ours on every model."""
    return tuple(
        SweepTable(
            table_name(mesh),
            documents(setting, mesh, [*baselines(), OURS]),
        )
        for mesh in setting.meshes
    )


def table_name(mesh: Mesh) -> str:
    """The name of a mesh's table.

    >>> table_name((4, 8))
    'rivals-4x8'
    """
    return f"rivals-{mesh[0]}x{mesh[1]}"


def documents(
    setting: Setting,
    mesh: Mesh,
    pairs: Sequence[Pair],
    base: dict[str, Any] | None = None,
    trainings: Sequence[Training] | None = None,
    options: dict[str, Any] | None = None,
) -> tuple[dict[str, Any], ...]:
    """Sweeps of strategies over all models, one for each job; `base` is laid over all points.

    `options` are those of every partitioner but ours.
    """
    trainings = trainings if trainings is not None else setting.trainings
    jobs = list(dict.fromkeys((t.seq_len, t.batch) for t in trainings))
    return tuple(
        {
            "base": {
                "machine": {"rows": mesh[0], "cols": mesh[1]},
                "job": next(t.job for t in trainings if (t.seq_len, t.batch) == job),
                "strategies": {"solver": setting.solver},
                **(base or {}),
            },
            "axes": {
                "model": [t.model for t in trainings if (t.seq_len, t.batch) == job],
                "strategies": [strategies(pair, options) for pair in pairs],
            },
            "columns": COLUMNS,
        }
        for job in jobs
    )


def strategies(pair: Pair, options: dict[str, Any] | None = None) -> dict[str, Any]:
    """A pair as the table that an axis `strategies` takes.

    >>> strategies(("tspp", "gemini"))
    {'partitioner': {'name': 'tspp'}, 'mapper': {'name': 'gemini'}}
    """
    partitioner: dict[str, Any] = {"name": pair[0]}
    if options and pair[0] != OURS[0]:
        partitioner["options"] = options
    return {"partitioner": partitioner, "mapper": {"name": pair[1]}}


def pair_of(row: Row) -> Pair:
    """The partitioner and mapper of a row."""
    chosen = row["strategies"]
    return chosen["partitioner"]["name"], chosen["mapper"]["name"]


def strategy_row(rows: Sequence[Row], model: str, pair: Pair) -> Row | None:
    """The row of a model under a partitioner and mapper."""
    return next((row for row in where(rows, model=model) if pair_of(row) == pair), None)


def baselines() -> list[Pair]:
    """The six pairs of partitioner and mapper."""
    return [(partitioner, mapper) for partitioner in RIVALS for mapper in PLAIN_MAPPERS]


def tell(setting: Setting, found: Tables) -> Told:
    """Throughput, memory and energy of all, on both meshes."""
    charts, texts = [], []
    for mesh in setting.meshes:
        rows = found[table_name(mesh)]
        charts += [_throughput_chart(setting, mesh, rows)]
        texts.append(_table(setting, mesh, rows))
    last = setting.meshes[-1]
    charts += [
        _ratio_chart(setting, last, found[table_name(last)], "memory_peak_bytes", "memory"),
        _ratio_chart(setting, last, found[table_name(last)], "energy_j", "energy"),
    ]
    return Told(
        claims=(_throughput_claim(setting, found), _other_claim(setting, found)),
        reading=(
            "A bar is throughput over the best plan of ours on the same model and mesh. Hatched "
            "bars do not fit the dies' memory under any degrees that the solver tried.",
            "Every strategy is given the same axes: dp, sp, tp, stream where it has it, ZeRO 0 "
            "to 3, so a rival is never held to degrees that suit somebody else. Since tspp holds "
            "every rival at stream = 1, it can lose only by what its mapper or a search misses.",
        ),
        charts=tuple(charts),
        tables=tuple(texts),
    )


def compare(setting: Setting, found: Tables, progress: Progress) -> Project:
    """The largest model that fits under ours, every strategy at its best degrees."""
    mesh = setting.meshes[-1]
    rows = found[table_name(mesh)]
    fitting = [t for t in setting.trainings if (strategy_row(rows, t.model, OURS) or {})["fits"]]
    training = (fitting or list(setting.trainings))[-1]
    pairs = [*baselines(), OURS]
    (document,) = documents(setting, mesh, pairs, trainings=(training,))
    mine = [strategy_row(rows, training.model, pair) for pair in pairs]
    notes = (
        f"{training.label} on {mesh[0]} x {mesh[1]} dies: every strategy of the evaluation at the "
        "degrees that the solver found for it. Open the Compare tab."
    )
    return comparison_project(document, [row for row in mine if row], notes, progress)


def ratios(setting: Setting, rows: Sequence[Row], column: str) -> dict[Pair, list[float]]:
    """By baseline: the figure of ours over the baseline's, of the models that fit under both."""
    result: dict[Pair, list[float]] = {pair: [] for pair in baselines()}
    for training in setting.trainings:
        ours = strategy_row(rows, training.model, OURS)
        for pair in baselines():
            row = strategy_row(rows, training.model, pair)
            if ours and row and ours["fits"] and row["fits"]:
                result[pair].append(ours[column] / row[column])
    return result


def _throughput_claim(setting: Setting, found: Tables) -> Claim:
    every: list[float] = []
    means = []
    for mesh in setting.meshes:
        by_pair = ratios(setting, found[table_name(mesh)], "tokens_per_s")
        mine = [ratio for some in by_pair.values() for ratio in some]
        every += mine
        if mine:
            mean = sum(mine) / len(mine)
            means.append(f"{mean:.2f} on {mesh[0]} x {mesh[1]}, at most {max(mine):.2f}")
    mean = sum(every) / len(every) if every else 1.0
    verdict = HOLDS if mean >= PUBLISHED * (1 - NEAR) else FAILS
    return Claim(
        f"{PUBLISHED} times the throughput of six baselines on average",
        f"{mean:.2f} times on average over all pairs that fit ({'; '.join(means)}); by model on "
        f"the larger mesh {_by_model(setting, found)}",
        verdict,
        "Here every rival has its own best degrees, the best collective for the mesh over links "
        "of 4 TB/s each, traffic hidden behind compute, and ZeRO up to 3; so on small models, "
        "where a replica has a die or two to itself, there is next to nothing to gain. The gain "
        "comes with size, and by way of memory: whoever cannot divide activations with the "
        "weights must recompute them or run smaller pieces. The sensitivity study shows how far "
        "the ratio moves where links are narrower or collectives plain rings.",
        mean / PUBLISHED,
    )


def _by_model(setting: Setting, found: Tables) -> str:
    rows = found[table_name(setting.meshes[-1])]
    said = []
    for training in setting.trainings:
        one = replace(setting, trainings=(training,))
        mine = [ratio for some in ratios(one, rows, "tokens_per_s").values() for ratio in some]
        if mine:
            said.append(f"{training.label} {sum(mine) / len(mine):.2f}")
    return ", ".join(said)


def _other_claim(setting: Setting, found: Tables) -> Claim:
    said = []
    for column, name in (("energy_j", "energy"), ("memory_peak_bytes", "peak memory")):
        every = [
            ratio
            for mesh in setting.meshes
            for some in ratios(setting, found[table_name(mesh)], column).values()
            for ratio in some
        ]
        if every:
            said.append(f"{figures.digits(geometric_mean(every))} times the {name}")
    fits = _fit_counts(setting, found)
    return Claim(
        "none that may be cited: energy, memory, and what fits",
        f"{', '.join(said) or 'nothing fits under both'} of a baseline (geometric mean); {fits}",
        SHOWN,
        "Energy is mostly arithmetic, the same for everybody but for what is recomputed. Memory "
        "is what a solver leaves free: it minimises time and takes what memory there is.",
    )


def _fit_counts(setting: Setting, found: Tables) -> str:
    counts: dict[str, int] = {}
    cases = 0
    for mesh in setting.meshes:
        rows = found[table_name(mesh)]
        for training in setting.trainings:
            cases += 1
            for pair in (*baselines(), OURS):
                row = strategy_row(rows, training.model, pair)
                counts[pair[0]] = counts.get(pair[0], 0) + bool(row and row["fits"])
    parts = [f"{counts[OURS[0]]} of {cases} trainings fit under tspp"]
    parts += [f"{counts[name] / len(PLAIN_MAPPERS):g} under {name}" for name in RIVALS]
    return ", ".join(parts)


def _bars(
    setting: Setting, rows: Sequence[Row], column: str
) -> tuple[tuple[str, ...], tuple[Bars, ...]]:
    """Each strategy's figure over ours, a group a model."""
    bars = []
    for pair in (*baselines(), OURS):
        values: list[float | None] = []
        misses = []
        for training in setting.trainings:
            row, ours = (strategy_row(rows, training.model, p) for p in (pair, OURS))
            known = row and ours and row[column] and ours[column]
            values.append(row[column] / ours[column] if row and ours and known else None)
            fits = bool(row and row["fits"])
            misses.append("" if fits else "does not fit" if known else "no plan")
        faint = pair[1] == PLAIN_MAPPERS[0]
        label = f"{pair[0]} + {pair[1]}"
        bars.append(Bars(label, tuple(values), HUES[pair[0]], faint, tuple(misses)))
    return tuple(t.label for t in setting.trainings), tuple(bars)


def _throughput_chart(setting: Setting, mesh: Mesh, rows: Sequence[Row]) -> BarChart:
    groups, bars = _bars(setting, rows, "tokens_per_s")
    return BarChart(
        f"rivals-throughput-{mesh[0]}x{mesh[1]}",
        f"Throughput on {mesh[0]} x {mesh[1]} dies, each strategy with its own best degrees",
        Axis("throughput, 1 = tspp + traffic-conscious", low=0.0),
        groups,
        bars,
        (Rule(1 / PUBLISHED, "the paper's mean baseline, 1 / 1.7"),),
        subtitle="Hatched: does not fit the memory of its dies under any degrees tried",
    )


def _ratio_chart(
    setting: Setting, mesh: Mesh, rows: Sequence[Row], column: str, name: str
) -> BarChart:
    groups, bars = _bars(setting, rows, column)
    return BarChart(
        f"rivals-{name}",
        f"{name.capitalize()} on {mesh[0]} x {mesh[1]} dies at these degrees",
        Axis(f"{name}, 1 = tspp + traffic-conscious", low=0.0),
        groups,
        bars,
        subtitle="Peak of the fullest die" if name == "memory" else "Joules of one step",
    )


def _table(setting: Setting, mesh: Mesh, rows: Sequence[Row]) -> TextTable:
    body = []
    for training in setting.trainings:
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
    return TextTable(f"{mesh[0]} x {mesh[1]} dies", columns, tuple(body))


STUDY = Study(
    name="rivals",
    title="Against Megatron and FSDP",
    question="What do streaming, mapping and solving together gain over each rival at its best?",
    method=(
        "Six models, batch 128, at the sequence length that they were trained with, on 4 x 8 and "
        "6 x 8 dies: {megatron1, megatron3, fsdp} with {sequential, gemini}, and tspp with the "
        "traffic-conscious mapper, all under the same solver. Attention is computed tile by tile."
    ),
    tables=tables,
    tell=tell,
    compare=compare,
)
