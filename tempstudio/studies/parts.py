"""What each part contributes: streaming, mapping, solving, and where a stream is chosen at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tempstudio.scene import format as figures
from tempstudio.studies import rivals
from tempstudio.studies.chart import Axis, BarChart, Bars, Rule
from tempstudio.studies.pairs import OURS, documents, strategy_row
from tempstudio.studies.setting import Mesh, Setting
from tempstudio.studies.study import (
    FAILS,
    HOLDS,
    IN_PART,
    SHOWN,
    Claim,
    Row,
    Study,
    SweepTable,
    Tables,
    TextTable,
    Told,
)
from tempstudio.studies.tables import degrees_text, geometric_mean

BASE = ("megatron3", "sequential")
STREAMING, MAPPING = ("tspp", "sequential"), ("megatron3", "traffic-conscious")
PAIRS = {
    BASE: "neither",
    MAPPING: "mapper alone",
    STREAMING: "streaming alone",
    OURS: "both",
}
HUES = {BASE: "P", MAPPING: "W", STREAMING: "K", OURS: "I"}
RULE_OF_THUMB = {"stream": 8, "zero": 1}  # the middle of what the paper found best; dp the rest
BEST = (8, 16)


def tables(setting: Setting) -> tuple[SweepTable, ...]:
    """The rivals' table of the largest mesh, and what it lacks: single parts, fixed degrees."""
    mesh = _mesh(setting)
    known = [table for table in rivals.tables(setting) if table.name == rivals.table_name(mesh)]
    single = documents(setting, mesh, [STREAMING, MAPPING])
    fixed = documents(setting, mesh, [OURS], {"parallel": RULE_OF_THUMB})
    return (*known, SweepTable("parts-single", single), SweepTable("parts-fixed", fixed))


def _mesh(setting: Setting) -> Mesh:
    return setting.meshes[-1]


def tell(setting: Setting, found: Tables) -> Told:
    """Throughput over neither part, by model."""
    mesh = _mesh(setting)
    rows = [*found[rivals.table_name(mesh)], *found["parts-single"]]
    fixed = found["parts-fixed"]
    return Told(
        claims=(
            _parts_claim(setting, rows),
            _stream_claim(setting, rows),
            _solver_claim(setting, rows, fixed),
        ),
        reading=(
            "Neither part is megatron3 placed row by row, at its own best degrees; each part is "
            "then added alone and together, and the degrees are searched anew every time. tspp "
            "at stream = 1 is megatron3, so what streaming alone gains is what stream > 1 gains.",
        ),
        charts=(_chart(setting, mesh, rows, fixed),),
        tables=(_table(setting, rows, fixed),),
    )


def _gain(rows: Sequence[Row], model: str, pair: tuple[str, str]) -> float | None:
    row, base = strategy_row(rows, model, pair), strategy_row(rows, model, BASE)
    if not row or not base or not row["fits"] or not base["fits"]:
        return None
    return float(row["tokens_per_s"] / base["tokens_per_s"])


def _chart(setting: Setting, mesh: Mesh, rows: Sequence[Row], fixed: Sequence[Row]) -> BarChart:
    bars = []
    for pair, label in PAIRS.items():
        values = tuple(_gain(rows, t.model, pair) for t in setting.trainings)
        misses = tuple("" if value is not None else "does not fit" for value in values)
        bars.append(Bars(label, values, HUES[pair], misses=misses))
    thumb = [_fixed_gain(rows, fixed, t.model) for t in setting.trainings]
    missing = tuple("" if value is not None else "does not fit" for value in thumb)
    bars.append(Bars("both, stream 8 fixed", tuple(thumb), "I", True, missing))
    return BarChart(
        "parts",
        f"What each part gains on {mesh[0]} x {mesh[1]} dies",
        Axis("throughput, 1 = megatron3 + sequential", low=0.0),
        tuple(t.label for t in setting.trainings),
        tuple(bars),
        (Rule(1.0, ""),),
        subtitle="Degrees searched for every bar but the last: stream 8, dp the rest, ZeRO 1",
    )


def _fixed_gain(rows: Sequence[Row], fixed: Sequence[Row], model: str) -> float | None:
    row, base = strategy_row(fixed, model, OURS), strategy_row(rows, model, BASE)
    if not row or not base or not row["fits"] or not base["fits"]:
        return None
    return float(row["tokens_per_s"] / base["tokens_per_s"])


def _mean(setting: Setting, rows: Sequence[Row], pair: tuple[str, str]) -> float:
    gains = [_gain(rows, t.model, pair) for t in setting.trainings]
    return geometric_mean([gain for gain in gains if gain is not None])


