"""Measured times of one layer's passes beside those of a simulated step."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tempstudio.core.parallel import Degrees
from tempstudio.core.workload import TrainingJob
from tempstudio.validation.case import Case
from tempstudio.validation.gpt import LAYERS, gpt
from tempstudio.validation.known_models import gpt_sizes
from tempstudio.validation.row import Row
from tempstudio.validation.software import software_of
from tempstudio.validation.training import Training, layer_seconds, run_training

_SIZE = re.compile(r"\b(TP|b|s)\s*=?\s*(\d+)", re.IGNORECASE)


def layer_rows(case: Case) -> Iterator[Row]:
    """Forward, backward and both, in milliseconds; the case's name tells what is recomputed."""
    published = case.part("published")
    passes = _passes(case, case.id.lower())
    baseline = sum(_passes(case, "").values())
    total = sum(passes.values())
    computed = {
        "fwd_ms": 1e3 * passes["forward"],
        "bwd_ms": 1e3 * passes["backward"],
        "total_ms": 1e3 * total,
        "overhead_pct": 100.0 * (total / baseline - 1.0),
    }
    for figure, value in computed.items():
        if published.has(figure):
            yield Row(
                id=case.id,
                kind="throughput: layer",
                published=published.number(figure, least=-100.0),
                computed=value,
                source=case.source,
                figure=figure,
                note="shown only",
            )


def _passes(case: Case, words: str) -> dict[str, float]:
    """Seconds of a layer's passes with what some words say: sequence, selective, full."""
    text = case.text("model")
    sizes = gpt_sizes(text)
    if sizes is None:
        case.refuse("model", "a text that names a model of known sizes, as in 22B layer, TP8")
    said = {name.lower(): int(value) for name, value in _SIZE.findall(text)}
    recompute = next((word for word in ("selective", "full") if word in words), "none")
    micro_batch = max(1, said.get("b", sizes["micro_batch"]))
    seq = max(1, said.get("s", sizes["seq"]))
    tp = max(1, said.get("tp", sizes["tp"]))
    software = software_of(case.arxiv_month)
    training = Training(
        device="A100",
        devices=tp,
        model=gpt(1, sizes["hidden"], sizes["heads"], seq, sizes["vocab"]),
        job=TrainingJob(
            global_batch=micro_batch,
            micro_batch=micro_batch,
            seq_len=seq,
            recompute=recompute,
            gradient_bytes=software.gradient_bytes,
        ),
        degrees=Degrees(tp=tp),
        partitioner="megatron3" if "sequence" in words else "megatron1",
        options=software.megatron,
    )
    timeline = run_training(training).timeline
    return {name: layer_seconds(timeline, LAYERS, name) for name in ("forward", "backward")}
