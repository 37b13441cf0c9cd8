"""What can be set side by side: the run on screen, runs kept, rows of a comparison."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tempstudio.core.errors import InputError
from tempstudio.core.project import KeptRun, Project
from tempstudio.gui.results import Result
from tempstudio.storage.kept_runs import project_of

CURRENT = "current"


@dataclass(frozen=True, eq=False)
class Contender:
    """A run by its document and plan; `project` is None where `why` says it cannot be played."""

    key: str
    name: str
    document: dict[str, Any]
    plan: dict[str, Any]
    project: Project | None
    why: str = ""


@dataclass(frozen=True, eq=False)
class Row:
    """One partitioner and mapper of a comparison: a run document, or why there is none."""

    partitioner: str
    mapper: str
    document: dict[str, Any]
    plan: dict[str, Any]
    project: Project

    @property
    def name(self) -> str:
        """How the pair is called."""
        return f"{self.partitioner} + {self.mapper}"

    @property
    def error(self) -> str:
        """Why there is no run; "" where there is one."""
        return str(self.document.get("error", {}).get("message", ""))

    @property
    def fits(self) -> bool:
        """Whether there is a run that fits."""
        return bool(self.document.get("fits")) and not self.error


def current_contender(result: Result) -> Contender:
    """The run on screen."""
    return Contender(CURRENT, strategy_name(result.document), result.document, result.plan,
                     result.project)  # fmt: skip


def kept_contender(run: KeptRun, project: Project) -> Contender:
    """A run kept in the project."""
    content = json.loads(run.document)
    document, plan = content.get("score") or {}, content.get("plan") or {}
    made_from, why = None, ""
    try:
        made_from = project_of(run, project)
    except InputError as error:
        why = str(error)
    if made_from is not None and not {"parallel", "job"} <= set(plan):
        made_from, why = None, f"run {run.name!r} keeps no plan"
    return Contender(f"kept:{run.name}", run.name, document, plan, made_from, why)


def row_contender(row: Row) -> Contender:
    """A row of a comparison."""
    key = row_key((row.partitioner, row.mapper))
    return Contender(key, row.name, row.document, row.plan, row.project)


def row_key(pair: tuple[str, str]) -> str:
    """The key of a row, by its partitioner and mapper."""
    return f"row:{pair[0]}+{pair[1]}"


def strategy_name(document: dict[str, Any]) -> str:
    """Partitioner and mapper of a run document."""
    strategy = document.get("strategy", {})
    return " + ".join(strategy[kind] for kind in ("partitioner", "mapper") if strategy.get(kind))
