"""A run as one HTML file: figures, pictures, charts, tables, and how to repeat it."""

from __future__ import annotations

import argparse
import shlex

from tempstudio.cli.answer import DONE, NO_PLAN, Answer
from tempstudio.cli.arguments import number
from tempstudio.cli.output_file import name_of, output_file
from tempstudio.cli.progress_bar import progress_bar
from tempstudio.cli.project_flags import Asked, add_project_arguments, project_from_arguments
from tempstudio.cli.run import run_asked

EXAMPLE = "tempstudio report --machine 2x4 --model opt-6.7b --parallel stream=8 --out run.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The project, the file and the moment that is pictured."""
    add_project_arguments(parser)
    parser.add_argument("--out", required=True, metavar="FILE.html", help="where to write it")
    parser.add_argument(
        "--time",
        type=number(0),
        metavar="SECONDS",
        help="simulated time of the picture (default: a moment at which much is moving)",
    )


def execute(arguments: argparse.Namespace) -> Answer:
    """Run the project and write the page; 3 where the plan does not fit, the page all the same."""
    path = output_file("--out", arguments.out, (".html", ".htm"))
    asked = project_from_arguments(arguments)
    with progress_bar() as progress:
        run = run_asked(asked, progress)
    from tempstudio.export.report import write_report

    write_report(run, path, command=command_for(asked, arguments.project), time_s=arguments.time)
    document = {"out": name_of(path), "fits": run.score.fits, "step_time_s": run.score.step_time_s}
    if run.score.fits:
        return Answer(document, f"wrote {path}", DONE, notes=asked.notes)
    from tempstudio.cli.summary import misfit

    return Answer(document, f"wrote {path}", NO_PLAN, misfit(run.document), notes=asked.notes)


def command_for(asked: Asked, project: str | None) -> str:
    """The command that repeats a run: by flags where they can say it all, else by its file.

    What a solver has found it finds again; degrees alone would not say what else it has chosen.
    """
    from tempstudio.export.command_line import command_of, parallel_text

    degrees = asked.project.degrees
    text = command_of(asked.project, None, False, degrees)
    if text is None:
        words = ["tempstudio", "run", project or "PROJECT"]
        if degrees is not None:
            words += ["--parallel", parallel_text(degrees)]
        text = shlex.join(words)
    return text
