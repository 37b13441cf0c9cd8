"""Published memory: activations of a layer or a stage, model states under ZeRO, what a wafer holds.

Activations: Korthikanti et al. 2022 (arXiv:2205.05198). States: Rajbhandari et al. 2020
(arXiv:1910.02054).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tempstudio.core.interleave import turns
from tempstudio.core.memory import state_bytes
from tempstudio.core.parallel import Degrees
from tempstudio.core.partition import Partition
from tempstudio.core.workload import TrainingJob
from tempstudio.validation.case import Case
from tempstudio.validation.formula import evaluate
from tempstudio.validation.gpt import (
    LAYERS,
    MODES,
    Activations,
    gpt,
    layer_bytes,
    mode_of,
    partition,
)
from tempstudio.validation.known_models import gpt_sizes
from tempstudio.validation.row import Row, Value

UNITS = {"bytes": 1.0, "GiB": 2.0**30, "GB": 1e9, "GB (1e9)": 1e9}
MAGNITUDES = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
SAMPLE = {"s": 1024, "b": 2, "h": 2048, "a": 16, "t": 4, "L": 6, "ffn": 3 * 2048}
EXACT = 1e-9
SIZES = {"s", "b", "h", "a", "t"}


def memory_rows(case: Case) -> Iterator[Row]:
    """The rows of one case of `inputs` and what is `expected`."""
    yield from _reader(case)(case)


def _reader(case: Case) -> Callable[[Case], Iterator[Row]]:
    """What reads a case, told by what it states."""
    inputs, expected = case.document["inputs"], case.document["expected"]
    keys = set(inputs) if isinstance(inputs, dict) else set()
    if isinstance(expected, str):
        return _symbolic
    if "Psi" in case.text("unit", ""):
        return _volumes
    if "hbm_per_die_GB" in keys:
        return _wafer
    if "params_billion" in keys or "params" in keys:
        return _states
    if "bytes_per_param" in keys:
        return _stage_states
    if "model" in keys and "h" not in keys:
        return _share if "mode" in keys else _score_coefficient
    if keys == {"s", "h"}:
        return _attention_share
    if not keys >= {"s", "b", "h", "a"}:
        case.refuse("inputs", "the sizes of a layer, a model's parameters, or a model and a mode")
    return _stage if "L_eff" in keys else _layer


def _row(
    case: Case,
    published: Value,
    computed: Value,
    figure: str = "",
    rel_tol: float | None = None,
    note: str = "",
) -> Row:
    return Row(
        id=case.id,
        kind=f"memory: {case.text('kind', 'published')}",
        published=published,
        computed=computed,
        source=case.source,
        figure=figure,
        unit=case.text("unit", ""),
        rel_tol=case.number("rel_tol", default=EXACT) if rel_tol is None else rel_tol,
        note=note,
    )


def _scale(case: Case) -> float:
    unit = case.text("unit", "bytes")
    if unit not in UNITS:
        case.refuse("unit", ", ".join(UNITS))
    return UNITS[unit]


def _layer(case: Case) -> Iterator[Row]:
    mode = mode_of(case.text("formula"), case)
    kept = _layer_of(case.part("inputs"), mode)
    yield _row(case, case.number("expected"), kept / _scale(case))


def _layer_of(inputs: Case, mode: Activations) -> float:
    seq = inputs.whole("s")
    model = gpt(1, inputs.whole("h"), inputs.whole("a"), seq)
    return layer_bytes(model, mode, inputs.whole("t", 1), inputs.whole("b"), seq)


def _stage(case: Case) -> Iterator[Row]:
    """The first stage at its fullest: as many micro-batches as 1F1B keeps under way there."""
    inputs = case.part("inputs")
    name = inputs.text("mode", "")
    mode = MODES.get(name) or mode_of(case.text("formula"), case)
    stages, chunks = inputs.whole("p", 1), inputs.whole("interleave_m", 1)
    copies = inputs.whole("L") / (stages * chunks) * _most_under_way(stages, chunks)
    yield _row(case, case.number("expected"), copies * _layer_of(inputs, mode) / _scale(case))


def _most_under_way(stages: int, chunks: int) -> int:
    """Model chunks that the first stage has been through forward and not yet backward."""
    most = under_way = 0
    for turn in turns(0, stages, chunks, micro_batches=4 * stages):
        under_way += 1 if turn.forward else -1
        most = max(most, under_way)
    return most


def _share(case: Case) -> Iterator[Row]:
    """A layer's bytes in per cent of those under tensor parallelism alone."""
    inputs = case.part("inputs")
    mode = inputs.text("mode")
    if mode not in MODES:
        inputs.refuse("mode", ", ".join(MODES))
    shape = _sizes(inputs)
    kept = [_layer_of(shape, MODES[name]) for name in (mode, "tp")]
    yield _row(case, case.number("expected"), 100.0 * kept[0] / kept[1])


