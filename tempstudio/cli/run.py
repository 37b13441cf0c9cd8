"""Plan, simulate and score one training step."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import tempstudio
from tempstudio.cli.project_flags import add_project_arguments, project_from_arguments
from tempstudio.cli.summary import explanation, misfit, summary
from tempstudio.cli.terminal import end_progress, terminal_progress, write_json

EXAMPLE = "tempstudio run --machine 6x8 --model llama2-7b --parallel dp=6,stream=8"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The project's flags, --explain and --save."""
    add_project_arguments(parser)
    parser.add_argument("--explain", action="store_true", help="where the step's time goes")
    parser.add_argument("--save", metavar="OUT", help="write the project with this run's degrees")


def execute(arguments: argparse.Namespace) -> int:
    """Print the summary (or the document); 3 where the best plan does not fit."""
    project = project_from_arguments(arguments)
    run = tempstudio.run(project, progress=terminal_progress(), safe_mode=arguments.safe_mode)
    end_progress()
    document: dict[str, Any] = run.document
    if arguments.save:
        from dataclasses import replace

        tempstudio.save(
            replace(project, degrees=run.plan.degrees, job=run.plan.job), arguments.save
        )
    if arguments.json:
        write_json(document)
    else:
        print(summary(document))
        if arguments.explain:
            print("\n" + explanation(document))
    if document["fits"]:
        return 0
    print(f"tempstudio: {misfit(document)}", file=sys.stderr)
    return 3
