"""Weighted max-min fair sharing of links by progressive filling.

All rates rise together in proportion to their weights until a link is full; its flows are frozen
and the rest go on (Bertsekas and Gallager, Data Networks, 6.5.2).  A link can freeze its flows as
soon as none of them meets a lower level elsewhere, whatever happens far away, so one pass freezes
many links at once and a few passes do.  Two kernels make the same sums in the same order, bit for
bit: numpy, and numba for long runs (0.5 s to import, so it is not loaded for a few calls).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int32]
BoolArray = NDArray[np.bool_]
Kernel = Callable[[IntArray, IntArray, FloatArray, FloatArray, BoolArray], FloatArray]

# Levels this close are one level: what rounding alone tells apart is frozen in one pass.
TIE = 1.0 + 1e-12

# numpy calls (of some 0.6 ms) after which importing numba has paid for itself.
PATIENCE = 1000
LONG = 2000  # hops of all flows together that make a call count once more

_choice: bool | None = None
_numpy_calls = 0


def use_numba(choice: bool | None) -> None:
    """True: numba from now on; False: never; None (the start): once it is loaded or worth loading.

    A process that must stay light (the window) says False, a worker True.
    """
    global _choice
    _choice = choice


def max_min_rates(
    hop_link: IntArray,
    hop_start: IntArray,
    weights: FloatArray,
    capacity: FloatArray,
    active: BoolArray | None = None,
) -> FloatArray:
    """Rates [flows] of flows that share links max-min fairly in proportion to their weights.

    Flow f crosses links `hop_link[hop_start[f]:hop_start[f + 1]]`; `capacity` [links] in bytes/s.
    Inactive flows and those of weight 0 get 0, flows that cross no link infinity.

    >>> import numpy as np
    >>> links, start = np.array([0, 0, 1, 1], np.int32), np.array([0, 1, 3, 4], np.int32)
    >>> max_min_rates(links, start, np.ones(3), np.array([4.0, 10.0])).tolist()
    [2.0, 2.0, 8.0]
    """
    wanted = weights > 0
    if active is not None:
        wanted &= active
    return _kernel(len(hop_link))(hop_link, hop_start, weights, capacity, wanted)


def _kernel(hops: int) -> Kernel:
    global _numpy_calls
    if _choice is False:
        return fill_with_numpy
    if _choice or "numba" in sys.modules:
        return fill_with_numba()
    _numpy_calls += 1 + hops // LONG
    return fill_with_numba() if _numpy_calls > PATIENCE else fill_with_numpy


def fill_with_numpy(
    hop_link: IntArray,
    hop_start: IntArray,
    weights: FloatArray,
    capacity: FloatArray,
    wanted: BoolArray,
) -> FloatArray:
    """The numpy kernel of `max_min_rates`."""
    hops = np.diff(hop_start)
    rates = np.where(wanted & (hops == 0), np.inf, 0.0)
    flow = np.flatnonzero(wanted & (hops > 0))
    row = np.repeat(np.arange(len(hops)), hops)
    on = wanted[row]
    link, row = hop_link[on], row[on]
    residual, floor = capacity.astype(float), np.zeros(len(capacity))
    level = np.empty(len(capacity))
    while len(flow):
        first = np.cumsum(hops[flow]) - hops[flow]
        load = np.bincount(link, weights=weights[row], minlength=len(capacity))
        level.fill(np.inf)
        np.divide(residual, load, out=level, where=load > 0)
        np.maximum(level, floor, out=level)  # levels only rise; rounding must not undo that
        floor = np.where(load > 0, level, 0.0)
        here = level[link]
        least = np.minimum.reduceat(here, first)
        low = np.repeat(least, hops[flow])
        waits = np.zeros(len(capacity), dtype=bool)
        waits[link[low * TIE < here]] = True
        frozen = np.logical_or.reduceat(~waits[link], first)
        rates[flow[frozen]] = weights[flow[frozen]] * least[frozen]
        gone = np.repeat(frozen, hops[flow])
        used = np.bincount(link[gone], weights=rates[row[gone]], minlength=len(capacity))
        residual = np.maximum(residual - used, 0.0)
        link, row, flow = link[~gone], row[~gone], flow[~frozen]
    return rates


@lru_cache(maxsize=1)
def fill_with_numba() -> Kernel:
    """The numba kernel of `max_min_rates` (compiled once, kept on disk); numpy's without numba."""
    try:
        from numba import njit
    except ImportError:
        return fill_with_numpy
    kernel: Kernel = njit(cache=True)(_fill)
    return kernel


def _fill(
    hop_link: IntArray,
    hop_start: IntArray,
    weights: FloatArray,
    capacity: FloatArray,
    wanted: BoolArray,
) -> FloatArray:
    flows, links = len(hop_start) - 1, len(capacity)
    rates = np.zeros(flows)
    left = np.empty(flows, dtype=np.int64)  # flows not frozen yet, in order
    count = 0
    for f in range(flows):
        if not wanted[f]:
            continue
        if hop_start[f] == hop_start[f + 1]:
            rates[f] = np.inf
        else:
            left[count] = f
            count += 1
    residual = capacity.astype(np.float64)
    floor, level = np.zeros(links), np.empty(links)
    load, used, least = np.empty(links), np.empty(links), np.empty(flows)
    waits = np.empty(links, dtype=np.bool_)
    while count > 0:
        load[:] = 0.0
        for i in range(count):
            f = left[i]
            for h in range(hop_start[f], hop_start[f + 1]):
                load[hop_link[h]] += weights[f]
        for x in range(links):
            level[x] = np.inf
            if load[x] > 0:
                level[x] = max(residual[x] / load[x], floor[x])
            floor[x] = level[x] if load[x] > 0 else 0.0
            waits[x] = False
            used[x] = 0.0
        for i in range(count):
            f = left[i]
            lowest = np.inf
            for h in range(hop_start[f], hop_start[f + 1]):
                lowest = min(lowest, level[hop_link[h]])
            least[i] = lowest
            for h in range(hop_start[f], hop_start[f + 1]):
                if lowest * TIE < level[hop_link[h]]:
                    waits[hop_link[h]] = True
        kept = 0
        for i in range(count):
            f = left[i]
            frozen = False
            for h in range(hop_start[f], hop_start[f + 1]):
                if not waits[hop_link[h]]:
                    frozen = True
            if not frozen:
                left[kept] = f
                kept += 1
                continue
            rates[f] = weights[f] * least[i]
            for h in range(hop_start[f], hop_start[f + 1]):
                used[hop_link[h]] += rates[f]
        for x in range(links):
            residual[x] = max(residual[x] - used[x], 0.0)
        count = kept
    return rates