def _score_coefficient(case: Case) -> Iterator[Row]:
    """Bytes of attention scores a layer keeps, per s b h: what selective recomputation drops."""
    shape = _sizes(case.part("inputs"))
    kept = [_layer_of(shape, Activations(False, r, tensor=False)) for r in ("none", "selective")]
    per = shape.whole("s") * shape.whole("b") * shape.whole("h")
    yield _row(case, case.number("expected"), (kept[0] - kept[1]) / per)


def _attention_share(case: Case) -> Iterator[Row]:
    """FLOP that selective recomputation adds to a layer's forward pass: those of its attention."""
    inputs = case.part("inputs")
    seq, hidden = inputs.whole("s"), inputs.whole("h")
    layer = next(block for block in gpt(1, hidden, 1, seq).blocks if block.name == LAYERS)
    flop = {operator.kind: 0.0 for operator in layer.operators}
    for operator in layer.operators:
        flop[operator.kind] += operator.flop(seq, seq)
    share = flop["attention"] / sum(flop.values())
    yield _row(case, case.number("expected"), 100.0 * share, note="of a layer's forward FLOP")


def _sizes(inputs: Case) -> Case:
    """The sizes of a model that is only named: another case's, or those that its paper states."""
    model = inputs.text("model")
    for other in inputs.siblings:
        sizes = other.document.get("inputs")
        about = str(other.document.get("description", ""))
        if about.startswith(f"{model}:") and isinstance(sizes, dict) and set(sizes) >= SIZES:
            return other.part("inputs")
    known = gpt_sizes(model)
    if known is None:
        inputs.refuse("model", "a model whose sizes another case states")
    document = {
        "s": known["seq"],
        "b": known["micro_batch"],
        "h": known["hidden"],
        "a": known["heads"],
        "t": known["tp"],
    }
    return Case(document, inputs.where)


def _stage_states(case: Case) -> Iterator[Row]:
    """Weights, gradients and optimizer states of a device's share of the matrices alone."""
    inputs = case.part("inputs")
    model = gpt(inputs.whole("L"), inputs.whole("h"), 1, 1)
    matrices = sum(
        block.repeat * operator.in_features * operator.out_features
        for block in model.blocks
        if block.name == LAYERS
        for operator in block.operators
        if operator.kind == "linear"
    )
    per_parameter = inputs.number("bytes_per_param", least=14)
    job = TrainingJob(gradient_bytes=per_parameter - 14.0)
    own = state_bytes(matrices / inputs.whole("p", 1), Degrees(tp=inputs.whole("t", 1)), job)
    yield _row(case, case.number("expected"), sum(own) / _scale(case))


def _states(case: Case) -> Iterator[Row]:
    """All states of a model on one of `dp` devices, by ZeRO stage or by the gradients' bytes."""
    inputs = case.part("inputs")
    parameters, dp = _parameters(inputs), inputs.whole("dp", 1)
    expected = case.document["expected"]
    figures = expected if isinstance(expected, dict) else {"": expected}
    for figure in figures:
        stage = re.fullmatch(r"stage([0-3])", figure)
        gradient = {"no_fp32_grad": 2.0, "fp32_grad": 2.0 + 4.0}.get(figure, 2.0)
        if figure and not stage and figure not in ("no_fp32_grad", "fp32_grad"):
            case.refuse("expected", "stage0 to stage3, no_fp32_grad, fp32_grad, or one number")
        degrees = Degrees(dp=dp, zero=int(stage[1]) if stage else 0)
        own = sum(state_bytes(parameters, degrees, TrainingJob(gradient_bytes=gradient)))
        published = case.part("expected").number(figure) if figure else case.number("expected")
        yield _row(case, published, own / _scale(case), figure)


def _parameters(inputs: Case) -> float:
    if inputs.has("params_billion"):
        return inputs.number("params_billion") * 1e9
    if not isinstance(inputs.document["params"], str):
        return inputs.number("params")
    found = re.fullmatch(r"([0-9.]+)([KMBT])", inputs.text("params").strip())
    if not found or found[1].count(".") > 1 or found[1] == ".":
        inputs.refuse("params", "a number, or one with K, M, B or T")
    return float(found[1]) * MAGNITUDES[found[2]]


