"""The built-in mappers."""

from __future__ import annotations

from tempstudio.hookspecs import hookimpl
from tempstudio.strategies.mappers.sequential import Sequential


@hookimpl
def tempstudio_mappers() -> tuple[object, ...]:
    """Row-major runs."""
    return (Sequential(),)
