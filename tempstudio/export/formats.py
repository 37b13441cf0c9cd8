"""The formats that the program itself can write a run in, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tempstudio.core.errors import InputError
from tempstudio.core.progress import Progress
from tempstudio.export.shown import Shown


@dataclass(frozen=True)
class Format:
    """A format: what it is and which files it makes."""

    name: str
    title: str
    suffixes: tuple[str, ...]
    summary: str


FORMATS = {
    format_.name: format_
    for format_ in (
        Format("picture", "Picture", (".png", ".svg"), "the wafer at one moment"),
        Format("movie", "Movie", (".gif", ".mp4"), "the wafer while its chunks move"),
        Format("report", "Report", (".html",), "all figures on one page, with charts and tables"),
        Format("trace", "Trace", (".json",), "a Chrome trace, which opens in Perfetto"),
        Format("dies", "Dies", (".csv",), "one row a die: place, state, memory at the peak"),
        Format("links", "Links", (".csv",), "one row a directed link: its load over the step"),
        Format("operators", "Operators", (".csv",), "one row an operator: degrees and times"),
    )
}
TABLES = ("dies", "links", "operators")


def write(
    run: Shown,
    name: str,
    path: Path,
    options: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> None:
    """Write a run in one of `FORMATS`; `InputError` for what cannot be.

    `options`: of pictures and movies `time_s`, `width`, `height`, `theme`, `pixel_ratio`, of movies
    `duration_s` and `movie_s`, of reports `command` and `time_s`.
    """
    given = {key: value for key, value in (options or {}).items() if value is not None}
    check_suffix(name, path)
    if name in ("picture", "movie"):
        from tempstudio.export.picture import SIZE, write_picture

        size = int(given.pop("width", SIZE[0])), int(given.pop("height", SIZE[1]))
        write_picture(run, path, size=size, progress=progress, **given)
    elif name == "report":
        from tempstudio.export.report import write_report

        write_report(run, path, **given)
    elif name == "trace":
        from tempstudio.export.chrome_trace import write_trace

        write_trace(run, path)
    else:
        from tempstudio.export import csv

        csv.write_table(path, *csv.TABLES[name](run))


def check_suffix(name: str, path: Path) -> None:
    """`InputError` where a format does not make such a file."""
    allowed = FORMATS[name].suffixes
    if path.suffix.lower() not in allowed:
        raise InputError(f"--out: found {path.name!r}, allowed: a file {', '.join(allowed)}")
