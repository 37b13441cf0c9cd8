"""Plan, simulate and score one training step."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tempstudio.cli.answer import DONE, INTERRUPTED, NO_PLAN, Answer
from tempstudio.cli.output_file import output_file
from tempstudio.cli.progress_bar import progress_bar
from tempstudio.cli.project_flags import Asked, add_project_arguments, project_from_arguments
from tempstudio.core.errors import InputError

if TYPE_CHECKING:
    from tempstudio.core.progress import Progress
    from tempstudio.core.project import Project
    from tempstudio.core.run import Run

EXAMPLE = "tempstudio run --machine 6x8 --model llama2-7b --parallel dp=6,stream=8 --explain"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The project's flags, --explain and --save."""
    add_project_arguments(parser)
    parser.add_argument(
        "--explain", action="store_true", help="where the step's time goes, operator by operator"
    )
    parser.add_argument(
        "--link",
        metavar="FROM-TO",
        help="with --explain: what loads this link, as in 0,0-0,1; left out, the fullest one",
    )
    parser.add_argument(
        "--save", metavar="OUT", help="write the project with the degrees of this run"
    )


def execute(arguments: argparse.Namespace) -> Answer:
    """The run's document or its summary; 3 where the best plan does not fit.

    Interrupted while the solver searches, the best plan so far is the answer, with status 130.
    """
    if arguments.link is not None and not arguments.explain:
        raise InputError("--link: allowed: with --explain")
    out = None if arguments.save is None else output_file("--save", arguments.save)
    asked = project_from_arguments(arguments)
    found: list[Run] = []
    try:
        with progress_bar() as progress:
            run = run_asked(asked, progress, found)
    except KeyboardInterrupt:
        if not found:
            raise
        line = "interrupted: this is the best plan so far" + (", not saved" if out else "")
        return _answer(found[-1], arguments, INTERRUPTED, line, asked.notes)
    if out is not None:
        save_run(asked.project, run, out)
    if run.score.fits:
        return _answer(run, arguments, DONE, "", asked.notes)
    from tempstudio.cli.summary import misfit

    return _answer(run, arguments, NO_PLAN, misfit(run.document), asked.notes)


def run_asked(asked: Asked, progress: Progress, found: list[Run] | None = None) -> Run:
    """Run what the flags ask for; every better plan is appended to `found` as it comes."""
    from tempstudio.plugin_guard import run_project

    on_plan = None if found is None else found.append
    try:
        return run_project(asked.host, asked.project, progress, on_plan)
    except InputError as error:
        if asked.parallel_flag and str(error).startswith("parallel"):
            raise InputError(f"--{error}") from None
        raise


def save_run(project: Project, run: Run, path: Path) -> None:
    """Write the project so that running the file gives this run again."""
    from tempstudio.plan_message import plan_document
    from tempstudio.storage import save

    foreign = {made.plugin: made.version for made in run.made_by if made.plugin != "tempstudio"}
    needs = [{"plugin": name, "version": foreign[name]} for name in sorted(foreign)]
    fixed = replace(project, degrees=run.plan.degrees, job=run.plan.job)
    plan = {**plan_document(run.plan), "fingerprint": fixed.fingerprint}
    save(fixed, path, plan=plan, needs=needs)


def _answer(
    run: Run,
    arguments: argparse.Namespace,
    status: int,
    complaint: str,
    notes: tuple[str, ...],
) -> Answer:
    from tempstudio.cli.explanation import explanation_text, link_named, scores_advice
    from tempstudio.cli.summary import summary
    from tempstudio.core.explanation import explanation
    from tempstudio.core.link_bound import least_link_bytes

    document = dict(run.document)
    bound_bytes, kind = least_link_bytes(run)
    document["links"] = {**document["links"], "bound_bytes": bound_bytes, "bound": kind}
    if arguments.explain:
        link = None if arguments.link is None else link_named(arguments.link, document)
        document["explanation"] = explanation(run.timeline, document, link=link)

    def text() -> str:
        parts = [summary(document)]
        if arguments.explain:
            parts.append(explanation_text(document["explanation"]))
            parts.append(scores_advice(document["explanation"], run))
        return "\n\n".join(filter(None, parts))

    return Answer(document, text, status, complaint, notes)
