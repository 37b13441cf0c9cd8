"""A picture or a movie of the wafer at one moment of a step; .svg needs no Qt."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from tempstudio.cli.answer import Answer
from tempstudio.cli.arguments import number, one_of, whole
from tempstudio.cli.output_file import name_of, output_file
from tempstudio.cli.progress_bar import progress_bar
from tempstudio.cli.project_flags import add_project_arguments, project_from_arguments
from tempstudio.cli.run import run_asked
from tempstudio.core.errors import InputError

if TYPE_CHECKING:
    from tempstudio.core.run import Run

EXAMPLE = "tempstudio render --machine 2x4 --model opt-6.7b --parallel stream=8 --out wafer.svg"
SUFFIXES = (".svg", ".png", ".gif", ".mp4")
MOVIES = (".gif", ".mp4")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The project, the file and the moment."""
    add_project_arguments(parser)
    parser.add_argument("--out", required=True, metavar="FILE", help=".svg, .png, .gif or .mp4")
    parser.add_argument(
        "--time",
        type=number(0),
        metavar="SECONDS",
        help="simulated time (default: a moment of the second layer at which much is moving)",
    )
    parser.add_argument(
        "--theme",
        type=one_of("light", "dark"),
        default="light",
        metavar="light|dark",
        help="colours of the picture (default light)",
    )
    pixels = whole(64, 16_384, "pixels")
    parser.add_argument(
        "--width", type=pixels, default=1280, metavar="PIXELS", help="of the picture (default 1280)"
    )
    parser.add_argument(
        "--height", type=pixels, default=900, metavar="PIXELS", help="of the picture (default 900)"
    )
    parser.add_argument(
        "--scale", type=number(0.5, 8), default=1.0, metavar="FACTOR",
        help="this many times the pixels, for print and dense screens (default 1)",
    )  # fmt: skip
    parser.add_argument(
        "--duration", type=number(0, above=True), metavar="SECONDS",
        help="simulated time that a movie shows (default: all rounds of the operator at --time)",
    )  # fmt: skip
    parser.add_argument(
        "--length", type=number(0.1, 600), metavar="SECONDS",
        help="how long a movie takes to watch (default 8)",
    )  # fmt: skip


def execute(arguments: argparse.Namespace) -> Answer:
    """Run the project and write the picture."""
    from tempstudio.export.movie import check_library

    path = output_file("--out", arguments.out, SUFFIXES)
    check_library(path.suffix.lower())
    for flag, given in (("--duration", arguments.duration), ("--length", arguments.length)):
        if given is not None and path.suffix.lower() not in MOVIES:
            raise InputError(f"{flag}: allowed: with a movie, {' or '.join(MOVIES)}")
    asked = project_from_arguments(arguments)
    with progress_bar() as progress:
        run = run_asked(asked, progress)
        from tempstudio.export import write_picture
        from tempstudio.export.picture import MOVIE_S

        moment = interesting_time(run) if arguments.time is None else arguments.time
        size = (arguments.width, arguments.height)
        write_picture(
            run, path, moment, size, arguments.theme, pixel_ratio=arguments.scale,
            duration_s=arguments.duration, movie_s=arguments.length or MOVIE_S, progress=progress,
        )  # fmt: skip
    document = {"out": name_of(path), "time_s": moment, "step_time_s": run.score.step_time_s}
    return Answer(document, f"wrote {path}", notes=asked.notes)


def interesting_time(run: Run) -> float:
    """A moment of the second copy of the first repeated span: past the start, things are moving."""
    spans = run.timeline.spans
    repeated = [i for i, count in enumerate(spans.repeats.tolist()) if count > 1]
    span = repeated[0] if repeated else 0
    period = float(spans.period_s[span])
    start = float(spans.start_s[span]) + (period if repeated else 0.0)
    moments = [start + period * share / 16 for share in range(1, 16)]
    return max(moments, key=lambda moment: len(run.timeline.at(moment).transfers))
