"""Every way to divide 32 dies among the axes, at a short and at a long sequence."""

from __future__ import annotations

from typing import Any

from tempstudio.scene import format as figures
from tempstudio.studies.chart import LOG2, Axis, Line, LineChart, whole
from tempstudio.studies.setting import Mesh, Setting, Training
from tempstudio.studies.study import (
    FAILS,
    HOLDS,
    IN_PART,
    Claim,
    Row,
    Study,
    SweepTable,
    Tables,
    TextTable,
    Told,
)
from tempstudio.studies.tables import degrees_text, distinct, fastest, where

MODEL, DEGREES = "model", ("dp", "sp", "tp", "stream")
MODELS = ("llama2-7b", "llama3-70b")  # of the evaluation's
HUES = ("I", "W", "K")
JOBS = ((2048, 128), (16384, 32))  # sequence length, batch
BEST = (8, 16)  # what the paper found best
CLOSE = 1.02  # a step within 2 % of the best counts as good as the best


def tables(setting: Setting) -> tuple[SweepTable, ...]:
    """All powers of two whose product is the number of dies, for each model and job."""
    rows, cols = _mesh(setting)
    document = {
        "base": {
            "machine": {"rows": rows, "cols": cols},
            "job": {"flash_attention": True},
            "strategies": {"partitioner": "tspp", "mapper": "sequential"},
        },
        "axes": {
            "model": [training.model for training in _trainings(setting)],
            "job": [{"seq_len": s, "global_batch": b} for s, b in _jobs(setting)],
            "parallel": [
                {**degrees, "zero": 3 if degrees["dp"] * degrees["sp"] > 1 else 0}
                for degrees in all_degrees(rows * cols)
            ],
        },
        "columns": ["job.seq_len", "time_s.exposed"],
    }
    return (SweepTable("degree-sweeps", (document,)),)


def _mesh(setting: Setting) -> Mesh:
    return setting.meshes[0]


def _trainings(setting: Setting) -> tuple[Training, ...]:
    return tuple(t for t in setting.trainings if t.model in MODELS) or setting.trainings


def _jobs(setting: Setting) -> tuple[tuple[int, int], ...]:
    return JOBS if setting.name == "full" else ((256, 8), (1024, 4))


