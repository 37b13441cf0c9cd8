"""Measured training throughput beside simulated steps of the same runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from tempstudio.core.parallel import Degrees
from tempstudio.core.workload import TrainingJob, Workload
from tempstudio.validation.case import Case
from tempstudio.validation.gpt import gpt
from tempstudio.validation.groups import ITERATIONS, OLDER, SHARDED
from tempstudio.validation.known_models import gpt_of_parameters, gpt_sizes
from tempstudio.validation.row import Row, Value
from tempstudio.validation.software import software_of
from tempstudio.validation.training import Trained, Training, fastest_micro_batch, train

ITERATION_TOLERANCE = 0.08
NODE = 8
MOST_DEVICES = 32_768
RECOMPUTE = ("none", "selective", "full")
FULL = ("iter_s_full_recompute", "mfu_full_recompute_pct")
_DAYS = re.compile(r"days_(\d+)B_tokens")


@dataclass(frozen=True)
class Setting:
    """A case's run with nothing recomputed or everything, and how its rows are held."""

    case: Case
    training: Training
    group: str = ""

    def trained(self, recompute: str | None = None) -> Trained:
        """Simulated, with another recomputation than the case's if asked for."""
        training = self.training
        if recompute is not None:
            partitioner = "megatron1" if recompute == "full" else "megatron3"
            training = replace(
                training, job=replace(training.job, recompute=recompute), partitioner=partitioner
            )
        states = self.case.has("microbatch") or not self.case.has("model")
        return train(training) if states or recompute else fastest_micro_batch(training)


def described_rows(case: Case) -> Iterator[Row]:
    """A case that states its model and degrees."""
    degrees, devices = _degrees(case.part("parallel"), case)
    training = Training(
        device=_device(case),
        devices=devices,
        model=_model(case.part("model")),
        job=_job(case, case.part("model").whole("seq", 2048), case.whole("global_batch")),
        degrees=degrees,
        partitioner="megatron1",
        options=software_of(case.arxiv_month).megatron,
    )
    published = case.part("published")
    older = not software_of(case.arxiv_month).hide_tensor and not published.has("iter_s")
    yield from _published_rows(Setting(case, training, OLDER if older else ""), published)


