"""Which reader a case is for: its fields decide."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.validation.campaigns import (
    HOURS,
    hours_rows,
    parallel_rows,
    remark_rows,
    utilization_rows,
)
from tempstudio.validation.case import Case
from tempstudio.validation.collectives import SUFFIX, collective_rows
from tempstudio.validation.layers import layer_rows
from tempstudio.validation.memory import memory_rows
from tempstudio.validation.network import collective_time_rows, pattern_rows
from tempstudio.validation.parameters import parameter_rows
from tempstudio.validation.routing import routing_rows
from tempstudio.validation.row import Row
from tempstudio.validation.statements import STATEMENTS, statement_rows
from tempstudio.validation.throughput import described_rows, scaled_rows, scheme_rows

Reader = Callable[[Case], Iterator[Row]]


def case_rows(case: Case) -> list[Row]:
    """The rows of one case; a plan that does not exist is named with the case."""
    try:
        return list(reader_of(case)(case))
    except NoPlanError as error:
        raise InputError(f"{case.where}: {error}") from None
    except InputError as error:
        if str(error).startswith(case.where):
            raise
        raise InputError(f"{case.where}: {error}") from None


def reader_of(case: Case) -> Reader:
    """The reader that a case's fields ask for; `InputError` where there is none."""
    keys = case.document.keys()
    if "model_type" in keys:
        return parameter_rows
    if "demands" in keys:
        return routing_rows
    if {"op", "algorithm"} <= keys:
        return collective_time_rows
    if {"pattern", "measured_cycles"} <= keys:
        return pattern_rows
    if {"inputs", "expected"} <= keys:
        return memory_rows
    if {"rows", "cols"} <= keys and any(key.endswith(SUFFIX) for key in keys):
        return collective_rows
    if "published" in keys:
        return _throughput_reader(case)
    raise InputError(
        f"{case.where}: found the keys {', '.join(map(str, list(keys)[:8]))}, allowed: those of a "
        "case of collectives, memory, network, routing or throughput, or of a configuration"
    )


def _throughput_reader(case: Case) -> Reader:
    published = case.part("published").document.keys()
    document = case.document
    if {"tokens_per_s", "chips", "peak_tflops"} <= published:
        return utilization_rows
    if any(key in STATEMENTS for key in published):
        return statement_rows
    if {"fwd_ms", "bwd_ms"} & published and isinstance(document.get("model"), str):
        return layer_rows
    if any(key.endswith(HOURS) for key in published) or "tokens_per_s_per_gpu" in published:
        return hours_rows
    if isinstance(document.get("model"), dict) and isinstance(document.get("parallel"), dict):
        return described_rows
    if "scheme" in document and "params_B" in document:
        return scheme_rows
    if isinstance(document.get("parallel"), dict):
        return parallel_rows
    if "gpus" in document and {"iter_s", "tflops_per_gpu"} & published:
        return scaled_rows
    return remark_rows
