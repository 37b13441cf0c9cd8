"""Whole training campaigns: device hours, rates, utilization; all of them shown, none held.

Where a paper does not state its degrees, the least tensor and pipeline parallelism that fits is
simulated; hours of a campaign hold restarts and other work, so that they bound the rate from below.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tempstudio.core.errors import NoPlanError
from tempstudio.core.parallel import Degrees
from tempstudio.core.score import model_flop
from tempstudio.core.workload import Block, Operator, TrainingJob, Workload
from tempstudio.validation.case import Case
from tempstudio.validation.known_models import named_model, workload_of
from tempstudio.validation.row import Row, Value
from tempstudio.validation.throughput import FIGURES, MOST_DEVICES
from tempstudio.validation.training import Trained, Training, plain_plan, train

HOURS = "_gpu_hours"


def _row(case: Case, figure: str, published: Value, computed: Value, note: str = "") -> Row:
    return Row(
        id=case.id,
        kind="throughput: campaign",
        published=published,
        computed=computed,
        source=case.source,
        figure=figure,
        note=f"shown only{': ' if note else ''}{note}",
    )


def hours_rows(case: Case) -> Iterator[Row]:
    """Device hours of a campaign, or its tokens a second and device."""
    published = case.part("published")
    entry = named_model(case.id)
    for figure, value in _numbers(published):
        wanted = figure.endswith(HOURS) or figure == "tokens_per_s_per_gpu"
        if not wanted:
            continue
        if entry is None:
            yield _row(case, figure, value, None, "the case names no model of known sizes")
            continue
        tokens = published.number("tokens", default=float(entry.get("tokens", 0.0)))
        devices = published.whole("gpus", int(entry["devices"]), most=MOST_DEVICES)
        try:
            trained = _trained(entry, "H100" if figure.startswith("h100") else "A100", devices)
        except NoPlanError as error:
            yield _row(case, figure, value, None, str(error))
            continue
        rate = trained.score.tokens_per_s
        note = f"on {devices} devices, {_plan_text(trained)}"
        if figure == "tokens_per_s_per_gpu":
            yield _row(case, figure, value, rate / devices, note)
        elif tokens > 0:
            yield _row(case, figure, value, tokens / rate / 3600.0 * devices, note)
        else:
            yield _row(case, figure, value, None, "the case states no tokens")


def _numbers(part: Case) -> list[tuple[str, float]]:
    return [
        (str(key), float(value))
        for key, value in part.document.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    ]


def _trained(entry: Mapping[str, Any], device: str, devices: int) -> Trained:
    """The entry's model on its batch, planned plainly."""
    model = workload_of(entry)
    seq = int(entry.get("seq", model.max_seq_len))
    batch = max(devices // 8, round(float(entry["batch_tokens"]) / seq))
    job = TrainingJob(global_batch=batch, seq_len=seq, gradient_bytes=4.0, flash_attention=True)
    return plain_plan(Training(device, devices, model, job, Degrees(), "megatron3"))


def _plan_text(trained: Trained) -> str:
    degrees = trained.degrees
    again = "" if trained.training.job.recompute == "none" else ", all computed again"
    return f"tp {degrees.tp} pp {degrees.pp} dp {degrees.dp}{again}"


def parallel_rows(case: Case) -> Iterator[Row]:
    """A run whose degrees are stated and whose model only the case's name tells.

    Interleaving that is not stated goes as far as whole layers do, as papers of that time describe.
    """
    entry = named_model(case.id)
    published, parallel = case.part("published"), case.part("parallel")
    if entry is None:
        for figure, value in _numbers(published):
            yield _row(case, figure, value, None, "the case names no model of known sizes")
        return
    model = workload_of(entry)
    stages = parallel.whole("pp", 1)
    degrees = Degrees(
        interleave=parallel.whole("interleave", max(1, model.layers // stages)),
        pp=stages,
        dp=parallel.whole("dp", 1),
        sp=parallel.whole("cp", 1),
        tp=parallel.whole("tp", 1),
        zero=1,
    )
    batch = case.whole("batch_per_dp", 1) * degrees.dp
    job = TrainingJob(
        global_batch=batch,
        seq_len=case.whole("seq", 8192),
        gradient_bytes=4.0,
        flash_attention=True,
        causal_halving=True,
    )
    devices = case.whole("gpus", degrees.size, most=MOST_DEVICES)
    device = str(entry["device"])
    trained = train(Training(device, devices, model, job, degrees, "megatron3"))
    for figure, value in _numbers(published):
        computed = FIGURES[figure](trained) if figure in FIGURES else None
        yield _row(case, figure, value, computed, "attention counted as if uncausal")


def utilization_rows(case: Case) -> Iterator[Row]:
    """MFU from a measured rate: the program's count of FLOP beside the paper's."""
    published, sizes = case.part("published"), case.part("model")
    rate, chips = published.number("tokens_per_s"), published.whole("chips")
    peak = chips * published.number("peak_tflops", least=1e-9) * 1e12
    seq = sizes.whole("seq", 2048)
    job = TrainingJob(global_batch=1, seq_len=seq)
    heads, width = sizes.whole("heads"), sizes.whole("head_dim")
    layers = sizes.whole("layers")
    parameters = int(sizes.number("params", least=1.0))
    for figure, attention in (("mfu_pct", True), ("mfu_no_attn_pct", False)):
        if published.has(figure):
            model = _counted(parameters, layers if attention else 0, heads, width, seq)
            share = sum(model_flop(model, job).values()) / seq * rate / peak
            yield _row(case, figure, published.number(figure), 100.0 * share, "from the rate")
    for figure, value in _numbers(published):
        if figure == "hfu_pct":
            yield _row(case, figure, value, None, "what was computed again is not stated")


def _counted(parameters: int, layers: int, heads: int, width: int, seq: int) -> Workload:
    """A model of which only parameters and attention are known."""
    hidden = heads * width
    weights = Operator("weights", "linear", ("input",), 1, hidden, parameters)
    core = Operator(
        "attention.core",
        "attention",
        ("input",),
        out_features=hidden,
        heads=heads,
        kv_heads=heads,
        head_dim=width,
        value_dim=width,
    )
    blocks: tuple[Block, ...] = (Block("rest", (weights,)),)
    if layers:
        blocks = (*blocks, Block("layers", (core,), layers))
    return Workload("counted", blocks, hidden, 1, seq)


def remark_rows(case: Case) -> Iterator[Row]:
    """What is published without the degrees, or in words: shown as it stands."""
    for figure, value in case.part("published").document.items():
        plain = value if isinstance(value, (int, float, str)) else str(value)
        yield _row(case, figure, plain, None, "not simulated, its degrees are not stated")
