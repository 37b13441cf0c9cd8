"""The columns of a sweep's table: what every row has, and what a sweep asks for besides."""

from __future__ import annotations

from typing import Any

from tempstudio.core.errors import InputError
from tempstudio.core.quantities import short_text

# Column -> where it stands in the run document (SURFACE.md).  Seconds, bytes, joules, watts.
MEASURED = {
    "fits": "fits",
    "step_time_s": "step_time_s",
    "tokens_per_s": "tokens_per_s",
    "mfu": "mfu",
    "memory_peak_bytes": "memory_bytes.peak",
    "memory_capacity_bytes": "memory_bytes.capacity",
    "energy_j": "energy_j.total",
    "power_w": "power_w",
    "dies": "machine.dies",
    "pp": "parallel.pp",
    "dp": "parallel.dp",
    "sp": "parallel.sp",
    "tp": "parallel.tp",
    "stream": "parallel.stream",
    "ep": "parallel.ep",
    "zero": "parallel.zero",
    "interleave": "parallel.interleave",
    "micro_batch": "job.micro_batch",
    "recompute": "job.recompute",
    "contention_factor": "links.contention_factor",
    "max_link_utilization": "links.max_utilization",
    "evaluations": "search.evaluations",
    "fingerprint": "fingerprint",
}
DEGREES = tuple(name for name, path in MEASURED.items() if path.startswith("parallel."))
# How a point ended, why, and what it took; `wall_s` alone differs from one time to the next.
ENDING = ("outcome", "error", "wall_s")

# What else a run document has to offer as `columns`.
OFFERED = (
    "model.name",
    "model.parameters",
    "model.active_parameters",
    "job.global_batch",
    "job.seq_len",
    "job.bytes_per_element",
    "job.micro_batches",
    "strategy.partitioner",
    "strategy.mapper",
    "strategy.solver",
    "machine.kind",
    "machine.rows",
    "machine.cols",
    "machine.wafers",
    "time_s.compute",
    "time_s.exposed",
    "time_s.bubble",
    "time_s.optimizer",
    "time_s.communication",
    "memory_bytes.peak_time_s",
    "memory_bytes.weights",
    "memory_bytes.gradients",
    "memory_bytes.optimizer",
    "memory_bytes.activations",
    "memory_bytes.stream_buffers",
    "memory_bytes.collective_buffers",
    "links.mean_utilization",
    "links.max_load_bytes",
    "links.bound_bytes",
    "links.worst_operator",
    "energy_j.compute",
    "energy_j.d2d",
    "energy_j.hbm",
    "energy_j.idle",
    "seed",
)


def check_columns(columns: Any) -> tuple[str, ...]:
    """The further columns that a sweep asks for; `InputError` where a run has no such figure."""
    if not isinstance(columns, list):
        raise InputError(f"columns: found {short_text(columns)}, expected a list")
    allowed = {*OFFERED, *MEASURED.values()}
    for column in columns:
        if not isinstance(column, str) or column not in allowed:
            raise InputError(
                f"columns: found {short_text(column)}, allowed: {', '.join(sorted(allowed))}"
            )
    return tuple(dict.fromkeys(columns))


def measured(document: dict[str, Any], columns: list[str]) -> dict[str, Any]:
    """The cells of a run document: those that every row has, and `columns`."""
    cells = {name: _at(document, path) for name, path in MEASURED.items()}
    return cells | {name: _at(document, name) for name in columns}


def _at(document: dict[str, Any], path: str) -> Any:
    value: Any = document
    for part in path.split("."):
        value = value[part]
    return value


def column_names(axes: list[str], columns: list[str]) -> list[str]:
    """All columns in order: the point's number, axes, figures, further ones, the ending.

    >>> column_names(["seed"], ["time_s.bubble"])[:4]
    ['point', 'seed', 'fits', 'step_time_s']
    """
    return list(dict.fromkeys(["point", *axes, *MEASURED, *columns, *ENDING]))
