"""The built-in mappers."""

from __future__ import annotations

from tempstudio.hookspecs import hookimpl
from tempstudio.strategies.mappers.gemini import Gemini
from tempstudio.strategies.mappers.sequential import Sequential
from tempstudio.strategies.mappers.traffic_conscious import TrafficConscious


@hookimpl
def tempstudio_mappers() -> tuple[object, ...]:
    """The traffic-conscious mapper and its rivals."""
    return TrafficConscious(), Gemini(), Sequential()
