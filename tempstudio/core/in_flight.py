"""The flows that are on their way at one moment, and the rates they have until the next change.

Items whose flows share links, directly or through others, make a *crowd*; crowds do not see one
another.  Rates depend on who is sending, not on how much is left, so each crowd is shared out once
and remembered; an item that has its links to itself follows the closed form of `phase_time`.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.flow_copies import join_flows
from tempstudio.core.flows import Flows
from tempstudio.core.network import phase_time
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


@dataclass(eq=False, slots=True)
class Crowd:
    """Items that share links: `left_s` [rows] is the time each row needs at the present rates.

    `share` is None while the rates are to be found (`known` False), and for one item that has had
    its links to itself from its start.
    """

    sending: list[Sending]
    links: int  # bits
    since_s: float
    next_s: float = math.inf
    known: bool = False
    share: _Share | None = None
    left_s: FloatArray = field(default_factory=_nothing)


class InFlight:
    """Everything on its way now, with rates that hold until the next change.

    `like` is another whose shares are known already.
    """

    def __init__(
        self, topology: Topology, observe: Observer | None, like: InFlight | None = None
    ) -> None:
        self.crowds: list[Crowd] = []
        self._topology = topology
        self._observe = observe
        self._shares: dict[tuple[str | bytes, ...], _Share] = like._shares if like else {}
        self._joined: dict[tuple[str, ...], Flows] = like._joined if like else {}

    @property
    def next_drain_s(self) -> float:
        """When the next flow drains (of an item with its links to itself, the last)."""
        soonest = math.inf
        for crowd in self.crowds:
            if not crowd.known:
                self._share_out(crowd)
            soonest = min(soonest, crowd.next_s)
        return soonest

    def join(self, item: int, flows: Flows, now: float) -> None:
        """An item's flows start."""
        crowd = Crowd([Sending(item, flows, now)], flows.link_set, now)
        apart = []
        for other in self.crowds:
            if other.links & flows.link_set:
                self._settle(other, now)
                crowd.links |= other.links
                for sent in other.sending:
                    insort(crowd.sending, sent)
            else:
                apart.append(other)
        self.crowds = [*apart, crowd]

    def adopt(self, others: InFlight, now: float) -> None:
        """Take over all that is on its way elsewhere; now it shares links with what is here.

        Until now it has met nobody here.
        """
        for newcomer in others.crowds:
            crowd, apart = newcomer, []
            for other in self.crowds:
                if not other.links & crowd.links:
                    apart.append(other)
                    continue
                self._settle(crowd, now)
                self._settle(other, now)
                sending = sorted([*crowd.sending, *other.sending])
                crowd = Crowd(sending, crowd.links | other.links, now)
            self.crowds = [*apart, crowd]

    def drain(self) -> list[Sending]:
        """Go to the next drain; the items that have sent everything."""
        now = self.next_drain_s
        crowd = next(crowd for crowd in self.crowds if crowd.next_s == now)
        if crowd.share is None:
            alone = crowd.sending[0]
            alone.finish_s = phase_time(alone.flows, self._topology).finish_s
            self._tell_alone(alone, now)
            self.crowds.remove(crowd)
            return [alone]
        left_s = crowd.left_s - float(crowd.left_s.min())
        spans = crowd.share.spans
        self._settle(crowd, now)
        finished: list[Sending] = []
        kept: list[Sending] = []
        for sent, span in zip(crowd.sending, spans, strict=True):
            gone = left_s[span] <= ROUNDING * (now - sent.start_s)
            if gone.any():
                sent.arrive(gone, now)
            (kept if len(sent.left) else finished).append(sent)
        if finished:
            self.crowds.remove(crowd)
            self.crowds += [Crowd(part, links, now) for part, links in _parts(kept)]
        crowd.known = False
        return finished

    def _settle(self, crowd: Crowd, now: float) -> None:
        """Bring every item's `left` to `now`, before the crowd changes."""
        if not crowd.known:
            if now <= crowd.since_s:
                return
            self._share_out(crowd)
        if crowd.share is None:
            self._leave_alone(crowd.sending[0], now)
            return
        if crowd.share.link_rate is not None and self._observe is not None and now > crowd.since_s:
            self._observe(crowd.since_s, now, crowd.share.link_rate)
        left = np.maximum(crowd.left_s - (now - crowd.since_s), 0.0) * crowd.share.rate
        for sent, span in zip(crowd.sending, crowd.share.spans, strict=True):
            sent.left = left[span]
        crowd.since_s = now

    def _leave_alone(self, alone: Sending, now: float) -> None:
        """The item that had its links to itself gets company."""
        self._tell_alone(alone, now)
        phase = phase_time(alone.flows, self._topology)
        drain = phase.drain_s[alone.unfold()]
        past = now - alone.start_s
        alone.left = alone.left * np.maximum(1.0 - past / drain, 0.0)
        if (drain <= past).any():
            rows = alone.arrive(drain <= past, now)
            alone.finish_s[rows] = phase.finish_s[rows]

    def _share_out(self, crowd: Crowd) -> None:
        """Find the rates of a crowd and its next drain."""
        crowd.known = True
        crowd.share = None
        first = crowd.sending[0]
        if len(crowd.sending) == 1 and first.rows is None:
            drain = phase_time(first.flows, self._topology).drain_s
            crowd.next_s = first.start_s + float(drain.max())
            return
        for sent in crowd.sending:
            sent.unfold()
        key = tuple(part for sent in crowd.sending for part in (sent.flows.claim, sent.state))
        share = self._shares.get(key)
        if share is None:
            if len(self._shares) >= MOST_SHARES:
                self._shares.clear()
                self._joined.clear()
            together = self._together(crowd.sending)
            share = _shared(crowd.sending, together, self._topology, self._observe is not None)
            self._shares[key] = share
        crowd.share = share
        crowd.left_s = np.concatenate([sent.left for sent in crowd.sending]) / share.rate
        crowd.next_s = crowd.since_s + float(crowd.left_s.min())

    def _together(self, sending: Sequence[Sending]) -> Flows:
        """The flows of all senders as one set, whatever is left of them."""
        key = tuple(sent.flows.claim for sent in sending)
        if key not in self._joined:
            self._joined[key] = join_flows([sent.flows for sent in sending])
        return self._joined[key]

    def _tell_alone(self, alone: Sending, now: float) -> None:
        """Tell the observer how an item alone has loaded its links until now."""
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


def _parts(sending: Sequence[Sending]) -> list[tuple[list[Sending], int]]:
    """Items split into those that share links, with their links."""
    parts: list[tuple[list[Sending], int]] = []
    for sent in sending:
        links, members = sent.flows.link_set, [sent]
        apart = []
        for part in parts:
            if part[1] & links:
                members = [*part[0], *members]
                links |= part[1]
            else:
                apart.append(part)
        parts = [*apart, (sorted(members), links)]
    return parts


def _shared(
    sending: Sequence[Sending], together: Flows, topology: Topology, observed: bool
) -> _Share:
    """The rates of all rows left of all senders, whose flows are `together`."""
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
    if observed:
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
