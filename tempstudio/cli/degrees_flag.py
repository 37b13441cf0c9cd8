"""`--parallel`: the degrees of parallelism as text."""

from __future__ import annotations

from argparse import ArgumentTypeError
from dataclasses import fields, replace

from tempstudio.cli.arguments import shown, whole
from tempstudio.core.errors import InputError
from tempstudio.core.parallel import Degrees, operators_from_text
from tempstudio.core.project import Project
from tempstudio.core.quantities import from_json

AUTO = "auto"  # let the solver choose, whatever the project file fixes


def degrees_from_text(text: str, project: Project, least_zero: int = 0) -> Degrees:
    """`dp=6,stream=8` -> degrees; what is left out is 1, save `dp`, which takes what remains.

    `zero` left out is the least that the partitioner allows.  A part `mlp.down:tp=2/stream=4` gives
    an operator degrees of its own.  More dies than work are an error.
    """
    parts = text.split(",")
    values = _values([part for part in parts if ":" not in part])
    degrees = from_json(Degrees, {"zero": least_zero, **values}, "--parallel")
    assert isinstance(degrees, Degrees)
    alive = project.machine.alive_count
    if "dp" not in values:
        room = max(1, alive // degrees.size)
        degrees = replace(degrees, dp=min(room, project.job.global_batch))
    if degrees.size > alive:
        product = " x ".join(f"{name} {getattr(degrees, name)}" for name in _used(degrees))
        raise InputError(
            f"--parallel {text}: {product} = {degrees.size:,} dies, allowed: at most the "
            f"{alive:,} that work"
        )
    own = [part.strip() for part in parts if ":" in part]
    return operators_from_text(own, degrees) if own else degrees


def _values(parts: list[str]) -> dict[str, int]:
    limits = {f.name: f.metadata for f in fields(Degrees) if not f.metadata["structure"]}
    values: dict[str, int] = {}
    for part in parts:
        name, equals, number = (piece.strip() for piece in part.partition("="))
        if name not in limits or not equals:
            raise InputError(
                f"--parallel: found {shown(part)}, allowed: {AUTO}, or "
                f"{'=N, '.join(limits)}=N joined by commas"
            )
        if name in values:
            raise InputError(f"--parallel: {name} is given twice")
        read = whole(limits[name]["minimum"], limits[name]["maximum"])
        try:
            values[name] = read(number)
        except ArgumentTypeError as error:
            raise InputError(f"--parallel: {name}: {error}") from None
    return values


def _used(degrees: Degrees) -> list[str]:
    names = ("pp", "dp", "sp", "tp", "stream")
    return [name for name in names if getattr(degrees, name) > 1] or ["dp"]
