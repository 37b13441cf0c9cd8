"""A Chrome trace of a training step, which opens in Perfetto."""

from __future__ import annotations

import argparse

from tempstudio.cli.answer import Answer
from tempstudio.cli.output_file import name_of, output_file
from tempstudio.cli.progress_bar import progress_bar
from tempstudio.cli.project_flags import add_project_arguments, project_from_arguments
from tempstudio.cli.run import run_asked

EXAMPLE = "tempstudio trace --machine 2x4 --model opt-6.7b --parallel stream=8 --out step.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The project and the file."""
    add_project_arguments(parser)
    parser.add_argument("--out", required=True, metavar="FILE.json", help="where to write it")


def execute(arguments: argparse.Namespace) -> Answer:
    """Run the project and write the trace."""
    path = output_file("--out", arguments.out, (".json",))
    asked = project_from_arguments(arguments)
    with progress_bar() as progress:
        run = run_asked(asked, progress)
    from tempstudio.export import write_trace

    write_trace(run, path)
    name = name_of(path)
    return Answer({"out": name, "step_time_s": run.score.step_time_s}, f"wrote {path}",
                  notes=asked.notes)  # fmt: skip