def all_degrees(dies: int) -> list[dict[str, int]]:
    """Powers of two for dp, sp, tp and stream that multiply to `dies`.

    >>> all_degrees(2)[0], len(all_degrees(32))
    ({'dp': 1, 'sp': 1, 'tp': 1, 'stream': 2}, 56)
    """
    powers = [2**e for e in range(dies.bit_length()) if dies % 2**e == 0]
    return [
        {"dp": dp, "sp": sp, "tp": tp, "stream": dies // (dp * sp * tp)}
        for dp in powers
        for sp in powers
        for tp in powers
        if dp * sp * tp <= dies
    ]


def tell(setting: Setting, found: Tables) -> Told:
    """Where the best lies, and what is as good."""
    rows = found["degree-sweeps"]
    sequences = distinct(rows, "job.seq_len")
    lengths = [length for length in sequences if length]
    return Told(
        claims=(_claim(setting, rows, lengths),),
        reading=(
            "Every dot is one way to divide the dies; the line joins the best of each stream "
            "degree. A small model has many ways that are all but equal: weights travel or are "
            "gathered behind the compute, and what is left to choose is memory. Where replicas "
            "are few because the batch is small or the states are large, dies must work on the "
            "same sequences, and then streaming is the cheapest way for them to do so.",
        ),
        charts=tuple(_chart(setting, rows, length) for length in lengths),
        tables=(_table(setting, rows, lengths),),
    )


def _chart(setting: Setting, rows: Any, length: int) -> LineChart:
    lines = []
    for place, (training, hue) in enumerate(zip(_trainings(setting), HUES, strict=False)):
        mine = where(rows, model=training.model, **{"job.seq_len": length})
        fitting = [r for r in mine if r["fits"]]
        if not fitting:
            continue
        top = max(r["tokens_per_s"] for r in fitting)
        every = tuple((r["stream"], r["tokens_per_s"] / top) for r in fitting)
        lines.append(Line("", every, hue, joined=False, shift_px=6.0 * place - 3.0))
        best = {n: max(y for x, y in every if x == n) for n in sorted({x for x, _ in every})}
        lines.append(Line(training.label, tuple(best.items()), hue))
    return LineChart(
        f"degree-sweeps-{length}",
        f"Every division of {_dies(setting)} dies at {length:,} tokens a sequence",
        Axis("stream degree", LOG2, whole),
        Axis("throughput, 1 = the best of its colour", low=0.0),
        tuple(lines),
        subtitle="Dots: one dp x sp x tp x stream each; lines: the best of each stream degree; "
        "what does not fit is left out",
    )


def _dies(setting: Setting) -> int:
    rows, cols = _mesh(setting)
    return rows * cols


def _table(setting: Setting, rows: Any, lengths: list[int]) -> TextTable:
    body = []
    for training in _trainings(setting):
        for length in lengths:
            mine = where(rows, model=training.model, **{"job.seq_len": length})
            ways = {"best": mine, **_kinds(mine)}
            best = fastest(mine)
            for name, some in ways.items():
                row = fastest(some)
                if row is not None and best is not None:
                    ratio = row["step_time_s"] / best["step_time_s"]
                    body.append(
                        (
                            training.label,
                            f"{length:,}",
                            name,
                            degrees_text(row),
                            figures.seconds(row["step_time_s"]),
                            figures.digits(ratio),
                            figures.percent(row["mfu"]),
                            figures.byte_count(row["memory_peak_bytes"]),
                        )
                    )
    columns = ("model", "sequence", "", "degrees", "step", "x best", "MFU", "memory")
    return TextTable("The best of each kind that fits", columns, tuple(body))


def _kinds(rows: list[Row]) -> dict[str, list[Row]]:
    return {
        "stream 8 to 16": [r for r in rows if r["stream"] and BEST[0] <= r["stream"] <= BEST[1]],
        "without stream": [r for r in rows if r["stream"] == 1],
        "stream alone": [r for r in rows if r["stream"] and r["dp"] * r["sp"] * r["tp"] == 1],
        "dp alone": [r for r in rows if r["stream"] and r["sp"] * r["tp"] * r["stream"] == 1],
    }


def _claim(setting: Setting, rows: Any, lengths: list[int]) -> Claim:
    said, exact, close = [], 0, 0
    cases = 0
    for training in _trainings(setting):
        for length in lengths:
            mine = where(rows, model=training.model, **{"job.seq_len": length})
            best, paper = fastest(mine), fastest(_kinds(mine)["stream 8 to 16"])
            if best is None:
                continue
            cases += 1
            exact += BEST[0] <= best["stream"] <= BEST[1]
            close += paper is not None and paper["step_time_s"] <= CLOSE * best["step_time_s"]
            said.append(f"{best['stream']} ({training.label}, {length:,} tokens)")
    verdict = HOLDS if exact == cases else IN_PART if close else FAILS
    return Claim(
        "The best stream degree is 8 to 16",
        f"fastest at {', '.join(said)}; a degree of 8 to 16 is the fastest in {exact} of {cases} "
        f"cases and within 2 % of it in {close}",
        verdict,
        "With weights gathered or streamed behind the compute, most degrees up to n* take the "
        "same time, so the best is a matter of a per cent where replicas are plenty. The paper's "
        "range shows where they are not: long sequences in small batches of a large model.",
    )


STUDY = Study(
    name="degree-sweeps",
    title="Degrees at 2K and 16K tokens",
    question="How should dies be divided among replicas, sequence pieces, tensor split, stream?",
    method=(
        "All dp x sp x tp x stream that are powers of two and fill the wafer, under tspp with "
        "states sharded where they can be (ZeRO 3), batch 128 at 2,048 tokens and 32 at 16,384."
    ),
    tables=tables,
    tell=tell,
)
