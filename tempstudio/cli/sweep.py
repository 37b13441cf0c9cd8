"""Run a sweep: a project varied along axes, every point once, the results as one table.

SWEEP.toml says where the points start from and what varies; a sample sweep goes by its name. Each
row is kept as it comes, so that --resume goes on after any interruption. A point that fails is a
row that says why.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tempstudio.cli.answer import DONE, INTERRUPTED, NO_PLAN, Answer
from tempstudio.cli.arguments import shown, whole
from tempstudio.cli.output_file import name_of
from tempstudio.cli.progress_bar import progress_bar
from tempstudio.core.errors import InputError

if TYPE_CHECKING:
    from tempstudio.sweep import Outcome, Sweep

EXAMPLE = "tempstudio sweep stream-degrees --out stream-degrees-results"
SUFFIX = ".sweep.toml"
MOST_SHOWN = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sweep, where its results go and where it runs."""
    add = parser.add_argument
    add("sweep", metavar="SWEEP.toml", help="a sweep file, or the name of a sample sweep")
    add(
        "--out",
        metavar="DIR",
        help="folder of results.csv, results.parquet (with pyarrow) and the journal "
        "(default: NAME-results)",
    )
    add("--workers", type=whole(1, 1024), metavar="N", help="worker processes (default: a core's)")
    add("--scheduler", metavar="ADDRESS", help="run on the Dask cluster of this scheduler")
    add("--resume", action="store_true", help="keep the rows that are there and run the others")


def execute(arguments: argparse.Namespace) -> Answer:
    """Rows and a summary; 3 where nothing fits, 130 with the rows so far where interrupted."""
    if arguments.scheduler is not None and arguments.workers is not None:
        raise InputError("--workers: the cluster of --scheduler has its own, allowed: one of them")
    if arguments.scheduler == "":
        raise InputError("--scheduler: found '', expected an address as in tcp://host:8786")
    from tempstudio.plugin_host import shared_host
    from tempstudio.sweep import SweepInterrupted, read_sweep, run_sweep

    path = _file(arguments.sweep)
    sweep = read_sweep(path, shared_host)
    out = _folder(arguments.out, path)
    try:
        with progress_bar() as progress:
            outcome = run_sweep(
                sweep,
                out,
                workers=arguments.workers or len(os.sched_getaffinity(0)),
                scheduler=arguments.scheduler or "",
                resume=arguments.resume,
                progress=progress,
            )
    except SweepInterrupted as stop:
        done = f"{len(stop.outcome.rows)} of {stop.outcome.points} points are done"
        line = f"interrupted: {done}; --resume goes on"
        return _answer(sweep, stop.outcome, INTERRUPTED, line)
    if any(row["fits"] for row in outcome.rows):
        return _answer(sweep, outcome, DONE, "")
    return _answer(sweep, outcome, NO_PLAN, "no point fits; the column error says why")


def _file(text: str) -> Path:
    """The sweep's file: as given, else the sample of that name."""
    from tempstudio.resources import sample_folder

    path = Path(text)
    try:
        if not text or path.exists() or path.suffix or os.sep in text:
            return path
        sample = sample_folder() / f"{text}{SUFFIX}"
        if sample.is_file():
            return sample
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"SWEEP.toml: {shown(text)}: {reason.lower()}") from None
    samples = sorted(p.name.removesuffix(SUFFIX) for p in sample_folder().glob(f"*{SUFFIX}"))
    raise InputError(
        f"SWEEP.toml: found {shown(text)}, allowed: a sweep file, or a sample: {', '.join(samples)}"
    )


def _folder(text: str | None, sweep: Path) -> Path:
    if text == "":
        raise InputError("--out: found '', expected a folder's name")
    if text is not None:
        return Path(text)
    name = sweep.name.removesuffix(".toml").removesuffix(".sweep")
    return Path(f"{name}-results")


def _answer(sweep: Sweep, outcome: Outcome, status: int, complaint: str) -> Answer:
    summary = _summary(sweep, outcome)
    document = {"rows": list(outcome.rows), "summary": summary}
    return Answer(document, lambda: _text(sweep, outcome, summary), status, complaint)


def _summary(sweep: Sweep, outcome: Outcome) -> dict[str, Any]:
    outcomes: dict[str, int] = {}
    for row in outcome.rows:
        outcomes[row["outcome"]] = outcomes.get(row["outcome"], 0) + 1
    best = _ranked(outcome)[:1]
    return {
        "name": sweep.name,
        "axes": {axis.path: len(axis.values) for axis in sweep.axes},
        "points": outcome.points,
        "done": len(outcome.rows),
        "resumed": outcome.resumed,
        "outcomes": outcomes,
        "fastest_point": best[0]["point"] if best else None,
        "files": [name_of(path) for path in outcome.files],
        "wall_s": outcome.wall_s,
    }


def _ranked(outcome: Outcome) -> list[dict[str, Any]]:
    """The rows that fit, by tokens per second."""
    fitting = [row for row in outcome.rows if row["fits"]]
    return sorted(fitting, key=lambda row: (-row["tokens_per_s"], row["point"]))


def _text(sweep: Sweep, outcome: Outcome, summary: dict[str, Any]) -> str:
    from tempstudio.cli.summary import degrees_text
    from tempstudio.cli.table import table
    from tempstudio.scene import format as figures
    from tempstudio.sweep import DEGREES

    counts = ", ".join(f"{count} {name}" for name, count in summary["outcomes"].items())
    parts = [f"{summary['done']} of {outcome.points} points: {counts or 'none'}"]
    axes = [axis.path for axis in sweep.axes]
    ranked = _ranked(outcome)
    if ranked:
        parts.append(
            table(
                ("point", *axes, "step", "throughput", "MFU", "memory", "degrees"),
                [
                    (
                        str(row["point"]),
                        *(_value(row[path]) for path in axes),
                        figures.seconds(row["step_time_s"]),
                        figures.si(row["tokens_per_s"], "tokens/s"),
                        figures.percent(row["mfu"]),
                        figures.byte_count(row["memory_peak_bytes"]),
                        degrees_text({name: row[name] for name in DEGREES}),
                    )
                    for row in ranked[:MOST_SHOWN]
                ],
            )
        )
        if len(ranked) > MOST_SHOWN:
            parts.append(f"(the {MOST_SHOWN} with the highest throughput)")
    failed = [row for row in outcome.rows if not row["fits"]]
    parts += [f"point {row['point']}: {row['error']}" for row in failed[:3]]
    parts.append("\n".join(summary["files"]))
    return "\n\n".join(parts)


def _value(value: Any) -> str:
    """An axis' value as one would type it.

    >>> _value({"tp": 4, "stream": 8})
    'tp=4,stream=8'
    """
    if isinstance(value, dict):
        return ",".join(f"{key}={_value(inner)}" for key, inner in value.items())
    return value if isinstance(value, str) else json.dumps(value)
