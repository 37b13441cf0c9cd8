"""The built-in solvers."""

from __future__ import annotations

from tempstudio.hookspecs import hookimpl
from tempstudio.strategies.solvers.dual_level import DualLevel
from tempstudio.strategies.solvers.exhaustive import Exhaustive
from tempstudio.strategies.solvers.ilp import IntegerProgram
from tempstudio.strategies.solvers.random_search import RandomSearch


@hookimpl
def tempstudio_solvers() -> tuple[object, ...]:
    """The dual-level search and what it is held against."""
    return DualLevel(), Exhaustive(), IntegerProgram(), RandomSearch()
