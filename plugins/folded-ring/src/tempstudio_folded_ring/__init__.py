"""Folded-ring weight streaming for TempStudio."""

from __future__ import annotations

import tempstudio as ts
from tempstudio_folded_ring.mapper import FoldedLine
from tempstudio_folded_ring.partitioner import FoldedRing


@ts.hookimpl
def tempstudio_partitioners() -> list[ts.Partitioner]:
    """Weights that stream round a ring."""
    return [FoldedRing()]


@ts.hookimpl
def tempstudio_mappers() -> list[ts.Mapper]:
    """Rings folded along a line."""
    return [FoldedLine()]
