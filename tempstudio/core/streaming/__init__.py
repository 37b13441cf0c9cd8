"""Tensor streaming (SPEC section 4): schedules for groups of dies, their rules, their execution."""

from __future__ import annotations

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

__all__ = [
    "MAX_DIES",
    "Schedule",
    "buffer_occupancy",
    "duration_s",
    "fewest_transfers",
    "relay",
    "reversed_in_time",
    "ring",
    "round_loads",
    "schedule",
    "schedule_graph",
    "schedule_group",
    "verify",
]
