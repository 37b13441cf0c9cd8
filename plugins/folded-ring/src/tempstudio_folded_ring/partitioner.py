"""`folded-ring`: every weight streams round the ring of an sp group, whose hops are routed.

Along the `stream` axis TempStudio's rules ask for transfers between neighbours. Rings along `sp`
are routed, so they may take more than one hop. This partitioner lets the built-in `tspp` cut the
job for a tensor-stream degree as large as the sp that it was asked for, always with the weight as
the operand that travels, and moves all that streams to the sp axis.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib import metadata

import tempstudio as ts

AXES = {"stream": "sp", "sequence": "sp"}


@dataclass(frozen=True)
class FoldedRingOptions:
    """The ring has nothing to choose."""


class FoldedRing:
    """Rows and weights are split over the ring; each die's weight passes all others."""

    name = "folded-ring"
    summary = "Every weight streams round a routed ring of the sp dies"
    version = "1.0"
    Options = FoldedRingOptions

    def partition(
        self,
        workload: ts.Workload,
        machine: ts.Machine,
        job: ts.TrainingJob,
        degrees: ts.Degrees,
        options: FoldedRingOptions,
        progress: ts.Progress,
    ) -> ts.Partition:
        """The programs; `InputError` where stream is not 1, or where some dies share a sequence."""
        if degrees.stream > 1:
            raise ts.InputError(
                f"parallel.stream: found {degrees.stream}, folded-ring allows 1: "
                "its ring is the sp axis"
            )
        inner = tensor_stream()
        cut = inner.partition(
            workload,
            machine,
            job,
            replace(degrees, sp=1, stream=degrees.sp),
            inner.Options(layout="weight"),
            progress,
        )
        if cut.sequence_dies not in (1, degrees.sp):
            raise ts.InputError(
                f"parallel.sp: {cut.sequence_dies} of {degrees.sp} dies would share a sequence, "
                "folded-ring allows 1 or all"
            )
        return replace(
            cut,
            degrees=degrees,
            stages=tuple(_program(program) for program in cut.stages),
            sequence_dies=1,
            choices=tuple(replace(choice, degrees=degrees) for choice in cut.choices),
        )


def tensor_stream() -> ts.Partitioner:
    """The built-in `tspp`, found as TempStudio finds it: by its entry point."""
    for entry in metadata.entry_points(group="tempstudio.plugins", name="partitioners"):
        offered: Iterable[ts.Partitioner] = entry.load().tempstudio_partitioners()
        for partitioner in offered:
            if partitioner.name == "tspp":
                return partitioner
    raise ts.InputError("folded-ring: the partitioner 'tspp', on which it builds, is not there")


def _program(program: ts.StageProgram) -> ts.StageProgram:
    return replace(
        program,
        forward=_segments(program.forward),
        backward=_segments(program.backward),
        backward_last=_segments(program.backward_last),
        optimizer=_segments(program.optimizer),
    )


def _segments(segments: tuple[ts.Segment, ...]) -> tuple[ts.Segment, ...]:
    return tuple(
        replace(
            segment,
            phases=tuple(_phase(phase) for phase in segment.phases),
            background=tuple(_phase(phase) for phase in segment.background),
        )
        for segment in segments
    )


def _phase(phase: ts.Phase) -> ts.Phase:
    """The phase with all that spans the stream axis on the sp axis."""
    if phase.stream is not None:
        stream = replace(phase.stream, axis=AXES.get(phase.stream.axis, phase.stream.axis))
        phase = replace(phase, stream=stream)
    if phase.collective is not None:
        axes = tuple(AXES.get(axis, axis) for axis in phase.collective.axes)
        phase = replace(phase, collective=replace(phase.collective, axes=axes))
    return phase
