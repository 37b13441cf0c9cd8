"""What an export needs of a run: its project, its timeline and its document.

A `Run` has all three; the window has them too, of the run that it shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from tempstudio.core.project import Project
from tempstudio.core.timeline import Timeline


class Shown(Protocol):
    """A run as far as it can be shown."""

    @property
    def project(self) -> Project: ...
    @property
    def timeline(self) -> Timeline: ...
    @property
    def document(self) -> dict[str, Any]: ...


@dataclass(frozen=True, eq=False)
class ShownRun:
    """A run without its plan: what the window holds of it."""

    project: Project
    timeline: Timeline
    document: dict[str, Any]
