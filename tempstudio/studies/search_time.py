"""How long each solver searches, and how good what it finds is."""

from __future__ import annotations

from collections.abc import Sequence

from tempstudio.scene import format as figures
from tempstudio.studies.chart import LOG10, Axis, Line, LineChart, whole
from tempstudio.studies.measurements.searches import search
from tempstudio.studies.setting import Setting
from tempstudio.studies.study import (
    FAILS,
    HOLDS,
    IN_PART,
    CallTable,
    Claim,
    Row,
    Study,
    Tables,
    TextTable,
    Told,
)
from tempstudio.studies.tables import degrees_text, distinct, only, where

HUES = {"dual-level": "I", "ilp": "W", "exhaustive": "K", "random": "G"}
OURS, ILP, EXACT = "dual-level", "ilp", "exhaustive"
MESHES = ((4, 4), (4, 8), (6, 8), (8, 8))
LIMIT_S = 60.0
PUBLISHED_SEARCH_S, PUBLISHED_ILP_S, PUBLISHED_DIES = 180.0, 40 * 3600.0, 64


def tables(setting: Setting) -> tuple[CallTable, ...]:
    """Every solver on every mesh, one model."""
    full = setting.name == "full"
    training = next((t for t in setting.trainings if t.model == "llama3-70b"), setting.trainings[0])
    points = tuple(
        {
            "solver": solver,
            "model": training.model,
            "rows": rows,
            "cols": cols,
            "batch": training.batch,
            "seq_len": training.seq_len,
            "limit_s": LIMIT_S if full else 20.0,
        }
        for rows, cols in (MESHES if full else ((1, 2), (2, 2)))
        for solver in setting.solvers
    )
    return (CallTable("search-time", search, points, fresh=True),)


def tell(setting: Setting, found: Tables) -> Told:
    """Time against dies, and the step that each finds over the best that anyone found."""
    rows = found["search-time"]
    return Told(
        claims=(_claim(rows),),
        reading=(
            "Processor seconds of the whole search, from the project to the simulated plan, in a "
            "process that knows nothing yet. "
            "exhaustive costs every genome and so is a yardstick of quality as well as of time, "
            f"where it ends within the limit of {whole(rows[0]['limit_s'])} s.",
        ),
        charts=(_time_chart(rows), _quality_chart(rows)),
        tables=(_table(rows),),
    )


def _dies(row: Row) -> int:
    return int(row["rows"] * row["cols"])


def _time_chart(rows: Sequence[Row]) -> LineChart:
    lines = tuple(
        Line(
            solver,
            tuple((_dies(r), r["search_s"]) for r in where(rows, solver=solver)),
            HUES.get(solver, "P"),
        )
        for solver in distinct(rows, "solver")
    )
    return LineChart(
        "search-time",
        "Time of the search against the number of dies",
        Axis("dies", text=whole, low=0),
        Axis("processor time", LOG10, figures.seconds),
        lines,
        subtitle=f"{rows[0]['model']}; a search is stopped after {whole(rows[0]['limit_s'])} s "
        "and keeps the best plan so far",
    )


def _best_step(rows: Sequence[Row], dies: int) -> float | None:
    steps = [r["step_time_s"] for r in rows if _dies(r) == dies and r["fits"]]
    return min(steps, default=None)


def _quality_chart(rows: Sequence[Row]) -> LineChart:
    lines = []
    for solver in distinct(rows, "solver"):
        points = []
        for row in where(rows, solver=solver):
            best = _best_step(rows, _dies(row))
            if row["fits"] and best:
                points.append((float(_dies(row)), row["step_time_s"] / best))
        if points:
            lines.append(Line(solver, tuple(points), HUES.get(solver, "P")))
    return LineChart(
        "search-quality",
        "The step that each solver finds",
        Axis("dies", text=whole, low=0),
        Axis("step time, 1 = the best that any found", low=1.0),
        tuple(lines),
        subtitle="Every winner simulated in full; no dot: nothing that fits",
    )


def _claim(rows: Sequence[Row]) -> Claim:
    dies = max(_dies(row) for row in rows)
    at = [row for row in rows if _dies(row) == dies]
    ours, ilp = only(at, solver=OURS), only(at, solver=ILP)
    exact = only(at, solver=EXACT)
    said = [f"{r['solver']} {figures.seconds(r['search_s'])}{_stopped(r)}" for r in at]
    measured = f"at {dies} dies {', '.join(said)}"
    verdict = FAILS
    published = PUBLISHED_ILP_S / PUBLISHED_SEARCH_S
    ratio = None
    if ours and ilp:
        ratio = ilp["search_s"] / ours["search_s"]
        quick = ours["search_s"] <= PUBLISHED_SEARCH_S
        verdict = HOLDS if quick and ratio >= published else IN_PART if quick else FAILS
        measured += f"; the ILP takes {figures.digits(ratio)} times as long as dual-level"
        ratio /= published
    elif ours or exact:
        verdict = IN_PART
    return Claim(
        "The search takes about 3 minutes where an ILP needs 40 hours at 64 dies (800 times)",
        measured,
        verdict,
        "Candidates are costed from tables of phases, thousands a second, so the search takes "
        "seconds rather than minutes. The ILP here chooses degrees, layouts and rectangles from "
        "the same tables and leaves contention out; HiGHS solves that with little effort, and "
        "finds plans as good. Whatever makes the published ILP take 40 hours is not in this one, "
        "so the contrast does not show.",
        ratio,
    )


def _stopped(row: Row) -> str:
    return " (stopped)" if row["stopped"] else ""


def _table(rows: Sequence[Row]) -> TextTable:
    body = []
    for row in rows:
        best = _best_step(rows, _dies(row))
        fits = row["fits"] and best
        body.append(
            (
                f"{row['rows']} x {row['cols']}",
                row["solver"],
                figures.seconds(row["search_s"]) + _stopped(row),
                figures.count(row["evaluations"]) if row.get("evaluations") else "",
                degrees_text(row) if fits else str(row.get("error") or "does not fit")[:60],
                figures.seconds(row["step_time_s"]) if fits else "",
                f"{row['step_time_s'] / best:.3f}" if fits and best else "",
            )
        )
    columns = ("mesh", "solver", "processor time", "plans costed", "best plan", "step", "x best")
    return TextTable("Searches", columns, tuple(body))


STUDY = Study(
    name="search-time",
    title="How long a search takes",
    question="How do the solvers compare in time and in what they find?",
    method=(
        "Llama 3 70B, batch 128, tspp with the traffic-conscious mapper, on 16 to 64 dies: each "
        "solver with its own defaults, each in a process of its own."
    ),
    tables=tables,
    tell=tell,
)
