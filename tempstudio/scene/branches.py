"""Multicasts in flight as the ways to their leaves: what is drawn of a tree."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.timeline import Transfers
from tempstudio.core.topology import Topology

IntArray = NDArray[np.int32]


def branched(transfers: Transfers, topology: Topology) -> tuple[Transfers, IntArray]:
    """(transfers over one path each, the transfer that each belongs to [paths]).

    A tree becomes a path to every leaf; on what these share they are in the same place at the same
    time, as `progress` is told along the longest and the others are there before it.
    """
    flow = np.arange(len(transfers), dtype=np.int32)
    row = np.repeat(flow, np.diff(transfers.hop_start))
    links = transfers.hop_link
    broken = topology.source[links[1:]] != topology.target[links[:-1]]
    trees = np.unique(row[1:][broken & (row[1:] == row[:-1])])
    if not len(trees):
        return transfers, flow
    flow, hop_start, hop_link = _paths(
        topology, transfers.hop_start.tobytes(), links.tobytes(), tuple(trees.tolist())
    )
    hops = np.diff(hop_start)
    longest = np.zeros(len(transfers))
    np.maximum.at(longest, flow, hops)
    ahead = longest[flow] / np.maximum(hops, 1)
    return replace(
        transfers,
        source=transfers.source[flow],
        target=transfers.target[flow],
        bytes=transfers.bytes[flow],
        progress=np.minimum(1.0, transfers.progress[flow] * ahead),
        finish_s=transfers.finish_s[flow],
        role=tuple(transfers.role[k] for k in flow.tolist()),
        phase=transfers.phase[flow],
        label=transfers.label[flow],
        hop_start=hop_start,
        hop_link=hop_link,
    ), flow


@lru_cache(maxsize=64)  # what is in flight stays so for many frames
def _paths(
    topology: Topology, starts: bytes, hops: bytes, trees: tuple[int, ...]
) -> tuple[IntArray, IntArray, IntArray]:
    """(transfer of each path, where its links begin, links of all paths)."""
    start = np.frombuffer(starts, dtype=np.int32).tolist()
    link = np.frombuffer(hops, dtype=np.int32).tolist()
    flow: list[int] = []
    paths: list[list[int]] = []
    for row in range(len(start) - 1):
        links = link[start[row] : start[row + 1]]
        ways = _to_leaves(topology, links) if row in trees else [links]
        paths += ways
        flow += [row] * len(ways)
    lengths = [len(path) for path in paths]
    return (
        np.array(flow, dtype=np.int32),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32),
        np.array([crossed for path in paths for crossed in path], dtype=np.int32),
    )


def _to_leaves(topology: Topology, links: list[int]) -> list[list[int]]:
    """The links from the root to each leaf of a tree given as links in any order."""
    tail = {link: int(topology.source[link]) for link in links}
    into = {int(topology.target[link]): link for link in links}
    paths = []
    for leaf in sorted(into.keys() - set(tail.values())):
        path, here = [], leaf
        while here in into:
            path.append(into[here])
            here = tail[into[here]]
        paths.append(path[::-1])
    return paths
