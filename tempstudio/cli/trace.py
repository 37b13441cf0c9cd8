"""A Chrome trace of a training step, which opens in Perfetto."""

from __future__ import annotations

import argparse
from pathlib import Path

import tempstudio
from tempstudio.cli.project_flags import add_project_arguments, project_from_arguments
from tempstudio.cli.terminal import end_progress, terminal_progress, write_json

EXAMPLE = "tempstudio trace sample_projects/llama2-7b-6x8.tempstudio --out step.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The project and the file."""
    add_project_arguments(parser)
    parser.add_argument("--out", required=True, metavar="FILE.json")


def execute(arguments: argparse.Namespace) -> int:
    """Run the project and write the trace."""
    from tempstudio.export import write_trace

    project = project_from_arguments(arguments)
    run = tempstudio.run(project, progress=terminal_progress(), safe_mode=arguments.safe_mode)
    end_progress()
    path = Path(arguments.out)
    write_trace(run, path)
    if arguments.json:
        write_json({"out": str(path)})
    else:
        print(f"wrote {path}")
    return 0
