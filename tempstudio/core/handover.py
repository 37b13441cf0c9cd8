"""What one pipeline stage hands to another at the end of a turn, and what waiting for it costs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tempstudio.core.flows import Flows
from tempstudio.core.partition import FORWARD, Collective, Phase, Segment, Work
from tempstudio.core.patterns import Step
from tempstudio.core.template import Event, StageContext, Template
from tempstudio.core.timeline import FOREGROUND, FloatArray, PhaseInfo

TENSORS = {True: "activations", False: "activation gradients"}


@dataclass(frozen=True, eq=False)
class Handover:
    """One micro-batch's activations (or their gradients) on the way to another stage.

    `blocking`: the sender computes nothing until they have arrived.
    """

    stage: int
    towards: int
    forward: bool
    step: Step
    bytes: float
    phase: int
    blocking: bool = False

    @cached_property
    def flows(self) -> Flows:
        """The flows with their real bytes."""
        return self.step.scaled(self.bytes)

    def template(self, finish_s: FloatArray) -> Template:
        """The events of a hand-over whose flows arrive after `finish_s` [flows]."""
        length = float(finish_s.max(initial=0.0))
        event = _event(length, self.phase, self.step, self.bytes, finish_s)
        segment = Segment("pipeline", _pass(self.forward), (self._phase,))
        return Template(segment, length, (event,), {}, {}, {self.phase: length}, (Work(),))

    @property
    def _phase(self) -> Phase:
        collective = Collective(f"to stage {self.towards}", (), self.bytes)
        return Phase("pipeline", _pass(self.forward), collective=collective, role="P")


def handover_phase(context: StageContext, towards: int, forward: bool) -> int:
    """The number of the phase to which a hand-over's flows belong."""
    return context.number(_info(f"to stage {towards}", forward))


def waiting_template(context: StageContext, forward: bool, length: float) -> Template:
    """A stage that waits for what is on its way to it (or, blocked, from it)."""
    number = context.number(_info("hand-over", forward))
    event = _event(length, number, None, 0.0, np.zeros(0))
    phase = Phase("pipeline", _pass(forward), role="P", tensor=TENSORS[forward])
    segment = Segment("pipeline", _pass(forward), (phase,))
    return Template(segment, length, (event,), {number: 0.0}, {number: length}, {}, (Work(),))


def _pass(forward: bool) -> str:
    return FORWARD if forward else "backward"


def _info(op: str, forward: bool) -> PhaseInfo:
    return PhaseInfo("pipeline", _pass(forward), "collective", op, "P", TENSORS[forward], "")


def _event(length: float, phase: int, step: Step | None, scale: float, finish: FloatArray) -> Event:
    return Event(0.0, length, 0.0, FOREGROUND, phase, 0, 1, step, scale, finish, 0.0)
