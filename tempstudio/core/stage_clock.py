"""All pipeline stages and their hand-overs on one clock, sharing links where they meet (SPEC 5).

A stage whose links nobody else uses runs as its templates say, span after span.  It is followed
item by item only while a hand-over is under way on its links, or while one of its items meets an
item of another stage: then all that is in flight shares the links, event by event.  Copies that
come out otherwise than alone become templates of their own.  Where stages meet too often to look at
every item, the later copies are what was usual before.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from tempstudio.core.copy_run import EDGE, CopyRun
from tempstudio.core.handover import Handover
from tempstudio.core.in_flight import InFlight, Sending
from tempstudio.core.network import phase_time
from tempstudio.core.stage import Book, Key, Stage, Task, Underway
from tempstudio.core.stage_meetings import Meetings
from tempstudio.core.stage_record import Record
from tempstudio.core.template import Template
from tempstudio.core.topology import FloatArray, Topology

# Events that are followed one by one, as items may meet others; a few seconds' worth.
PATIENCE = 30_000

ITEM_END, SENT, ARRIVED, TURN_END, MEETING = range(5)


class StageClock:
    """Runs every stage's tasks; `templates` may be added to by the book, not changed."""

    def __init__(
        self,
        tasks: Sequence[Sequence[Task]],
        templates: Sequence[Template],
        topology: Topology,
        book: Book,
    ) -> None:
        self.templates, self.topology, self.book = templates, topology, book
        self.now = 0.0
        self.air = InFlight(topology, None)
        self.events: list[tuple[float, int, int, tuple[int, ...]]] = []
        self.count = 0
        self.there: dict[Key, tuple[float, bool]] = {}  # key: (since when, by a hand-over)
        self.underway: dict[int, Underway] = {}
        self.arriving: dict[int, Underway] = {}
        self.items: dict[int, tuple[Stage, CopyRun, int, int]] = {}
        self.record = Record(templates, book)
        self.patience = PATIENCE if len(tasks) > 1 else 0
        self.stages = [Stage(i, line) for i, line in enumerate(tasks)]
        self.meetings = Meetings(tasks, templates, topology)

    def run(self) -> float:
        """Run everything; when the last stage is done."""
        handlers: dict[int, Callable[[tuple[int, ...]], None]] = {
            ITEM_END: self._item_ended,
            SENT: self._solo_sent,
            ARRIVED: self._arrived,
            TURN_END: self._turn_ended,
            MEETING: self._may_meet,
        }
        for stage in self.stages:
            self._try(stage)
        while self.events or self.air.crowds:
            if self.air.crowds and self.air.next_drain_s <= self._next_s():
                self._drain()
                continue
            self.now, kind, _, what = heapq.heappop(self.events)
            handlers[kind](what)
        if any(stage.task < len(stage.tasks) for stage in self.stages):
            raise AssertionError("the pipeline order waits for itself")
        return max((stage.free_s for stage in self.stages), default=0.0)

    def _next_s(self) -> float:
        return self.events[0][0] if self.events else math.inf

    def _post(self, time_s: float, kind: int, *what: int) -> None:
        self.count += 1
        heapq.heappush(self.events, (time_s, kind, self.count, what))

    # -- turns

    def _try(self, stage: Stage) -> None:
        """Start the stage's next task if it is free and what it waits for is there."""
        if stage.busy or stage.blocked or stage.task >= len(stage.tasks):
            return
        stage.at = task = self._as_usual(stage.tasks[stage.task])
        if task.after is not None:
            if task.after not in self.there:
                return
            sent_s, by_handover = self.there[task.after]
            waits_from = max(stage.free_s, sent_s)
            if by_handover and self.now > waits_from:
                self.book.waited(stage.number, waits_from, self.now, task.after[0], task)
        stage.busy, stage.run, stage.made = True, 0, 0
        stage.links = self.meetings.links_of(task)
        stage.since_s, stage.copy, stage.followed = self.now, None, False
        if self._has_company(stage):
            self._follow(stage, self.now)
        if not stage.followed:
            self._let_run(stage, self.now)

    def _as_usual(self, task: Task) -> Task:
        """Out of patience, stages run the copies that were usual before: meetings repeat."""
        if self.patience > 0 or not any(self.meetings.shared):
            return task
        return replace(task, runs=tuple((self.record.usual(k), times) for k, times in task.runs))

    def _let_run(self, stage: Stage, from_s: float) -> None:
        """Nobody is in the way: the turn's end is known, and the next item that may meet one."""
        stage.version += 1
        self._post(stage.turn_end_s(self.templates), TURN_END, stage.number, stage.version)
        if self.meetings.shared[stage.number] and self.patience > 0:
            meeting_s = self.meetings.next_s(stage, from_s)
            if meeting_s is not None:
                self._post(meeting_s, MEETING, stage.number, stage.version)

    def _turn_ended(self, what: tuple[int, ...]) -> None:
        stage = self.stages[what[0]]
        if stage.busy and not stage.followed and what[1] == stage.version:
            self.record.advance(stage, math.inf)
            self._end_turn(stage)

    def _end_turn(self, stage: Stage) -> None:
        task = stage.at
        stage.busy, stage.followed, stage.free_s = False, False, self.now
        stage.version += 1
        stage.task += 1
        if task.send is not None:
            stage.blocked = task.send.blocking
            self._send(task, task.send)
        elif task.gives is not None:
            self.there[task.gives] = self.now, False
        for other in (stage, *(self.stages if task.send is None else ())):
            self._try(other)

    # -- item by item

    def _follow(self, stage: Stage, now: float) -> None:
        """Step through the stage's items from now on."""
        self.record.advance(stage, now)
        if stage.run >= len(stage.at.runs):
            return  # its turn ends this very moment
        if stage.copy is None:
            number = stage.at.runs[stage.run][0]
            stage.copy = CopyRun(
                number, self.templates[number], self.meetings.alone(number), stage.since_s
            )
        stage.followed = True
        stage.version += 1
        copy = stage.copy
        copy.seek(now - stage.since_s + EDGE * now)
        self._replay(stage, copy, now)

    def _replay(self, stage: Stage, copy: CopyRun, now: float) -> None:
        """What the copy has in flight now, as it came about while it was alone."""
        everyone, clock = (self.air, self.events), self.now
        self.air, self.events = InFlight(self.topology, None, self.air), []
        if not copy.lanes:
            self._post(copy.start_s, ITEM_END, stage.number, stage.version, -1, -1)
        for lane, items in enumerate(copy.lanes):
            first = items[copy.next[lane]]
            at = copy.start_s + (float(copy.start[first]) if copy.single else 0.0)
            self._start_item(stage, copy, lane, first, min(at, now), alone=True)
        while stage.copy is copy and min(self.air.next_drain_s, self._next_s()) < now:
            if self.air.next_drain_s <= self._next_s():
                self._drain()
            else:
                self.now, _, _, what = heapq.heappop(self.events)
                self._item_ended(what, alone=True)
        alone, events = self.air, self.events
        (self.air, self.events), self.now = everyone, clock
        self._wake(stage.links)
        self.air.adopt(alone, now)
        for event in events:
            heapq.heappush(self.events, event)

    def _start_item(
        self, stage: Stage, copy: CopyRun, lane: int, item: int, now: float, alone: bool = False
    ) -> None:
        copy.begin(lane, item, now)
        flows = copy.flows_of(item)
        event = copy.template.events[item]
        if flows is None:
            self._post(now + event.compute_s, ITEM_END, stage.number, stage.version, lane, item)
            return
        if not alone:
            self._disturb(stage, flows.link_set)
        self.count += 1
        self.items[self.count] = stage, copy, lane, item
        self.air.join(self.count, flows, now)

    def _item_ended(self, what: tuple[int, ...], alone: bool = False) -> None:
        stage, version, lane, item = self.stages[what[0]], *what[1:]
        copy = stage.copy
        if not stage.followed or version != stage.version or copy is None:
            return
        if item >= 0 and copy.finish_item(lane, item, self.now):
            if not alone and copy.single and not self._has_company(stage):
                copy.begin(lane, copy.lanes[lane][copy.next[lane]], self.now)
                stage.followed = False
                self._let_run(stage, self.now)
                return
            self._start_item(stage, copy, lane, copy.lanes[lane][copy.next[lane]], self.now, alone)
            return
        if item < 0 or copy.done:
            self._end_copy(stage)

    def _end_copy(self, stage: Stage) -> None:
        self.record.close_copy(stage, self.now)
        if stage.run >= len(stage.at.runs):
            self._end_turn(stage)
        elif self._has_company(stage):
            self._follow(stage, self.now)
        else:
            stage.followed = False
            self._let_run(stage, self.now)

    def _drain(self) -> None:
        self.patience -= 1
        for sent in self.air.drain():
            self._drained(sent)

    def _drained(self, sent: Sending) -> None:
        if sent.item in self.underway:
            self._landed(sent.item, sent.finish_s)
            return
        stage, copy, lane, item = self.items.pop(sent.item)
        end_s = copy.sent(item, sent.finish_s)
        self._post(end_s, ITEM_END, stage.number, stage.version, lane, item)

    # -- hand-overs

    def _send(self, task: Task, send: Handover) -> None:
        links = send.flows.link_set
        company = self._disturb(None, links)
        company |= any(crowd.links & links for crowd in self.air.crowds)
        company |= any(stage.busy and stage.links & links for stage in self.stages)
        self.count += 1
        self.underway[self.count] = Underway(send, task, self.now, not company)
        phase = phase_time(send.flows, self.topology)
        if company and phase.duration_s > 0:
            self.air.join(self.count, send.flows, self.now)
        else:
            self._post(self.now + float(phase.drain_s.max(initial=0.0)), SENT, self.count)

    def _solo_sent(self, what: tuple[int, ...]) -> None:
        found = self.underway.get(what[0])
        if found is not None and found.solo:
            self._landed(what[0], phase_time(found.send.flows, self.topology).finish_s)

    def _landed(self, number: int, finish_s: FloatArray) -> None:
        found = self.underway.pop(number)
        self.book.sent(found.send, found.start_s, finish_s, found.task)
        arrives_s = found.start_s + float(finish_s.max(initial=0.0))
        self.count += 1
        self.arriving[self.count] = found
        self._post(max(arrives_s, self.now), ARRIVED, self.count)

    def _arrived(self, what: tuple[int, ...]) -> None:
        found = self.arriving.pop(what[0])
        if found.task.gives is not None:
            self.there[found.task.gives] = found.start_s, True
        sender = self.stages[found.send.stage]
        if found.send.blocking:
            sender.blocked = False
            self.book.waited(sender.number, sender.free_s, self.now, found.send.forward, found.task)
            sender.free_s = self.now
            self._try(sender)
        self._try(self.stages[found.send.towards])

    # -- company

    def _has_company(self, stage: Stage) -> bool:
        """Whether a hand-over is under way on the stage's links."""
        return any(sent.send.flows.link_set & stage.links for sent in self.underway.values())

    def _disturb(self, me: Stage | None, links: int) -> bool:
        """Follow whoever is on these links now; whether anyone is.

        A hand-over (`me` None) disturbs stages for as long as it lasts, an item of a stage only who
        has an item on these links.
        """
        found = self._wake(links)
        for other in self.stages:
            if other is me or not other.busy or other.followed or not other.links & links:
                continue
            if me is None or self._current(other) & links:
                self._follow(other, self.now)
                found = True
        return found

    def _wake(self, links: int) -> bool:
        """Hand-overs that had these links to themselves get company; whether there are any."""
        found = False
        for number, sent in self.underway.items():
            if sent.solo and sent.send.flows.link_set & links:
                sent.solo, found = False, True
                self.air.join(number, sent.send.flows, sent.start_s)
        return found

    def _current(self, stage: Stage) -> int:
        """Links of what the stage, let run, has in flight now."""
        if not stage.runs_on(self.now, self.templates):
            self.record.advance(stage, self.now)
        return self.meetings.links_now(stage, self.now)

    def _may_meet(self, what: tuple[int, ...]) -> None:
        """An item of a stage that is let run starts on links that others use too."""
        stage = self.stages[what[0]]
        if not stage.busy or stage.followed or what[1] != stage.version:
            return
        self.patience -= 1
        links = self._current(stage)
        others = [other for other in self.stages if other is not stage and other.busy]
        company = any(crowd.links & links for crowd in self.air.crowds) or any(
            not other.followed and other.links & links and self._current(other) & links
            for other in others
        )
        if company:
            self._disturb(stage, links)
            self._follow(stage, self.now)
            return
        meeting_s = self.meetings.next_s(stage, self.now, after=True)
        if meeting_s is not None:
            self._post(meeting_s, MEETING, stage.number, stage.version)
