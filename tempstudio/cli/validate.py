"""Published figures beside computed ones, a row each, with a summary."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tempstudio.cli.answer import DONE, FAULT, Answer
from tempstudio.cli.arguments import whole
from tempstudio.cli.model_source import load_model
from tempstudio.cli.plugin_access import host_for
from tempstudio.cli.progress_bar import progress_bar
from tempstudio.cli.table import table
from tempstudio.core.errors import InputError

if TYPE_CHECKING:
    from tempstudio.validation import Report, Row
    from tempstudio.validation.cost_model import Agreement

EXAMPLE = "tempstudio validate --json"
PLANS = 500
COST_COLUMNS = (
    "model",
    "machine",
    "plans",
    "Pearson, log time",
    "mean error",
    "largest",
    "Spearman, best tenth",
    "memory",
    "energy",
    "times faster",
    "",
)
COLUMNS = ("case", "figure", "published", "computed", "error", "held to", "")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The files of cases."""
    parser.add_argument(
        "cases",
        nargs="*",
        metavar="CASES.json",
        help="files of cases, or folders of them (those that come with the program if none)",
    )
    parser.add_argument(
        "--cost-model",
        action="store_true",
        help="instead, hold the cost model that solvers search with against the full simulation",
    )
    parser.add_argument(
        "--plans",
        type=whole(10, 100_000),
        metavar="N",
        help=f"with --cost-model: random plans of each model ({PLANS})",
    )
    parser.add_argument(
        "--model",
        action="append",
        metavar="PRESET",
        help="with --cost-model: a model, may be repeated (four from 6.7B to 175B if none)",
    )


def execute(arguments: argparse.Namespace) -> Answer:
    """0 only where every row that is held to a tolerance passes, and every group its mean."""
    from tempstudio.validation import validate

    if arguments.cost_model:
        if arguments.cases:
            raise InputError("--cost-model: not allowed with CASES.json, which it does not read")
        return _cost_model(arguments)
    for flag, given in (("--plans", arguments.plans), ("--model", arguments.model)):
        if given is not None:
            raise InputError(f"{flag}: allowed: with --cost-model")
    with progress_bar() as progress:
        report = validate([Path(name) for name in arguments.cases], progress)
    failed = [row for row in report.rows if row.passed is False]
    groups = [group["group"] for group in report.groups if not group["pass"]]
    complaint = ""
    if not report.passed:
        names = ", ".join([*(f"{row.id} {row.figure}".strip() for row in failed), *groups])
        complaint = f"{len(failed) + len(groups)} do not hold: {names[:300]}"
    status = DONE if report.passed else FAULT
    return Answer(report.document(), lambda: _text(report), status, complaint)


def _cost_model(arguments: argparse.Namespace) -> Answer:
    """0 only where every model's time agrees as closely as is asked."""
    from tempstudio.validation.cost_model import MODELS, measure_agreement

    plans = PLANS if arguments.plans is None else arguments.plans
    for name in arguments.model or ():
        load_model(name, host_for, "--model")
    models = arguments.model or list(MODELS)
    rows = []
    with progress_bar() as progress:
        for number, model in enumerate(models):
            part = progress.part(number / len(models), (number + 1) / len(models))
            rows.append(measure_agreement(model, plans, 0, part))
    failed = [row.model for row in rows if not row.passed]
    return Answer(
        {"rows": [row.document() for row in rows]},
        lambda: table(COST_COLUMNS, [_cost_cells(row) for row in rows]),
        FAULT if failed else DONE,
        f"the cost model is not close enough: {', '.join(failed)}" if failed else "",
    )


def _cost_cells(row: Agreement) -> tuple[str, ...]:
    return (
        row.model,
        row.machine,
        str(row.plans),
        f"{row.pearson_log_time:.5f}",
        f"{100 * row.mean_error:.2f} %",
        f"{100 * row.worst_error:.1f} %",
        f"{row.spearman_best_tenth:.3f}",
        f"{100 * row.memory_mean_error:.2f} %",
        f"{100 * row.energy_mean_error:.2f} %",
        f"{row.model_per_s / row.simulations_per_s:,.0f}",
        "holds" if row.passed else "FAILS",
    )


def _text(report: Report) -> str:
    summary = report.summary()
    sources = dict.fromkeys(row.source for row in report.rows if row.source)
    lines = [table(COLUMNS, [_cells(row) for row in report.rows]), "", "Sources"]
    lines += [f"  {source}" for source in sources]
    lines += ["", *(_group_text(group) for group in summary["groups"])]
    lines.append(
        f"{summary['rows']} rows: {summary['passed']} hold, {summary['failed']} do not, "
        f"{summary['shown']} are shown only"
    )
    return "\n".join(lines)


def _cells(row: Row) -> tuple[str, ...]:
    error = row.error
    return (
        row.id[:40],
        row.figure[:40],
        _value(row.published),
        _value(row.computed),
        "" if error is None else f"{100 * error:+.2g} %",
        "" if row.rel_tol is None else _tolerance(row),
        {True: "holds", False: "FAILS", None: row.group or "shown"}[row.passed],
    )


def _tolerance(row: Row) -> str:
    if row.sense == "at least":
        return "at least"
    amount = "exact" if row.rel_tol is None or row.rel_tol < 1e-6 else f"{100 * row.rel_tol:g} %"
    return amount if row.sense == "equal" else f"{row.sense}, {amount}"


def _value(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return f"{value:.6g}" if abs(value) < 1e6 or value != int(value) else f"{int(value):,}"
    return str(value)[:24]


def _group_text(group: dict[str, Any]) -> str:
    trend = {True: ", same trend", False: ", other trend", None: ""}[group["trend"]]
    return (
        f"{group['group']}: {group['rows']} rows, mean error {100 * group['mean_error']:.2f} % "
        f"(allowed {100 * group['mean_limit']:g} %), largest {100 * group['max_error']:.2f} %"
        f"{trend}: {'holds' if group['pass'] else 'FAILS'}"
    )
