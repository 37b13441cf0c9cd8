"""Tensor streaming (SPEC section 4): schedules for groups of dies, their rules, their execution.

What runs schedules on arrays is loaded when first asked for: the window needs schedules only.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tempstudio.core.streaming.bidirectional_relay import fewest_transfers, relay
from tempstudio.core.streaming.build import MAX_DIES, schedule, schedule_graph, schedule_group
from tempstudio.core.streaming.rounds import (
    Schedule,
    buffer_occupancy,
    duration_s,
    reversed_in_time,
    round_loads,
)
from tempstudio.core.streaming.rules import verify
from tempstudio.core.streaming.two_way_ring import ring

if TYPE_CHECKING:
    from tempstudio.core.streaming.block import BlockShape, LayerResult
    from tempstudio.core.streaming.execution import reduce, stream
    from tempstudio.core.streaming.layer import LayerRun, assign_rows, execute_layer
    from tempstudio.core.streaming.ledger import Ledger
    from tempstudio.core.streaming.linear import execute
    from tempstudio.core.streaming.reference import reference_layer
    from tempstudio.core.streaming.sublayers import Layouts

LOADED_LATER = {
    "BlockShape": "block",
    "LayerResult": "block",
    "LayerRun": "layer",
    "Layouts": "sublayers",
    "Ledger": "ledger",
    "assign_rows": "layer",
    "execute": "linear",
    "execute_layer": "layer",
    "reduce": "execution",
    "reference_layer": "reference",
    "stream": "execution",
}

__all__ = [
    "MAX_DIES",
    "BlockShape",
    "LayerResult",
    "LayerRun",
    "Layouts",
    "Ledger",
    "Schedule",
    "assign_rows",
    "buffer_occupancy",
    "duration_s",
    "execute",
    "execute_layer",
    "fewest_transfers",
    "reduce",
    "reference_layer",
    "relay",
    "reversed_in_time",
    "ring",
    "round_loads",
    "schedule",
    "schedule_graph",
    "schedule_group",
    "stream",
    "verify",
]


def __getattr__(name: str) -> Any:
    """Load what `LOADED_LATER` lists (PEP 562)."""
    if name not in LOADED_LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{LOADED_LATER[name]}"), name)
    globals()[name] = value
    return value
