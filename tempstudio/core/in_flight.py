"""The flows that are on their way at one moment, and the rates they have until the next change.

Rates depend on who is sending, not on how much is left, so each set of senders is shared out once
and remembered; an item that has the machine to itself follows the closed form of `phase_time`.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.network import Flows, join_flows, phase_time
from tempstudio.core.sharing import max_min_rates
from tempstudio.core.topology import FloatArray, IntArray, Topology

# What is left of a flow below this share of it is rounding.
ROUNDING = 1e-12
MOST_SHARES = 4096

Observer = Callable[[float, float, FloatArray], None]


def _nothing() -> FloatArray:
    return np.zeros(0)


@dataclass(eq=False, slots=True)
class Sending:
    """One item's flows on their way: `rows` not drained yet with `left` bytes each.

    Both stay empty, and `state` None, while the item has the machine to itself.
    """

    item: int
    flows: Flows
    start_s: float
    rows: IntArray | None = None
    left: FloatArray = field(default_factory=_nothing)
    state: bytes = b""  # which rows are left; empty while all are
    finish_s: FloatArray = field(default_factory=_nothing)  # after the item's start

    def __lt__(self, other: Sending) -> bool:
        return self.item < other.item

    def unfold(self) -> IntArray:
        """The rows on their way, all of them at first."""
        if self.rows is None:
            self.rows = np.flatnonzero(self.flows.moving).astype(np.int32)
            self.left = self.flows.bytes[self.rows]
            self.finish_s = np.zeros(len(self.flows))
        return self.rows

    def arrive(self, gone: NDArray[np.bool_], now: float) -> IntArray:
        """Rows marked in `gone` have drained; their row numbers."""
        rows = self.unfold()
        drained, self.rows, self.left = rows[gone], rows[~gone], self.left[~gone]
        self.finish_s[drained] = now - self.start_s + self.flows.latency_s[drained]
        self.state = self.rows.tobytes()
        return drained


@dataclass(frozen=True, eq=False, slots=True)
class _Share:
    """The rates of one set of senders, their rows one after the other."""

    spans: tuple[slice, ...]
    rate: FloatArray
    link_rate: FloatArray | None


class InFlight:
    """Everything on its way now, with rates that hold until the next change."""

    def __init__(self, topology: Topology, observe: Observer | None) -> None:
        self.sending: list[Sending] = []
        self._topology = topology
        self._observe = observe
        self._shares: dict[tuple[str | bytes, ...], _Share] = {}
        self._share: _Share | None = None  # None: to be found, or one item alone from its start
        self._left_s = np.zeros(0)
        self._since_s = 0.0
        self._next_s = math.inf
        self._known = True

    @property
    def next_drain_s(self) -> float:
        """When the next flow drains (of an item alone from its start, the last)."""
        if not self._known:
            self._share_out()
        return self._next_s

    def join(self, item: int, flows: Flows, now: float) -> None:
        """An item's flows start."""
        self._settle(now)
        insort(self.sending, Sending(item, flows, now))
        self._since_s = now
        self._known = False

    def drain(self) -> list[Sending]:
        """Go to the next drain; the items that have sent everything."""
        now = self.next_drain_s
        if self._share is None:
            alone = self.sending.pop()
            phase = phase_time(alone.flows, self._topology)
            self._tell_alone(alone, now)
            alone.finish_s = phase.finish_s
            self._next_s = math.inf
            return [alone]
        share = self._share
        left_s = self._left_s - float(self._left_s.min())
        self._settle(now)
        finished: list[Sending] = []
        kept: list[Sending] = []
        for sent, span in zip(self.sending, share.spans, strict=True):
            # A rest that no longer moves the clock is rounding too, or `now` would stand still.
            rest = max(ROUNDING * (now - sent.start_s), 2.0 * float(np.spacing(now)))
            gone = left_s[span] <= rest
            if gone.any():
                sent.arrive(gone, now)
            (kept if len(sent.left) else finished).append(sent)
        self.sending = kept
        self._known = False
        return finished

    def _settle(self, now: float) -> None:
        """Bring every item's `left` to `now`, before the set of senders changes."""
        if not self._known or not self.sending:
            return
        if self._share is None:
            self._leave_alone(now)
            return
        if self._observe is not None and now > self._since_s and self._share.link_rate is not None:
            self._observe(self._since_s, now, self._share.link_rate)
        left = np.maximum(self._left_s - (now - self._since_s), 0.0) * self._share.rate
        for sent, span in zip(self.sending, self._share.spans, strict=True):
            sent.left = left[span]
        self._since_s = now

    def _leave_alone(self, now: float) -> None:
        """The item that had the machine to itself gets company."""
        alone = self.sending[0]
        self._tell_alone(alone, now)
        phase = phase_time(alone.flows, self._topology)
        drain = phase.drain_s[alone.unfold()]
        past = now - alone.start_s
        alone.left = alone.left * np.maximum(1.0 - past / drain, 0.0)
        if (drain <= past).any():
            rows = alone.arrive(drain <= past, now)
            alone.finish_s[rows] = phase.finish_s[rows]

    def _share_out(self) -> None:
        """Find the rates of the present senders and the next drain."""
        self._known = True
        self._share = None
        if not self.sending:
            self._next_s = math.inf
            return
        first = self.sending[0]
        if len(self.sending) == 1 and first.rows is None:
            drain = phase_time(first.flows, self._topology).drain_s
            self._next_s = first.start_s + float(drain.max())
            return
        for sent in self.sending:
            sent.unfold()
        key = tuple(part for sent in self.sending for part in (sent.flows.claim, sent.state))
        share = self._shares.get(key)
        if share is None:
            if len(self._shares) >= MOST_SHARES:
                self._shares.clear()
            share = self._shares[key] = _shared(self.sending, self._topology, self._observe)
        self._share = share
        self._left_s = np.concatenate([sent.left for sent in self.sending]) / share.rate
        self._next_s = self._since_s + float(self._left_s.min())

    def _tell_alone(self, alone: Sending, now: float) -> None:
        """Tell the observer how an item alone has loaded the links until now."""
        if self._observe is None:
            return
        drain = phase_time(alone.flows, self._topology).drain_s
        past, span = 0.0, now - alone.start_s
        for end in [*np.unique(drain[(drain > 0) & (drain < span)]).tolist(), span]:
            rates = np.zeros(len(drain))
            np.divide(alone.flows.bytes, drain, out=rates, where=drain > past)
            if alone.start_s + end > alone.start_s + past:
                load = _link_rate(alone.flows, rates, self._topology)
                self._observe(alone.start_s + past, alone.start_s + end, load)
            past = end


def _shared(sending: Sequence[Sending], topology: Topology, observe: Observer | None) -> _Share:
    """The rates of all rows left of all senders."""
    together = join_flows([sent.flows for sent in sending])
    active = np.zeros(len(together), dtype=bool)
    spans, row, end = [], 0, 0
    for sent in sending:
        rows = sent.unfold()
        active[row + rows] = True
        row += len(sent.flows)
        spans.append(slice(end, end + len(rows)))
        end += len(rows)
    weights = np.concatenate([sent.flows.weights for sent in sending])
    rates = max_min_rates(
        together.hop_link, together.hop_start, weights, topology.bytes_per_s, active
    )
    load = None
    if observe is not None:
        load = _link_rate(together, np.where(active, rates, 0.0), topology)
    return _Share(
        spans=tuple(spans),
        rate=rates[active],
        link_rate=load,
    )


def _link_rate(flows: Flows, rates: FloatArray, topology: Topology) -> FloatArray:
    summed = np.bincount(
        flows.hop_link, weights=np.repeat(rates, flows.hops), minlength=topology.links
    )
    return summed.astype(np.float64, copy=False)
