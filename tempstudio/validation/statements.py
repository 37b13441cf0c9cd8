"""Formulas and round figures that a paper states in passing, beside what the program does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tempstudio.core.interleave import start_times, turns
from tempstudio.core.parallel import Degrees
from tempstudio.core.workload import TrainingJob
from tempstudio.validation.case import Case
from tempstudio.validation.formula import evaluate
from tempstudio.validation.gpt import LAYERS, gpt, partition
from tempstudio.validation.known_models import gpt_of_parameters
from tempstudio.validation.row import Row
from tempstudio.validation.training import hardware_flop

SAMPLE = {"b": 2, "s": 512, "h": 1024, "t": 4, "p": 4, "m": 16, "v": 2}
EXACT = 1e-9
_DAYS = re.compile(r"(\d+) A100 at (\d+) TF/s, (\d+)B tokens")


def statement_rows(case: Case) -> Iterator[Row]:
    """What is known of each statement; the rest is shown as it stands."""
    for figure, value in case.part("published").document.items():
        text = str(value)
        days = _DAYS.fullmatch(text)
        if days:
            yield _days_row(case, figure, days)
        elif figure in STATEMENTS:
            yield from STATEMENTS[figure](case, figure, text)
        else:
            yield Row(
                case.id, "throughput: statement", text, None, case.source, figure, note="shown only"
            )


def _row(
    case: Case, figure: str, published: float, computed: float, rel_tol: float | None, note: str
) -> Row:
    return Row(
        id=case.id,
        kind="throughput: statement",
        published=published,
        computed=computed,
        source=case.source,
        figure=figure,
        rel_tol=rel_tol,
        note=note,
    )


def _days_row(case: Case, figure: str, days: re.Match[str]) -> Row:
    """Days for so many tokens at a stated rate, with the program's FLOP a token."""
    billions = {"one": 1008.0, "gpt3": 174.6}.get(figure.split("_")[0], 0.0)
    sizes = gpt_of_parameters(billions) if billions else None
    stated = re.search(r"_(\d+)_days", figure)
    if sizes is None or stated is None:
        return Row(case.id, "throughput: statement", days[0], None, case.source, figure)
    model = gpt(sizes["layers"], sizes["hidden"], sizes["heads"], sizes["seq"], sizes["vocab"])
    job = TrainingJob(global_batch=1, seq_len=sizes["seq"], recompute="full")
    per_token = hardware_flop(model, job) / job.tokens
    seconds = per_token * float(days[3]) * 1e9 / (float(days[1]) * float(days[2]) * 1e12)
    return _row(case, figure, float(stated[1]), seconds / 86400.0, None, "shown only: days")


def _sample_note(*names: str) -> str:
    return "at " + ", ".join(f"{name} {SAMPLE[name]}" for name in names)


def _tensor_volume(case: Case, figure: str, text: str) -> Iterator[Row]:
    """Elements a device sends for one layer and micro-batch: all-reduces of both passes."""
    job = TrainingJob(global_batch=SAMPLE["b"], micro_batch=SAMPLE["b"], seq_len=SAMPLE["s"])
    t = SAMPLE["t"]
    made = partition(gpt(1, SAMPLE["h"], 8, SAMPLE["s"]), job, Degrees(tp=t), "megatron1")
    program = made.stages[0]
    sent = sum(
        2.0 * (t - 1) / t * phase.collective.bytes / job.bytes_per_element
        for segment in (*program.forward, *program.backward)
        if segment.name == LAYERS
        for phase in segment.phases
        if phase.collective is not None and phase.collective.op == "all-reduce"
    )
    formula = text.partition(" per ")[0]
    published = evaluate(formula, SAMPLE, case.where)
    yield _row(case, figure, published, sent, EXACT, _sample_note("b", "s", "h", "t"))


def _hand_over(case: Case, figure: str, text: str) -> Iterator[Row]:
    """Elements a device sends to the next stage, whole and scattered over the group."""
    found = re.fullmatch(r"(\S+) \((\S+) with scatter/gather\)", text)
    for formula, scattered in zip(found.groups() if found else (), (False, True), strict=False):
        job = TrainingJob(global_batch=SAMPLE["b"], micro_batch=SAMPLE["b"], seq_len=SAMPLE["s"])
        degrees = Degrees(pp=2, tp=SAMPLE["t"])
        made = partition(
            gpt(2, SAMPLE["h"], 8, SAMPLE["s"]),
            job,
            degrees,
            "megatron1",
            (("scatter_gather", scattered),),
        )
        sent = made.stages[0].send_bytes / job.bytes_per_element
        name = f"{figure}, {'scattered' if scattered else 'whole'}"
        published = evaluate(formula, SAMPLE, case.where)
        yield _row(case, name, published, sent, EXACT, _sample_note("b", "s", "h", "t"))


def _bubble(case: Case, figure: str, text: str) -> Iterator[Row]:
    """Idle over busy time of a pipeline whose chunks all take as long, plain and interleaved."""
    for formula in text.split(";"):
        chunks = SAMPLE["v"] if "interleaved" in formula else 1
        p, m = SAMPLE["p"], SAMPLE["m"]
        orders = [turns(stage, p, chunks, m) for stage in range(p)]
        starts = start_times(orders, [[(1.0, 2.0, 2.0)] * chunks] * p)
        length = max(
            start + (1.0 if turn.forward else 2.0)
            for order, row in zip(orders, starts, strict=True)
            for turn, start in zip(order, row, strict=True)
        )
        busy = 3.0 * m * chunks
        published = evaluate(formula.replace("interleaved", ""), SAMPLE, case.where)
        note = _sample_note("p", "m", "v")
        name = f"{figure}{', interleaved' if chunks > 1 else ''}"
        yield _row(case, name, published, length / busy - 1.0, EXACT, note)


STATEMENTS: dict[str, Callable[[Case, str, str], Iterator[Row]]] = {
    "tp_comm_elements_per_layer_per_device": _tensor_volume,
    "pp_p2p_elements": _hand_over,
    "bubble": _bubble,
}
