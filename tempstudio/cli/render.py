"""A picture or a movie of the wafer at one moment of a step."""

from __future__ import annotations

import argparse
from pathlib import Path

import tempstudio
from tempstudio.cli.project_flags import add_project_arguments, project_from_arguments
from tempstudio.cli.terminal import end_progress, terminal_progress, write_json

EXAMPLE = "tempstudio render sample_projects/llama2-7b-6x8.tempstudio --out wafer.svg"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The project, the file and the moment."""
    add_project_arguments(parser)
    parser.add_argument("--out", required=True, metavar="FILE", help=".png, .svg, .gif or .mp4")
    parser.add_argument("--time", type=float, metavar="SECONDS", help="simulated time")
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument("--width", type=int, default=1280, metavar="PIXELS")
    parser.add_argument("--height", type=int, default=900, metavar="PIXELS")


def execute(arguments: argparse.Namespace) -> int:
    """Run the project and write the picture."""
    from tempstudio.export import write_picture

    project = project_from_arguments(arguments)
    run = tempstudio.run(project, progress=terminal_progress(), safe_mode=arguments.safe_mode)
    end_progress()
    path = Path(arguments.out)
    moment = interesting_time(run) if arguments.time is None else arguments.time
    write_picture(run, path, moment, (arguments.width, arguments.height), arguments.theme)
    if arguments.json:
        write_json({"out": str(path), "time_s": moment})
    else:
        print(f"wrote {path}")
    return 0


def interesting_time(run: tempstudio.Run) -> float:
    """A moment of the second copy of the first repeated span: past the start, things are moving."""
    spans = run.timeline.spans
    repeated = [i for i, count in enumerate(spans.repeats.tolist()) if count > 1]
    span = repeated[0] if repeated else 0
    period = float(spans.period_s[span])
    start = float(spans.start_s[span]) + (period if repeated else 0.0)
    moments = [start + period * share / 16 for share in range(1, 16)]
    return max(moments, key=lambda moment: len(run.timeline.at(moment).transfers))
