"""One instant of a step: what moves, what computes, what is held."""

from __future__ import annotations

from dataclasses import dataclass

from tempstudio.core.timeline_tables import FloatArray, IntArray


@dataclass(frozen=True)
class Caption:
    """What a stage is doing at one time.

    `copy` of `copies` is the segment's, from 0 in the order of the model.
    """

    stage: int
    segment: str
    pass_: str
    operator: str
    kind: str
    op: str
    layout: str
    round: int
    rounds: int
    copy: int
    copies: int
    micro_batch: int
    role: str
    tensor: str = ""


@dataclass(frozen=True, eq=False)
class Transfers:
    """Flows in flight at one time, one row each; `progress` is the share of the way done (0..1)."""

    source: IntArray
    target: IntArray
    bytes: FloatArray
    progress: FloatArray
    finish_s: FloatArray
    role: tuple[str, ...]
    phase: IntArray
    label: IntArray
    hop_start: IntArray
    hop_link: IntArray

    def __len__(self) -> int:
        return len(self.source)


@dataclass(frozen=True, eq=False)
class Frame:
    """Everything that the views show of one instant.

    `link_bytes` sums the bytes of the transfers in flight over each link, `link_rate` their rates
    [B/s]; `link_utilization` is that over the link's bandwidth. `memory` is [kinds, dies] in bytes,
    kinds as in MEMORY_KINDS. `computing` is the phase number each die computes, -1 for none.
    """

    time_s: float
    transfers: Transfers
    link_bytes: FloatArray
    link_rate: FloatArray
    link_utilization: FloatArray
    memory: FloatArray
    computing: IntArray
    captions: tuple[Caption, ...]