def scheme_rows(case: Case) -> Iterator[Row]:
    """A case that names its model by its parameters, and a scheme of parallelism."""
    sizes = gpt_of_parameters(case.number("params_B", least=1e-3))
    if sizes is None:
        case.refuse("params_B", "the parameters of a model whose sizes are known")
    devices, batch = case.whole("gpus", most=MOST_DEVICES), case.whole("batch")
    software = software_of(case.arxiv_month)
    sharded = case.text("scheme").lower().startswith("zero")
    tp = 1 if sharded else min(NODE, case.whole("model_parallel", 1))
    pp = 1 if sharded else max(1, case.whole("model_parallel", 1) // tp)
    if devices % (tp * pp):
        case.refuse("gpus", f"a multiple of the {tp * pp} model-parallel devices")
    model = gpt(sizes["layers"], sizes["hidden"], sizes["heads"], sizes["seq"], sizes["vocab"])
    training = Training(
        device=_device(case),
        devices=devices,
        model=model,
        job=_job(case, sizes["seq"], batch),
        degrees=Degrees(pp=pp, dp=devices // (tp * pp), tp=tp, zero=3 if sharded else 0),
        partitioner="fsdp" if sharded else "megatron1",
        options=software.sharded if sharded else software.megatron,
    )
    setting = Setting(case, training, SHARDED if sharded else OLDER)
    yield from _published_rows(setting, case.part("published"))


def scaled_rows(case: Case) -> Iterator[Row]:
    """A case that only states how many devices train a model whose degrees its paper states."""
    sizes = gpt_sizes(case.id)
    if sizes is None:
        case.refuse("model", "a model, or one of known sizes in the case's name")
    devices = case.whole("gpus", most=MOST_DEVICES)
    replicas = devices // (sizes["tp"] * sizes["pp"])
    if not replicas:
        case.refuse("gpus", f"at least {sizes['tp'] * sizes['pp']}")
    job = _job(case, sizes["seq"], sizes["global_batch"] * replicas)
    training = Training(
        device=_device(case),
        devices=devices,
        model=gpt(sizes["layers"], sizes["hidden"], sizes["heads"], sizes["seq"], sizes["vocab"]),
        job=replace(job, micro_batch=sizes["micro_batch"]),
        degrees=Degrees(
            pp=sizes["pp"], dp=replicas, tp=sizes["tp"], interleave=sizes["interleave"]
        ),
        partitioner="megatron3",
        options=software_of(case.arxiv_month).megatron,
    )
    yield from _published_rows(Setting(case, training), case.part("published"))


def _published_rows(setting: Setting, published: Case) -> Iterator[Row]:
    """A row for each figure that the case publishes."""
    both = published.has("iter_s_full_recompute", "iter_s_sp_selective")
    for figure in published.document:
        value = published.document[figure]
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            continue
        recompute = ("full" if figure in FULL else "selective") if both else None
        if not both and figure in FULL:
            recompute = "full"
        computed = _figure(figure, setting, recompute)
        held = figure.startswith("iter_s_")
        group = ITERATIONS if held else setting.group if figure == "tflops_per_gpu" else ""
        yield _row(setting.case, figure, float(value), computed, held, group)


def _row(
    case: Case, figure: str, published: Value, computed: Value, held: bool = False, group: str = ""
) -> Row:
    return Row(
        id=case.id,
        kind="throughput",
        published=published,
        computed=computed,
        source=case.source,
        figure=figure,
        rel_tol=ITERATION_TOLERANCE if held else None,
        group=group,
        note="" if held or group else "shown only",
    )


def _figure(figure: str, setting: Setting, recompute: str | None) -> float | None:
    """What the program computes for a published figure; None where it has none such."""
    if figure == "throughput_gain_pct":
        full, selective = setting.trained("full"), setting.trained("selective")
        return 100.0 * (full.score.step_time_s / selective.score.step_time_s - 1.0)
    days = _DAYS.fullmatch(figure)
    trained = setting.trained(recompute)
    if days:
        return float(days[1]) * 1e9 / trained.score.tokens_per_s / 86400.0
    if figure in FIGURES:
        return FIGURES[figure](trained)
    return None


FIGURES: dict[str, Callable[[Trained], float]] = {
    "iter_s": lambda trained: trained.score.step_time_s,
    "iter_s_full_recompute": lambda trained: trained.score.step_time_s,
    "iter_s_sp_selective": lambda trained: trained.score.step_time_s,
    "tflops_per_gpu": lambda trained: trained.tflops,
    "pct_peak": lambda trained: 100.0 * trained.peak_share,
    "hfu_pct": lambda trained: 100.0 * trained.peak_share,
    "mfu_pct": lambda trained: 100.0 * trained.model_share,
    "bf16_mfu_pct": lambda trained: 100.0 * trained.model_share,
    "mfu_full_recompute_pct": lambda trained: 100.0 * trained.model_share,
    "aggregate_pflops": lambda trained: trained.tflops * trained.training.devices / 1e3,
}


def _device(case: Case) -> str:
    """The GPU that a case names, the A100 where it names none."""
    said = " ".join(str(value) for value in case.document.values() if isinstance(value, str))
    return "H100" if "H100" in said else "A100"


def _model(sizes: Case) -> Workload:
    return gpt(
        sizes.whole("layers", most=10_000),
        sizes.whole("hidden", most=1_000_000),
        sizes.whole("heads", most=10_000),
        sizes.whole("seq", 2048),
        sizes.whole("vocab", 51200),
    )


def _job(case: Case, seq: int, batch: int) -> TrainingJob:
    software = software_of(case.arxiv_month)
    recompute = case.text("recompute", software.recompute)
    if recompute not in RECOMPUTE:
        case.refuse("recompute", ", ".join(RECOMPUTE))
    return TrainingJob(
        global_batch=batch,
        micro_batch=case.whole("microbatch", 1),
        seq_len=seq,
        recompute=recompute,
        gradient_bytes=software.gradient_bytes,
    )


def _degrees(parallel: Case, case: Case) -> tuple[Degrees, int]:
    """(degrees, devices); what is left out is 1, dp takes what remains of the devices."""
    tp, pp = parallel.whole("tp", 1), parallel.whole("pp", 1)
    devices = parallel.document.get("gpus", case.document.get("gpus"))
    if devices is None:
        devices = tp * pp * parallel.whole("dp", 1)
    if not isinstance(devices, int) or not 1 <= devices <= MOST_DEVICES:
        parallel.refuse("gpus", f"a whole number from 1 to {MOST_DEVICES}")
    dp = parallel.whole("dp", max(1, devices // (tp * pp)))
    if dp * tp * pp > devices:
        parallel.refuse("dp", f"at most {devices // (tp * pp)} of {devices} devices")
    return Degrees(pp=pp, dp=dp, tp=tp, interleave=parallel.whole("interleave", 1)), devices
