"""All cases of some files as rows, and what they come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tempstudio.core.progress import Progress
from tempstudio.validation.case_files import read_cases
from tempstudio.validation.groups import group_documents
from tempstudio.validation.kinds import case_rows, reader_of
from tempstudio.validation.row import Row


@dataclass(frozen=True)
class Report:
    """The rows of `tempstudio validate`."""

    rows: tuple[Row, ...]

    @property
    def groups(self) -> list[dict[str, Any]]:
        """Rows that are held together."""
        return group_documents(self.rows)

    @property
    def passed(self) -> bool:
        """Whether every row and group that is held to something holds."""
        return all(row.passed is not False for row in self.rows) and all(
            group["pass"] for group in self.groups
        )

    def summary(self) -> dict[str, Any]:
        """How many rows hold, fail and are shown only; by kind, and by group."""
        kinds: dict[str, dict[str, Any]] = {}
        for row in self.rows:
            kind = kinds.setdefault(row.kind.split(":")[0], _empty())
            kind["rows"] += 1
            kind[_outcome(row)] += 1
            if row.passed is not None and row.error is not None:
                kind["max_error"] = max(kind["max_error"], abs(row.error))
        outcomes = Counter(_outcome(row) for row in self.rows)
        return {
            "rows": len(self.rows),
            "passed": outcomes["passed"],
            "failed": outcomes["failed"],
            "shown": outcomes["shown"],
            "kinds": kinds,
            "groups": self.groups,
            "pass": self.passed,
        }

    def document(self) -> dict[str, Any]:
        """`tempstudio validate --json`."""
        return {"rows": [row.document() for row in self.rows], "summary": self.summary()}


def _empty() -> dict[str, Any]:
    return {"rows": 0, "passed": 0, "failed": 0, "shown": 0, "max_error": 0.0}


def _outcome(row: Row) -> str:
    return {True: "passed", False: "failed", None: "shown"}[row.passed]


def validate(paths: Sequence[Path] = (), progress: Progress | None = None) -> Report:
    """Work out every case of some files, or of those that come with the program.

    `InputError` with one line where a file or a case is not what it should be.
    """
    progress = progress or Progress()
    cases = read_cases(paths)
    for case in cases:
        reader_of(case)  # a case of no known kind is told before any work begins
    rows: list[Row] = []
    for number, case in enumerate(cases):
        progress.step(number / max(1, len(cases)), case.id)
        rows += case_rows(case)
    return Report(tuple(rows))
