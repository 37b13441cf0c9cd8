"""The built-in solvers."""

from __future__ import annotations

from tempstudio.hookspecs import hookimpl
from tempstudio.strategies.solvers.exhaustive import Exhaustive
from tempstudio.strategies.solvers.random_search import RandomSearch


@hookimpl
def tempstudio_solvers() -> tuple[object, ...]:
    """Every legal choice of degrees, or some of them by chance."""
    return Exhaustive(), RandomSearch()
