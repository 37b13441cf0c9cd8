"""Pictures and movies of the wafer, chosen by the file's suffix."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tempstudio.core.errors import InputError
from tempstudio.core.machine import Machine
from tempstudio.core.progress import Progress
from tempstudio.core.project import Project
from tempstudio.core.timeline import FOREGROUND, Timeline
from tempstudio.export.movie import (
    GIF_FRAMES_PER_S,
    MP4_FRAMES_PER_S,
    Pixels,
    write_gif,
    write_mp4,
)
from tempstudio.export.raster import pixels_of, png_of
from tempstudio.export.shown import Shown
from tempstudio.export.svg import svg_of
from tempstudio.export.whole_file import whole_file
from tempstudio.scene.describe import machine_name
from tempstudio.scene.display_list import DisplayList
from tempstudio.scene.format import seconds
from tempstudio.scene.marks import Marks
from tempstudio.scene.memory_scale import memory_top
from tempstudio.scene.tokens import THEMES
from tempstudio.scene.wafer import View, build, lay_ground, roles_of

SUFFIXES = (".svg", ".png", ".gif", ".mp4")
SIZE = (1280, 900)
LEAST_PX, MOST_PX = 64, 16_384
MOVIE_S = 8.0  # what a movie shows takes this long, as in the window


def write_picture(
    run: Shown | Project,
    path: Path | str,
    time_s: float | None = None,
    size: tuple[int, int] = SIZE,
    theme: str = "light",
    *,
    pixel_ratio: float = 1.0,
    duration_s: float | None = None,
    movie_s: float = MOVIE_S,
    progress: Progress | None = None,
) -> None:
    """Write the wafer at `time_s` of the training step as .svg, .png, .gif or .mp4.

    Without a time it is one at which much moves.  `size` is in logical pixels, a file has
    `pixel_ratio` times as many.  A movie lasts `movie_s` and shows `duration_s` of the step from
    `time_s` on, by default all rounds of the operator that runs then.  A project without a run
    gives the bare layout.  Raises `InputError` for what cannot be written: an unknown suffix, a
    size or time out of range, a library that is missing.
    """
    path = Path(path)
    _check(path, size, theme)
    machine, timeline = _shown(run)
    if time_s is None:
        time_s = telling_time(timeline) if timeline is not None else 0.0
    if timeline is not None and not 0 <= time_s <= timeline.duration_s:
        allowed = f"0 to {timeline.duration_s:g} s"
        raise InputError(f"--time: found {time_s:g} s, allowed: {allowed}")
    top = memory_top(timeline) if timeline is not None else 1.0
    view = View(theme=theme, dpr=pixel_ratio, memory_top=top)
    if path.suffix.lower() in (".svg", ".png"):
        picture = next(pictures_of(machine, timeline, (time_s,), size, view))
        with whole_file(path) as part:
            if path.suffix.lower() == ".svg":
                part.write_text(svg_of(picture, _title(run, time_s)), encoding="utf-8")
            else:
                part.write_bytes(png_of(picture, pixel_ratio))
        return
    window = (time_s, time_s)
    if timeline is not None:
        window = operator_around(timeline, time_s)
        if duration_s is not None:
            window = (time_s, min(time_s + duration_s, timeline.duration_s))
    with whole_file(path) as part:
        _write_movie(part, machine, timeline, window, size, view, movie_s, progress or Progress())


def pictures_of(
    machine: Machine,
    timeline: Timeline | None,
    times_s: tuple[float, ...],
    size: tuple[int, int],
    view: View,
    marks: Marks | None = None,
) -> Iterator[DisplayList]:
    """The display list of each time, on one layout."""
    ground = lay_ground(machine, *size, view, roles_of(timeline))
    for time_s in times_s:
        frame = timeline.at(time_s) if timeline is not None else None
        yield build(ground, timeline, frame, marks)


def layer_around(timeline: Timeline, time_s: float) -> tuple[float, float]:
    """From when to when the copy of a segment runs that runs at a time, on its first busy stage."""
    for stage in range(timeline.stages):
        span = timeline.span_at(stage, time_s)
        if span >= 0:
            _, offset = timeline.place_in(span, time_s)
            begin = time_s - offset
            return begin, begin + float(timeline.spans.period_s[span])
    return operator_around(timeline, time_s)


def operator_around(timeline: Timeline, time_s: float) -> tuple[float, float]:
    """From when to when the operator runs that runs at a time; where none does, a hundredth."""
    table = timeline.templates
    for stage in range(timeline.stages):
        span = timeline.span_at(stage, time_s)
        if span < 0:
            continue
        _, offset = timeline.place_in(span, time_s)
        first, last = table.item_start[timeline.spans.template[span] :][:2].tolist()
        front = [i for i in range(first, last) if table.lane[i] == FOREGROUND]
        inside = [i for i in front if table.start_s[i] <= offset < table.end_s[i]]
        if inside:
            phase = table.phase[inside[0]]
            same = [i for i in front if table.phase[i] == phase]
            begin = time_s - offset
            return begin + float(table.start_s[same[0]]), begin + float(table.end_s[same[-1]])
    return time_s, min(time_s + timeline.duration_s / 100, timeline.duration_s)


def telling_time(timeline: Timeline) -> float:
    """A time at which much moves: half-way through a middle round of the busiest stream.

    It lies in the second copy of the most repeated forward segment that moves anything; where
    nothing streams, in a collective.
    """
    spans, table = timeline.spans, timeline.templates
    forward = [i for i, (_, pass_) in enumerate(timeline.segments) if pass_ == "forward"]
    among = np.flatnonzero(np.isin(spans.segment, forward))
    for span in among[np.argsort(-spans.repeats[among], kind="stable")].tolist():
        first, last = table.item_start[spans.template[span] :][:2].tolist()
        moving = [i for i in range(first, last) if table.flow_set[i] >= 0]
        if moving:
            streams = [i for i in moving if _streams(timeline, i)]
            item = max(
                streams or moving,
                key=lambda i: (_flows(timeline, i), -_off_middle(timeline, i)),
            )
            at = int(table.finish_start[item])
            arrival = np.median(table.finish_s[at : at + _flows(timeline, item)])
            copy = min(1, int(spans.repeats[span]) - 1)
            begin = float(spans.start_s[span]) + copy * float(spans.period_s[span])
            return begin + float(table.start_s[item]) + 0.55 * float(arrival)
    return 0.0


def _streams(timeline: Timeline, item: int) -> bool:
    table = timeline.templates
    foreground = int(table.lane[item]) == FOREGROUND
    return foreground and timeline.phases[int(table.phase[item])].kind == "stream"


def _flows(timeline: Timeline, item: int) -> int:
    first, last = timeline.flow_sets.set_start[timeline.templates.flow_set[item] :][:2].tolist()
    return int(last - first)


def _off_middle(timeline: Timeline, item: int) -> float:
    table = timeline.templates
    return abs(float(table.round[item]) - 0.5 * float(table.rounds[item]))


def _write_movie(
    path: Path,
    machine: Machine,
    timeline: Timeline | None,
    window: tuple[float, float],
    size: tuple[int, int],
    view: View,
    movie_s: float,
    progress: Progress,
) -> None:
    gif = path.suffix.lower() == ".gif"
    rate = GIF_FRAMES_PER_S if gif else MP4_FRAMES_PER_S
    count = max(1, round(movie_s * rate)) if timeline is not None else 1
    low, high = window
    # The middle of what each picture stands for: its ends belong to the neighbours as well.
    times = tuple(low + (high - low) * (number + 0.5) / count for number in range(count))
    # H.264 stores colours for two by two pixels.
    even = (size[0] - size[0] % 2, size[1] - size[1] % 2)
    wide, tall = (round(side * view.dpr) // 2 * 2 for side in even)

    def frames() -> Iterator[Pixels]:
        pictures = pictures_of(machine, timeline, times, even, view)
        for number, pixels in enumerate(pixels_of(pictures, view.dpr)):
            progress.step(number / count, f"painting {path.name}")
            yield pixels[:tall, :wide]

    if gif:
        write_gif(path, frames, count, rate)
    else:
        write_mp4(path, frames(), (wide, tall), rate)


def _shown(run: Shown | Project) -> tuple[Machine, Timeline | None]:
    if isinstance(run, Project):
        return run.machine, None
    return run.project.machine, run.timeline


def _title(run: Shown | Project, time_s: float) -> str:
    project = run if isinstance(run, Project) else run.project
    title = f"{project.model.name} on a {machine_name(project.machine)}"
    return title if isinstance(run, Project) else f"{title} at {seconds(time_s)}"


def _check(path: Path, size: tuple[int, int], theme: str) -> None:
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"--out: found {path.name!r}, allowed: {', '.join(SUFFIXES)}")
    if not path.absolute().parent.is_dir():
        raise InputError(f"--out: the folder {str(path.parent)!r} does not exist")
    for name, value in zip(("width", "height"), size, strict=True):
        if not LEAST_PX <= value <= MOST_PX:
            raise InputError(f"--{name}: found {value}, allowed: {LEAST_PX} to {MOST_PX} pixels")
    if theme not in THEMES:
        raise InputError(f"--theme: found {theme!r}, allowed: {', '.join(THEMES)}")