def _volumes(case: Case) -> Iterator[Row]:
    """What data parallelism moves a step, in parameters: ZeRO 0, 1, 2, 3 in turn."""
    expected = case.document["expected"]
    if not isinstance(expected, list) or len(expected) > 4:
        case.refuse("expected", "a list of volumes under ZeRO 0 to 3")
    model = gpt(2, 64, 2, 32, vocab=128)
    for zero, published in enumerate(expected):
        degrees = Degrees(dp=4, zero=zero)
        job = TrainingJob(global_batch=4, seq_len=32)
        made = partition(model, job, degrees, "megatron1")
        moved = _moved(made) / job.bytes_per_element / model.parameters
        if not isinstance(published, (int, float)):
            case.refuse("expected", "numbers")
        yield _row(case, float(published), moved, f"ZeRO-{zero}")


def _moved(made: Partition) -> float:
    """Bytes that the collectives over the replicas move; an all-reduce moves everything twice."""
    program = made.stages[0]
    return sum(
        segment.repeat * phase.collective.bytes * (2 if phase.collective.op == "all-reduce" else 1)
        for segment in (*program.forward, *program.backward_last, *program.optimizer)
        for phase in (*segment.phases, *segment.background)
        if phase.collective is not None and "dp" in phase.collective.axes
    )


def _wafer(case: Case) -> Iterator[Row]:
    """Model states beside the memory of a wafer's dies, all sharded over them."""
    inputs = case.part("inputs")
    parameters = inputs.number("params", least=1.0)
    die = inputs.number("hbm_per_die_GB") * 1e9
    expected = case.part("expected")
    for key, published in expected.document.items():
        found = re.fullmatch(r"(fits|max_bytes_per_param)_(\d{1,5})", key)
        degrees = Degrees(dp=max(1, int(found[2])), zero=3) if found else Degrees()
        if key == "states_GB":
            computed: Value = sum(state_bytes(parameters, degrees, TrainingJob())) / 1e9
        elif found and found[1] == "fits":
            computed = sum(state_bytes(parameters, degrees, TrainingJob())) <= die
        elif found:
            one = TrainingJob(weight_bytes=1.0, gradient_bytes=0.0, optimizer_bytes=0.0)
            computed = die / sum(state_bytes(parameters, degrees, one))
        else:
            case.refuse("expected", "states_GB, fits_N, max_bytes_per_param_N")
        if not isinstance(computed, bool):
            published = expected.number(key)
        elif not isinstance(published, bool):
            expected.refuse(key, "true or false")
        yield _row(case, published, computed, key)


def _symbolic(case: Case) -> Iterator[Row]:
    """A formula in symbols, held against the program at sample sizes; else a remark, shown."""
    expected, inputs = case.text("expected"), case.document["inputs"]
    parts = [part.strip() for part in expected.split(";")]
    if len(parts) == 2 and all(re.fullmatch(r"[0-9d+*/(). ]+", part) for part in parts):
        yield from _bytes_per_parameter(case, parts)
        return
    formula = inputs if isinstance(inputs, str) and "(" in inputs else expected
    if "(" not in formula:
        yield Row(case.id, "memory: remark", expected, None, case.source, note="shown only")
        return
    values = {**SAMPLE, "seq": SAMPLE["s"], "bs": SAMPLE["b"], "heads": SAMPLE["a"]}
    if "ffn" not in formula:
        values["ffn"] = 4 * values["h"]
    mode = mode_of(formula, case)
    model = gpt(values["L"], values["h"], values["a"], values["s"], inner=values["ffn"])
    kept = layer_bytes(model, mode, values["t"], values["b"], values["s"])
    copies = values["L"] if formula.strip().startswith("L*") else 1
    sizes = ", ".join(f"{name} {value}" for name, value in SAMPLE.items())
    yield _row(
        case,
        evaluate(formula, values, case.where),
        copies * kept,
        "at sample sizes",
        EXACT,
        note=f"at {sizes}",
    )


def _bytes_per_parameter(case: Case, parts: list[str]) -> Iterator[Row]:
    """Bytes a parameter in 32-bit gradients, without and with the optimizer sharded d ways."""
    job = TrainingJob(gradient_bytes=4.0)
    for zero, formula in enumerate(parts):
        for d in (1, 8, 64) if zero else (1,):
            own = sum(state_bytes(1.0, Degrees(dp=d, zero=zero), job))
            published = evaluate(formula, {"d": d}, case.where)
            yield _row(case, published, own, f"ZeRO-{zero}, d = {d}", EXACT)
