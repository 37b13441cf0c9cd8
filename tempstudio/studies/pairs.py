"""The strategies that studies set against each other, as sweeps and in their rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tempstudio.studies.setting import Mesh, Setting, Training
from tempstudio.studies.study import Row
from tempstudio.studies.tables import where

Pair = tuple[str, str]  # partitioner and mapper
RIVALS = ("megatron1", "megatron3", "fsdp")
PLAIN_MAPPERS = ("sequential", "gemini")
OURS = ("tspp", "traffic-conscious")
HUES = {"megatron1": "E", "megatron3": "W", "fsdp": "G", "tspp": "I"}
COLUMNS = [
    "strategy.partitioner",
    "job.seq_len",
    "time_s.compute",
    "time_s.exposed",
    "energy_j.d2d",
    "energy_j.hbm",
]


def documents(
    setting: Setting,
    mesh: Mesh,
    pairs: Sequence[Pair],
    base: dict[str, Any] | None = None,
    trainings: Sequence[Training] | None = None,
) -> tuple[dict[str, Any], ...]:
    """Sweeps of strategies over all models, one for each job; `base` is laid over all points."""
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
                "strategies": [strategies(pair) for pair in pairs],
            },
            "columns": COLUMNS,
        }
        for job in jobs
    )


def strategies(pair: Pair, options: dict[str, Any] | None = None) -> dict[str, Any]:
    """A pair as the table that an axis `strategies` takes; `options` are for rivals only.

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


def ratios(
    trainings: Sequence[Training], rows: Sequence[Row], column: str
) -> dict[Pair, list[float]]:
    """By baseline: the figure of ours over the baseline's, of the models that fit under both."""
    result: dict[Pair, list[float]] = {pair: [] for pair in baselines()}
    for training in trainings:
        ours = strategy_row(rows, training.model, OURS)
        for pair in baselines():
            row = strategy_row(rows, training.model, pair)
            if ours and row and ours["fits"] and row["fits"]:
                result[pair].append(ours[column] / row[column])
    return result


def every(by_pair: dict[Pair, list[float]]) -> list[float]:
    """All ratios whatever the baseline.

    >>> every({("fsdp", "gemini"): [1.0], ("megatron3", "gemini"): [2.0, 3.0]})
    [1.0, 2.0, 3.0]
    """
    return [ratio for some in by_pair.values() for ratio in some]
