"""Every partitioner with every mapper, planned on the search lane, rows as they finish."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from tempstudio.comparison import with_pair
from tempstudio.core.project import Project
from tempstudio.gui.contenders import Row
from tempstudio.storage.project_document import project_to_document

if TYPE_CHECKING:
    from tempstudio.gui.studio import Studio
    from tempstudio.lanes import Message

Pair = tuple[str, str]


class StrategySearch(QObject):
    """The comparison of strategies of one studio; `changed` when there is more of it.

    Like `tempstudio compare`: the degrees are searched for each pair by itself, whatever the
    project fixes.  A pair that takes its worker down becomes a row that says so, and the others go
    on.
    """

    changed = Signal()

    def __init__(self, studio: Studio, parent: QObject) -> None:
        super().__init__(parent)
        self._studio = studio
        self._project: Project | None = None
        self._left: list[Pair] = []
        self._trying: Pair | None = None
        self._ended = ""
        self._number = 0
        self.rows: list[Row] = []
        self.running = False

    def start(self, only: Collection[Pair] = ()) -> None:
        """Plan every pair that the plugins offer, or some of them, the project's own first."""
        project = self._studio.project
        kinds = (self._studio.catalogue or {}).get("kinds", {})
        names = {
            kind: [offer["name"] for offer in kinds.get(kind, ())]
            for kind in ("partitioner", "mapper")
        }
        own = (project.partitioner.name, project.mapper.name)
        pairs = [(p, m) for p in names["partitioner"] for m in names["mapper"]]
        pairs = [pair for pair in pairs if not only or pair in only]
        self._left = sorted(pairs, key=lambda pair: pair != own)
        self._project = replace(project, degrees=None, runs=())
        self.rows, self._ended = [], ""
        if not pairs:
            self._studio.say("The plugins are still being loaded.", "info", key="compare")
            return
        self._ask()

    def cancel(self) -> None:
        """Stop; the rows that are there stay."""
        self._studio.jobs.cancel()

    def follow(self, project: Project) -> None:
        """The rows belong to the project that they were planned for."""
        mine = self._project
        if mine is None:
            return
        own = replace(
            project,
            degrees=None,
            runs=(),
            partitioner=mine.partitioner,
            mapper=mine.mapper,
        )
        if own.fingerprint != mine.fingerprint:
            if self.running:
                self.cancel()
            self._number += 1
            self._project, self.rows, self._ended, self.running = None, [], "", False
            self.changed.emit()

    def words(self) -> str:
        """How far it is."""
        if self.running:
            trying = f"; trying {' + '.join(self._trying)}" if self._trying else ""
            return f"{len(self.rows)} of {len(self.rows) + len(self._left)} planned{trying}"
        if not self.rows:
            return self._ended
        fitting = sum(row.fits for row in self.rows)
        text = f"{len(self.rows)} planned, {fitting} fit{'s' if fitting == 1 else ''}"
        return f"{text}, {self._ended}" if self._ended else text

    def _ask(self) -> None:
        assert self._project is not None
        self.running, self._trying = True, None
        self._number += 1
        number = self._number
        header: dict[str, Any] = {
            "project": project_to_document(self._project),
            "pairs": [list(pair) for pair in self._left],
        }
        self._studio.jobs.ask(
            "compare", header, "Comparing strategies", lambda m: self._take(m, number), "search"
        )
        self.changed.emit()

    def _take(self, message: Message, number: int) -> None:
        if number != self._number:
            return  # of a comparison that is no more
        if message.type == "trying":
            self._trying = (message.header["partitioner"], message.header["mapper"])
        elif message.type == "row":
            self._add(message.header["row"], message.header["plan"])
        elif message.type == "done":
            self.running, self._trying = False, None
        elif message.type == "failed":
            self._fail(message.header)
            return
        self.changed.emit()

    def _add(self, document: dict[str, Any], plan: dict[str, Any]) -> None:
        assert self._project is not None
        strategy = document["strategy"]
        pair = (strategy["partitioner"], strategy["mapper"])
        if pair in self._left:
            self._left.remove(pair)
        self.rows.append(Row(*pair, document, plan, with_pair(self._project, *pair)))

    def _fail(self, header: dict[str, Any]) -> None:
        """Cancelled, or a strategy took its worker down: the others still get their turn."""
        if header["kind"] == "fault" and self._trying in self._left and self._trying is not None:
            names = {"partitioner": self._trying[0], "mapper": self._trying[1]}
            error = {"kind": "fault", "message": header["message"]}
            self._add({"strategy": names, "fits": False, "error": error}, {})
            self._studio.say(
                header["message"], "error", key="compare", details=header.get("traceback", "")
            )
            if self._left:
                self._ask()
                return
        elif header["kind"] != "cancelled":
            self._studio.say(
                header["message"], "error", key="compare", details=header.get("traceback", "")
            )
        self.running, self._trying = False, None
        self._ended = f"{len(self._left)} not planned" if self._left else ""
        self.changed.emit()
