"""A run as the public JSON document of SURFACE.md."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tempstudio.core.candidate import candidate_json
from tempstudio.core.link_bound import CUT
from tempstudio.core.machine import Machine
from tempstudio.core.parallel import AXES, Degrees, axis_groups
from tempstudio.core.quantities import to_json
from tempstudio.core.run import Run, Search
from tempstudio.core.search_log import Seen
from tempstudio.core.timeline import MEMORY_KINDS


def run_document(run: Run) -> dict[str, Any]:
    """Every key of `tempstudio run --json`; SI units, dies as coordinates."""
    machine, project, score = run.project.machine, run.project, run.score
    job, plan = run.plan.job, run.plan
    return {
        "machine": _machine(machine),
        "model": {
            "name": project.model.name,
            "parameters": project.model.parameters,
            "active_parameters": project.model.active_parameters,
        },
        "job": {
            "global_batch": job.global_batch,
            "micro_batch": job.micro_batch,
            "seq_len": job.seq_len,
            "recompute": job.recompute,
            "bytes_per_element": job.bytes_per_element,
            "micro_batches": plan.partition.micro_batches,
        },
        "strategy": {
            "partitioner": project.partitioner.name,
            "mapper": project.mapper.name,
            "solver": project.solver.name,
        },
        "made_by": [
            {"kind": m.kind, "name": m.name, "plugin": m.plugin, "version": m.version}
            for m in run.made_by
        ],
        "parallel": parallel_json(plan.degrees),
        "groups": _groups(run),
        "idle": _idle(run),
        "per_operator": [
            {
                "name": time.name,
                "degrees": degrees_json(time.degrees),
                "layout": time.layout,
                "compute_s": time.compute_s,
                "exposed_s": time.exposed_s,
                "memory_bound": time.memory_bound,
            }
            for time in score.per_operator
        ],
        "fits": score.fits,
        "step_time_s": score.step_time_s,
        "tokens_per_s": score.tokens_per_s,
        "mfu": score.mfu,
        "flop": dict(score.flop),
        "time_s": {
            "compute": score.compute_s,
            "exposed": score.exposed_s,
            "bubble": score.bubble_s,
            "optimizer": score.optimizer_s,
            "communication": score.communication_s,
        },
        "memory_bytes": {
            "capacity": score.memory.capacity_bytes,
            "peak": score.memory.peak_bytes,
            "peak_die": list(score.memory.peak_die),
            "peak_time_s": score.memory.peak_time_s,
            **{kind: score.memory.by_kind[kind] for kind in MEMORY_KINDS},
        },
        "links": _links(run),
        "energy_j": dict(score.energy_j),
        "power_w": score.power_w,
        "search": search_json(run.search, project.machine.die.hbm_bytes),
        "seed": project.seed,
        "fingerprint": project.fingerprint,
        "notes": [*plan.mapping.notes, *score.notes],
        "convergence": [list(point) for point in plan.mapping.convergence],
    }


def search_json(search: Search, capacity_bytes: float) -> dict[str, Any]:
    """`search` of SURFACE.md and what was seen on the way (docs/json.md)."""
    return {
        "evaluations": search.evaluations,
        "wall_s": search.wall_s,
        "seed": search.seed,
        "trace": [asdict(found) for found in search.trace],
        "candidates": [_seen(seen, capacity_bytes) for seen in search.candidates],
        "pareto": [_seen(seen, capacity_bytes) for seen in search.pareto],
        "notes": list(search.notes),
    }


def _seen(seen: Seen, capacity_bytes: float) -> dict[str, Any]:
    return {
        "step_time_s": seen.step_time_s,
        "peak_bytes": seen.peak_bytes,
        "energy_j": seen.energy_j,
        "fits": seen.peak_bytes <= capacity_bytes,
        "simulated": seen.simulated,
        "genome": candidate_json(seen.candidate, parallel_json(seen.candidate.degrees)),
    }


def degrees_json(degrees: Degrees) -> dict[str, int]:
    """The degrees of one operator."""
    keys = ("pp", "dp", "sp", "tp", "stream", "ep", "zero", "interleave")
    return {key: getattr(degrees, key) for key in keys}


def parallel_json(degrees: Degrees) -> dict[str, Any]:
    """`parallel` of SURFACE.md, with the operators that have degrees of their own."""
    return {**degrees_json(degrees), "operators": to_json(degrees)["operators"]}


def _machine(machine: Machine) -> dict[str, Any]:
    return {
        "kind": machine.kind,
        "rows": machine.rows,
        "cols": machine.cols,
        "wafers": machine.wafers,
        "dies": machine.alive_count,
        "dead": [list(die) for die in machine.dead_dies],
    }


def _groups(run: Run) -> list[dict[str, Any]]:
    """Every group of every axis that splits anything; a schedule where the group streams."""
    machine, mapping, degrees = run.project.machine, run.plan.mapping, run.plan.degrees
    streaming = {group.axis for group in mapping.groups}
    found: list[dict[str, Any]] = [
        {
            "axis": axis,
            "dies": [list(machine.coordinate(mapping.placement[rank])) for rank in ranks],
            "schedule": None,
        }
        for axis in (*AXES[1:], *(f"tp:{tp}" for tp, _ in degrees.groupings[1:] if tp > 1))
        if ":" in axis or (getattr(degrees, axis) > 1 and axis not in streaming)
        for stage in range(degrees.pp)
        for ranks in axis_groups(degrees, (axis,), stage).tolist()
    ]
    for group in mapping.groups:
        dies = [list(machine.coordinate(die)) for die in group.dies]
        schedule = {**group.schedule.to_json(), "dies": dies}
        found.append({"axis": group.axis, "dies": dies, "schedule": schedule})
    return found


def _idle(run: Run) -> list[list[int]]:
    used = set(run.plan.mapping.placement)
    machine = run.project.machine
    return [list(machine.coordinate(die)) for die in machine.alive_ids if die not in used]


def _links(run: Run) -> dict[str, Any]:
    links, timeline, machine = run.score.links, run.timeline, run.project.machine
    loads = [
        {"from": _vertex(machine, a), "to": _vertex(machine, b), "bytes": moved}
        for a, b, moved in zip(
            timeline.link_source.tolist(),
            timeline.link_target.tolist(),
            timeline.step_link_bytes.tolist(),
            strict=True,
        )
    ]
    return {
        "max_utilization": links.max_utilization,
        "mean_utilization": links.mean_utilization,
        "max_load_bytes": links.max_load_bytes,
        "bound_bytes": links.bound_bytes,
        "bound": CUT,
        "contention_factor": links.contention_factor,
        "worst_operator": links.worst_operator,
        "phase_s": links.phase_s,
        "alone_s": links.alone_s,
        "loads": loads,
    }


def _vertex(machine: Machine, vertex: int) -> list[int] | str:
    """A die's coordinate, or the name of a cluster's switch."""
    if vertex < machine.die_count:
        return list(machine.coordinate(vertex))
    node = vertex - machine.die_count
    return f"switch {node}" if node < machine.rows else "spine"
