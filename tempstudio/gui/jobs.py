"""The Qt side of the worker lanes: requests go out, messages come back as signals."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QSocketNotifier, QTimer, Signal

from tempstudio.core.decisions import Decisions, decisions_to_json
from tempstudio.core.project import Project
from tempstudio.gui.job import OWN, Job, Question, Request, result_from

if TYPE_CHECKING:
    from tempstudio.lanes import Lanes, Message, WorkerSettings


class Jobs(QObject):
    """Requests to the workers.

    `search_began(project)`, `searched(project, search)` with what was seen so far,
    `planned(Result, final)` for every better plan,
    `ended(kind, project, header)` when a run is over, `refused(kind, project, header)` when it
    failed, `job_changed(Job or None)` for the status bar,
    `catalogue_changed`, `logged`, `plugin_failed`, `plugin_stalled` as the lanes tell them.
    """

    search_began = Signal(object)
    searched = Signal(object, object)
    planned = Signal(object, bool)
    noted = Signal(str)
    ended = Signal(str, object, object)
    refused = Signal(str, object, object)
    job_changed = Signal(object)
    catalogue_changed = Signal(object)
    plugin_failed = Signal(object)
    plugin_stalled = Signal(object)
    logged = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lanes: Lanes | None = None
        self._notifier: QSocketNotifier | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._turn)
        self._requests: dict[int, Request] = {}
        self._jobs: dict[int, Job] = {}
        self._aside: deque[Question] = deque()

    @property
    def is_running(self) -> bool:
        """Whether workers were started."""
        return self._lanes is not None

    @property
    def job(self) -> Job | None:
        """The job that the status bar speaks of: a search before a re-plan before what is aside."""
        order = ("search", "live", "aside")
        jobs = sorted(self._jobs.items(), key=lambda item: (order.index(item[1].lane), -item[0]))
        return jobs[0][1] if jobs else None

    @property
    def is_searching(self) -> bool:
        """Whether a run asked for by the person is under way."""
        return any(job.lane == "search" for job in self._jobs.values())

    def start(self, settings: WorkerSettings | None = None) -> None:
        """Start the first worker process; what was asked before waits for it."""
        from tempstudio.lanes import Lanes, WorkerSettings

        if self._lanes is None:
            self._lanes = Lanes(self._receive, settings or WorkerSettings())
            self._notifier = QSocketNotifier(self._lanes.fileno(), QSocketNotifier.Type.Read, self)
            self._notifier.activated.connect(self._turn)
            self._turn()

    def reload(self, settings: WorkerSettings) -> None:
        """Start the workers afresh with other plugins; what runs is cancelled."""
        if self._lanes is not None:
            self._lanes.reload(settings)
            self._turn()

    def close(self) -> None:
        """End every worker."""
        self._timer.stop()
        if self._notifier is not None:
            self._notifier.setEnabled(False)
            self._notifier.deleteLater()
            self._notifier = None
        if self._lanes is not None:
            self._lanes.close()
            self._lanes = None
        self._requests.clear()
        self._jobs.clear()
        self._aside.clear()

    def replan(self, project: Project, wanted: Decisions, again: bool) -> None:
        """Plan on the live lane with what was decided or the nearest that goes; no search."""
        options = {"replan": decisions_to_json(wanted)}
        title = "Planning again" if again else "Planning"
        self._submit_run("live", "replan", title, project, options)

    def load(self, project: Project, genome: dict[str, Any]) -> None:
        """Build and simulate one candidate of a search on the live lane."""
        self._submit_run("live", "load", "Loading a candidate", project, {"genome": genome})

    def search(self, project: Project) -> None:
        """Run the project's solver on the search lane."""
        self.search_began.emit(project)
        self._submit_run("search", "search", f"Running {project.solver.name}", project, {})

    def ask(
        self,
        verb: str,
        header: dict[str, Any],
        title: str,
        take: Callable[[Message], object],
        lane: str = "aside",
        arrays: Mapping[str, Any] | None = None,
    ) -> None:
        """Ask a worker something; `take` gets its messages, the last one `done` or `failed`.

        Aside, questions wait for one another and neither stop nor wait for a run.  On the lane
        "search" a question is what the person waits for, and Cancel ends it.
        """
        request = Request("ask", title, None, take)
        if lane == "aside":
            self._aside.append(Question(verb, header, request, arrays))
            self._ask_next()
        else:
            self._submit(lane, verb, header, request, arrays)

    def _ask_next(self) -> None:
        busy = any(job.lane == "aside" for job in self._jobs.values())
        if self._aside and not busy:
            first = self._aside.popleft()
            self._submit("aside", first.verb, first.header, first.request, first.arrays)

    def read_model(
        self,
        path: str,
        done: Callable[[dict[str, Any]], object],
        failed: Callable[[dict[str, Any]], object],
    ) -> None:
        """Read a model file in a worker; exactly one of `done` and `failed` is called."""

        def take(message: Message) -> None:
            if message.ends:
                (done if message.type == "done" else failed)(message.header)

        self.ask("read_model", {"path": path}, "Reading the model", take)

    def cancel(self) -> None:
        """Stop what runs; the best plan found so far stays."""
        self._drop_waiting()
        if self._lanes is not None:
            lanes = {job.lane for job in self._jobs.values()}
            for name in lanes:
                getattr(self._lanes, name).cancel()
            self._turn()

    def _drop_waiting(self) -> None:
        """Questions that nobody has begun with end as cancelled."""
        from tempstudio.lanes import Message

        waiting, self._aside = self._aside, deque()
        header = {"kind": "cancelled", "message": "cancelled"}
        for question in waiting:
            if question.request.take is not None:
                question.request.take(Message("aside", 0, "failed", header))

    def cancel_replan(self) -> None:
        """Stop planning again; a search goes on."""
        if self._lanes is not None and any(job.lane == "live" for job in self._jobs.values()):
            self._lanes.live.cancel()
            self._turn()

    def _submit_run(
        self, lane: str, kind: str, title: str, project: Project, options: dict[str, Any]
    ) -> None:
        from tempstudio.storage.project_document import project_to_document

        header = {"project": project_to_document(project), "options": options}
        self._submit(lane, "run", header, Request(kind, title, project))

    def _submit(
        self,
        lane: str,
        verb: str,
        header: dict[str, Any],
        request: Request,
        arrays: Mapping[str, Any] | None = None,
    ) -> None:
        self.start()
        assert self._lanes is not None
        number = getattr(self._lanes, lane).submit(verb, header, arrays)
        self._requests[number] = request
        self._jobs[number] = Job(request.kind, request.title, lane)
        self.job_changed.emit(self.job)
        self._turn()

    def _turn(self) -> None:
        if self._lanes is None:
            return
        self._lanes.poll()
        wait = self._lanes.wait_s() if self._lanes is not None else None
        if wait is not None:
            self._timer.start(max(round(wait * 1000), 0))

    def _receive(self, message: Message) -> None:
        if message.id == 0:
            self._receive_news(message)
            return
        request = self._requests.get(message.id)
        if request is None:
            return
        if message.type == "progress":
            self._progress(message)
        elif message.type in ("stalled", "resumed"):
            self._mark_stalled(message)
        elif message.ends:
            self._end(request, message)
        elif request.take is not None:
            request.take(message)
        elif message.type == "plan":
            self._take_plan(request, message)
        elif message.type == "search":
            self.searched.emit(request.project, message.header["search"])

    def _receive_news(self, message: Message) -> None:
        if message.type == "catalogue":
            self.catalogue_changed.emit(message.header["catalogue"])
        elif message.type == "plugin_failed":
            self.plugin_failed.emit(message.header)
        elif message.type == "stalled":
            self.plugin_stalled.emit(message.header)
        elif message.type == "log":
            self.logged.emit(message.header["text"])

    def _progress(self, message: Message) -> None:
        job = self._jobs[message.id]
        self._jobs[message.id] = Job(
            job.kind, job.title, job.lane, message.header["fraction"], message.header["caption"]
        )
        self.job_changed.emit(self.job)

    def _mark_stalled(self, message: Message) -> None:
        job = self._jobs[message.id]
        # The program's own strategies are at work: nobody needs to be warned of them.
        silent = message.type == "stalled" and message.header["plugin"] != OWN
        stalled = message.header["message"] if silent else ""
        self._jobs[message.id] = Job(
            job.kind, job.title, job.lane, job.fraction, job.caption, stalled
        )
        self.job_changed.emit(self.job)

    def _take_plan(self, request: Request, message: Message) -> None:
        assert request.project is not None
        searched = request.kind == "search" or bool(message.header.get("placed"))
        result = result_from(message, request.project, searched)
        self.planned.emit(result, bool(message.header.get("final")))
        for note in message.header.get("notes", ()):
            self.noted.emit(note)

    def _end(self, request: Request, message: Message) -> None:
        del self._requests[message.id]
        self._jobs.pop(message.id, None)
        self.job_changed.emit(self.job)
        if request.take is not None:
            request.take(message)
        elif message.type == "done":
            self.ended.emit(request.kind, request.project, message.header)
        else:
            self.refused.emit(request.kind, request.project, message.header)
        self._ask_next()
