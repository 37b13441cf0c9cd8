"""The six models at 16K tokens, every strategy with its own best degrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tempstudio.scene import format as figures
from tempstudio.studies.pairs import OURS, baselines, documents, every, ratios, strategy_row
from tempstudio.studies.rival_figures import (
    cost_chart,
    fit_counts,
    gains_text,
    plan_table,
    throughput_chart,
)
from tempstudio.studies.setting import Setting
from tempstudio.studies.study import SHOWN, Claim, Row, Study, SweepTable, Tables, Told

TABLE = "long-sequences"


def tables(setting: Setting) -> tuple[SweepTable, ...]:
    """Six baselines and ours on every model at its long sequence, on the larger mesh."""
    long = replace(setting, trainings=setting.long_trainings)
    return (SweepTable(TABLE, documents(long, setting.meshes[-1], [*baselines(), OURS])),)


def tell(setting: Setting, found: Tables) -> Told:
    """Throughput and memory over those of ours."""
    trainings, rows = setting.long_trainings, found[TABLE]
    mesh, length = setting.meshes[-1], trainings[0].seq_len
    dies = f"{mesh[0]} x {mesh[1]} dies at {length:,} tokens"
    return Told(
        claims=(_claim(setting, rows),),
        reading=(
            "A quarter of the sequences, each four or eight times as long: attention costs more "
            "and there are few replicas to be had, so dies must share sequences. Every strategy "
            "can do so by sp (ring attention) and by tp, ours by streams too.",
        ),
        charts=(
            throughput_chart("long-throughput", dies, trainings, rows),
            cost_chart("long-memory", dies, trainings, rows, "memory_peak_bytes"),
        ),
        tables=(plan_table(dies, trainings, rows),),
    )


def _claim(setting: Setting, rows: Sequence[Row]) -> Claim:
    trainings = setting.long_trainings
    gains = every(ratios(trainings, rows, "tokens_per_s"))
    mean = figures.digits(sum(gains) / len(gains)) if gains else "no"
    chosen = {t.label: strategy_row(rows, t.model, OURS) for t in trainings}
    streams = ", ".join(
        f"{label} {row['stream']}" for label, row in chosen.items() if row and row["fits"]
    )
    return Claim(
        "none that may be cited: long sequences",
        f"{mean} times the throughput of a baseline on average over all pairs that fit (by model "
        f"{gains_text(trainings, rows)}); {fit_counts(trainings, (rows,))}; stream degrees of "
        f"ours: {streams or 'none fits'}",
        SHOWN,
        "Ring attention passes keys and values hidden behind compute under every strategy, so a "
        "long sequence alone gives no advantage. What differs is memory: activations grow with "
        "the sequence, and who divides them with the weights spares some models the "
        "recomputation. Where everybody must recompute, all are nearly as fast.",
    )


STUDY = Study(
    name="long-sequences",
    title="Rivals at 16K tokens",
    question="Does the comparison change when sequences are long and batches small?",
    method=(
        "The six models, batch 32 at 16,384 tokens, on 6 x 8 dies: {megatron1, megatron3, fsdp} "
        "with {sequential, gemini}, and tspp with the traffic-conscious mapper, all under the "
        "same solver."
    ),
    tables=tables,
    tell=tell,
)