def _parts_claim(setting: Setting, rows: Sequence[Row]) -> Claim:
    means = {pair: _mean(setting, rows, pair) for pair in (STREAMING, MAPPING, OURS)}
    text = {pair: figures.digits(mean) for pair, mean in means.items()}
    return Claim(
        "none that may be cited: each part's share",
        "over megatron3 placed row by row (geometric mean of the models that fit under both): "
        f"streaming alone {text[STREAMING]}, the mapper alone {text[MAPPING]}, both {text[OURS]}",
        SHOWN,
        "Each alone gains nearly what both do: what is hidden behind compute cannot be gained "
        "twice. Better routes shorten what a rival leaves exposed, some per cent; streaming "
        "hides it and divides activations as well, which spares the largest models the "
        "recomputation.",
    )


def chosen_streams(setting: Setting, rows: Sequence[Row]) -> dict[str, int]:
    """By the label of each training: the stream degree that the solver chose for ours."""
    found = {t.label: strategy_row(rows, t.model, OURS) for t in setting.trainings}
    return {label: row["stream"] for label, row in found.items() if row and row["fits"]}


def _stream_claim(setting: Setting, rows: Sequence[Row]) -> Claim:
    chosen = chosen_streams(setting, rows)
    above = {label: n for label, n in chosen.items() if n > 1}
    inside = [n for n in above.values() if BEST[0] <= n <= BEST[1]]
    said = ", ".join(f"{label} {n}" for label, n in chosen.items())
    verdict = HOLDS if above and len(inside) == len(chosen) else IN_PART if inside else FAILS
    return Claim(
        "The best stream degree is 8 to 16",
        f"a stream above 1 is chosen for {len(above)} of {len(chosen)} trainings: {said}",
        verdict,
        "A small model is fastest with many replicas, so a stream of two to four is enough and "
        "gains a few per cent. Degrees of 8 to 16 are chosen where the states or the activations "
        "of a large model force many dies to share a sequence, and there they gain most.",
    )


def _solver_claim(setting: Setting, rows: Sequence[Row], fixed: Sequence[Row]) -> Claim:
    gains = []
    misfits = 0
    for training in setting.trainings:
        ours, thumb = (strategy_row(some, training.model, OURS) for some in (rows, fixed))
        if ours and ours["fits"] and thumb:
            if thumb["fits"]:
                gains.append(ours["tokens_per_s"] / thumb["tokens_per_s"])
            else:
                misfits += 1
    gained = figures.digits(geometric_mean(gains)) if gains else "no"
    return Claim(
        "none that may be cited: the solver against fixed degrees",
        f"searched degrees are {gained} times as fast as stream 8 with dp over the rest and ZeRO "
        f"1, which does not fit for {misfits} of {len(setting.trainings)} trainings where a "
        "searched plan does",
        SHOWN,
        "The fixed plan hides its communication as well, but its micro-batch of one leaves "
        "matrix products small and re-reads weights more often; the search chooses micro-batch, "
        "sharding and recomputation with the degrees, and finds the plans that fit.",
    )


def _table(setting: Setting, rows: Sequence[Row], fixed: Sequence[Row]) -> TextTable:
    body: list[tuple[str, ...]] = []
    for training in setting.trainings:
        pairs: list[tuple[str, Any]] = [
            (label, strategy_row(rows, training.model, pair)) for pair, label in PAIRS.items()
        ]
        pairs.append(("both, stream 8 fixed", strategy_row(fixed, training.model, OURS)))
        for label, row in pairs:
            if row is None or not row["step_time_s"]:
                body.append((training.label, label, "no plan", "", "", "", ""))
                continue
            body.append(
                (
                    training.label,
                    label,
                    degrees_text(row) + ("" if row["fits"] else " (does not fit)"),
                    figures.seconds(row["step_time_s"]),
                    figures.seconds(max(0.0, round(row["time_s.exposed"], 9))),
                    figures.digits(row["contention_factor"]),
                    figures.percent(row["mfu"]),
                )
            )
    columns = ("model", "parts", "degrees", "step", "exposed", "contention", "MFU")
    return TextTable("Plans by part", columns, tuple(body))


STUDY = Study(
    name="parts",
    title="What each part contributes",
    question="Is it the streams, the mapper or the solver, and where is a stream chosen at all?",
    method=(
        "megatron3 and tspp, each with the sequential and the traffic-conscious mapper, degrees "
        "searched; and tspp with the traffic-conscious mapper at fixed degrees, stream 8 and dp "
        "the rest with ZeRO 1. The six models on the larger mesh."
    ),
    tables=tables,
    tell=tell,
)
