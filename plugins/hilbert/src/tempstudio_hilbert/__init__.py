"""Hilbert-curve placement for TempStudio."""

from __future__ import annotations

import tempstudio as ts
from tempstudio_hilbert.mapper import HilbertMapper


@ts.hookimpl
def tempstudio_mappers() -> list[ts.Mapper]:
    """The Hilbert-curve mapper."""
    return [HilbertMapper()]
