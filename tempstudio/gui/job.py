"""What a worker is asked by the window, what the status bar says of it, and a run as it comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tempstudio.core.project import Project
from tempstudio.core.timeline import timeline_from_arrays
from tempstudio.gui.results import Result

if TYPE_CHECKING:
    from tempstudio.lanes import Message


OWN = "tempstudio"  # the plugin that the program's own strategies come from


@dataclass(frozen=True)
class Job:
    """What runs, as the status bar tells it; `kind` is "replan", "load", "search" or "ask"."""

    kind: str
    title: str
    lane: str
    fraction: float = 0.0
    caption: str = ""
    stalled: str = ""


@dataclass
class Request:
    """What was asked of a worker: the project of a run, or who takes a question's messages."""

    kind: str
    title: str
    project: Project | None = None
    take: Callable[[Message], object] | None = None  # of "ask": every message but progress


@dataclass(frozen=True)
class Question:
    """A question for the lane aside, where the first asked is the first answered."""

    verb: str
    header: dict[str, Any]
    request: Request
    arrays: Mapping[str, Any] | None = None


def result_from(message: Message, project: Project, searched: bool = False) -> Result:
    """The run that a `plan` message carries."""
    header = message.header
    return Result(
        project=project,
        document=header["document"],
        timeline=timeline_from_arrays(header["timeline"], message.arrays),
        plan=header.get("plan", {}),
        searched=searched,
    )
