"""One search by one solver: what it finds, and the time that it takes."""

from __future__ import annotations

import time
from typing import Any

import tempstudio as ts


def search(
    solver: str, model: str, rows: int, cols: int, batch: int, seq_len: int, limit_s: float
) -> dict[str, Any]:
    """The best plan of a solver, stopped after `limit_s` processor seconds.

    Times are those of the processor: another program on the machine does not lengthen them.
    """
    started = time.process_time()
    stopped = False

    def watch(fraction: float, caption: str) -> None:
        nonlocal stopped
        if time.process_time() - started > limit_s:
            stopped = True
            raise ts.Cancelled

    project = ts.Project(
        machine=ts.Wafer(rows=rows, cols=cols),
        model=ts.load_model(model),
        job=ts.TrainingJob(global_batch=batch, seq_len=seq_len, flash_attention=True),
        mapper=ts.StrategyChoice("traffic-conscious"),
        solver=ts.StrategyChoice(solver),
    )
    try:
        run = ts.run(project, ts.Progress(watch))
    except (ts.Cancelled, ts.NoPlanError) as error:
        said = str(error) or "no plan before the limit"
        spent = time.process_time() - started
        return {"fits": False, "search_s": spent, "stopped": stopped, "error": said[:200]}
    degrees = run.plan.degrees
    return {
        "fits": run.score.fits,
        "search_s": time.process_time() - started,
        "stopped": stopped,
        "evaluations": run.search.evaluations,
        "step_time_s": run.score.step_time_s,
        "dp": degrees.dp,
        "sp": degrees.sp,
        "tp": degrees.tp,
        "stream": degrees.stream,
        "zero": degrees.zero,
        "micro_batch": run.plan.job.micro_batch,
        "recompute": run.plan.job.recompute,
    }
