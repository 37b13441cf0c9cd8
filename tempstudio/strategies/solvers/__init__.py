"""The built-in solvers."""

from __future__ import annotations

from tempstudio.hookspecs import hookimpl
from tempstudio.strategies.solvers.exhaustive import Exhaustive


@hookimpl
def tempstudio_solvers() -> tuple[object, ...]:
    """Every legal choice of degrees, one after the other."""
    return (Exhaustive(),)
