"""What the compiled loops work on: flows, their routes, the links' prices, room to work in."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]


class Flows(NamedTuple):
    """What is to be routed: flow f sends `amount[f]` from `source[f]` to each of its targets.

    Its targets are `target[first[f] : first[f + 1]]`, `hops` [targets] away on shortest live paths,
    nearest first.
    """

    source: Ints
    first: NDArray[np.int64]
    target: Ints
    hops: Ints
    amount: Floats


class Slots(NamedTuple):
    """The routes under work: each flow has as many slots, each for one path or tree of links.

    Slot k of flow f holds `pool[start[f] + k * stride[f] :][: length[f, k]]`, carries
    `amount[f, k]` (0: free), and `key[f, k]` tells its set of links from others'.  The last slot
    is where a route waits that can only replace another one whole.
    """

    start: NDArray[np.int64]
    stride: NDArray[np.int64]
    pool: Ints
    length: Ints
    amount: Floats
    key: NDArray[np.uint64]


class Prices(NamedTuple):
    """Load and price of each link [links]; price = hop + G/c exp(beta (load/(c limit) - 1)).

    It is the gradient of  sum_e hop load_e + G limit/beta exp(beta (load_e/(c_e limit) - 1)).
    `law` holds hop, G, beta, limit; `steep` [links] is the second term alone.
    """

    load: Floats
    price: Floats
    steep: Floats
    law: Floats


class Scratch(NamedTuple):
    """Room to work in, allotted once."""

    distance: Ints  # [vertices], -1 outside the ball
    order: Ints  # [vertices], the ball by rising distance
    cost: Floats  # [away + 1, vertices]
    floor: Floats  # [vertices]: least cost with fewer steps away
    last: Ints  # [away + 1, vertices]: link by which the cheapest path comes
    path: Ints  # the route found
    mark: Ints  # [links], 0 between uses
    depth: Ints  # [vertices], -1 outside the tree
    above: Ints  # [vertices]: link by which the tree enters a vertex
