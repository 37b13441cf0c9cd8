"""The sweep itself beside its results, so that any point can be opened as a project again."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tempstudio.core.errors import InputError
from tempstudio.core.project import Project
from tempstudio.sweep.axis import Axis
from tempstudio.sweep.sweep_file import Sweep

NAME = "sweep.json"
FORMAT = "tempstudio-sweep-kept"
VERSION = 1


def keep_sweep(sweep: Sweep, folder: Path) -> None:
    """Write the sweep into its folder; `InputError` where the disk does not take it."""
    from tempstudio.storage.atomic import write_text

    points: Any = sweep.points
    if isinstance(points, range):
        points = {"from": points.start, "to": points.stop}
    document = {
        "format": FORMAT,
        "version": VERSION,
        **asdict(sweep),
        "axes": [{"path": axis.path, "values": axis.values} for axis in sweep.axes],
        "points": points,
    }
    write_text(folder / NAME, json.dumps(document, separators=(",", ":")))


def kept_sweep(folder: Path) -> Sweep:
    """The sweep whose results a folder holds; `InputError` where it is not there."""
    path = folder / NAME
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError)
        reason = "no such file" if missing else " ".join(str(error).split())
        raise InputError(f"{path}: {reason}; without it no point can be opened") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise InputError(f"{path}: not a sweep kept by this program")
    if document.get("version") != VERSION:
        raise InputError(f"{path}: version {document.get('version')!r}, allowed: {VERSION}")
    try:
        points = document["points"]
        return Sweep(
            name=document["name"],
            base=document["base"],
            model=document["model"],
            models=document["models"],
            axes=tuple(Axis(axis["path"], tuple(axis["values"])) for axis in document["axes"]),
            points=(
                range(points["from"], points["to"]) if isinstance(points, dict) else tuple(points)
            ),
            columns=tuple(document["columns"]),
            inherited=document["inherited"],
        )
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: broken: {error}") from None


def project_at(folder: Path, point: int) -> Project:
    """The project of one point of the sweep whose results a folder holds."""
    from tempstudio.sweep.point_run import project_of

    sweep = kept_sweep(folder)
    if point not in sweep.points:
        raise InputError(f"{folder / NAME}: found point {point}, allowed: one of its points")
    return project_of(sweep.document(point))
