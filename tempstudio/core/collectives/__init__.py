"""Collectives as real schedules of flows on the real mesh, the best of several algorithms (SPEC 5).

S, the size, is the full gathered or reduced vector; of an all-to-all what each die holds.  The
first member is the root of a broadcast or reduce.
"""

from tempstudio.core.collectives.algorithms import OPS, algorithms
from tempstudio.core.collectives.bounds import collective_bound
from tempstudio.core.collectives.choice import (
    CollectiveSchedule,
    best_collective,
    collective_steps,
    join_steps,
    steps_time,
)
from tempstudio.core.collectives.fleet import Fleet, fleet_of
from tempstudio.core.collectives.fleet_choice import FleetSchedule, best_for_fleet
from tempstudio.core.collectives.report import collective_report

__all__ = [
    "OPS",
    "CollectiveSchedule",
    "Fleet",
    "FleetSchedule",
    "algorithms",
    "best_collective",
    "best_for_fleet",
    "collective_bound",
    "collective_report",
    "collective_steps",
    "fleet_of",
    "join_steps",
    "steps_time",
]
