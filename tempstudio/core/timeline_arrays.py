"""Templates and spans as the columns of a `Timeline`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tempstudio.core.patterns import REFERENCE_BYTES
from tempstudio.core.patterns import Step as FlowStep
from tempstudio.core.template import Template
from tempstudio.core.timeline import FlowSets, Spans, Templates
from tempstudio.core.topology import Topology

if TYPE_CHECKING:
    from tempstudio.core.simulate import Span, Step


def flow_set_table(
    templates: Sequence[Template], topology: Topology
) -> tuple[FlowSets, dict[int, int]]:
    """Every distinct step's flows once, and the set number of each step by identity."""
    index: dict[int, int] = {}
    steps: list[FlowStep] = []
    for template in templates:
        for event in template.events:
            if event.step is not None and id(event.step) not in index:
                index[id(event.step)] = len(steps)
                steps.append(event.step)
    flows = [step.flows for step in steps]
    counts = [len(f) for f in flows]
    hops = np.concatenate([f.hops for f in flows]) if flows else np.zeros(0, dtype=np.int32)
    return (
        FlowSets(
            set_start=_starts(counts),
            source=_joined([f.source for f in flows], np.int32),
            target=_joined([f.target for f in flows], np.int32),
            unit_bytes=_joined([f.bytes / REFERENCE_BYTES for f in flows], np.float64),
            hop_start=_starts(hops),
            hop_link=_joined([f.hop_link for f in flows], np.int32),
            label=_joined([step.label for step in steps], np.int32),
        ),
        index,
    )


def template_table(
    templates: Sequence[Template], index: dict[int, int], sets: FlowSets
) -> Templates:
    """All items of all templates; each template's are sorted by lane, then start."""
    events = [e for t in templates for e in sorted(t.events, key=lambda e: (e.lane, e.start_s))]
    finish = list({id(e.finish_s): e.finish_s for e in events}.values())  # repeats share theirs
    first = dict(zip(map(id, finish), _starts([len(f) for f in finish]).tolist(), strict=False))
    return Templates(
        item_start=_starts([len(t.events) for t in templates]),
        duration_s=np.array([t.duration_s for t in templates]),
        saved_bytes=np.array([t.segment.saved_bytes for t in templates]),
        transient_bytes=np.array([t.segment.transient_bytes for t in templates]),
        start_s=np.array([e.start_s for e in events]),
        end_s=np.array([e.end_s for e in events]),
        compute_s=np.array([e.compute_s for e in events]),
        lane=np.array([e.lane for e in events], dtype=np.int32),
        phase=np.array([e.phase for e in events], dtype=np.int32),
        round=np.array([e.round for e in events], dtype=np.int32),
        rounds=np.array([e.rounds for e in events], dtype=np.int32),
        flow_set=np.array(
            [index[id(e.step)] if e.step is not None else -1 for e in events], dtype=np.int32
        ),
        scale=np.array([e.scale for e in events]),
        finish_start=np.array([first[id(e.finish_s)] for e in events], dtype=np.int32),
        finish_s=_joined(finish, np.float64),
        buffer_bytes=np.array([e.buffer_bytes for e in events]),
    )


def span_table(step: Step, segments: Sequence[tuple[str, str]]) -> Spans:
    """Spans sorted by stage, then start."""
    rows = sorted(step.spans, key=lambda span: (span.stage, span.start_s))
    return _table(rows, step, segments)


def send_table(step: Step, segments: Sequence[tuple[str, str]]) -> Spans:
    """Hand-overs sorted by start."""
    return _table(sorted(step.sends, key=lambda send: send.start_s), step, segments)


def _table(rows: Sequence[Span], step: Step, segments: Sequence[tuple[str, str]]) -> Spans:
    number = {segment: i for i, segment in enumerate(segments)}
    kinds = [step.templates[row.template] for row in rows]
    return Spans(
        stage=np.array([row.stage for row in rows], dtype=np.int32),
        template=np.array([row.template for row in rows], dtype=np.int32),
        start_s=np.array([row.start_s for row in rows]),
        repeats=np.array([row.repeats for row in rows], dtype=np.int32),
        period_s=np.array([kind.duration_s for kind in kinds]),
        micro_batch=np.array([row.micro_batch for row in rows], dtype=np.int32),
        activation_bytes=np.array([row.activation_bytes for row in rows]),
        segment=np.array(
            [number[kind.segment.name, kind.segment.pass_] for kind in kinds], dtype=np.int32
        ),
    )


def _starts(counts: Sequence[int] | np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)


def _joined(parts: Sequence[np.ndarray], kind: type) -> np.ndarray:
    return np.concatenate(parts).astype(kind) if parts else np.zeros(0, dtype=kind)
