"""All-gathers whose copies are merged: every die sends its share once, over multicast trees.

Of all that a partitioned job moves, only gathers bring one tensor from one die to several at the
same time: of weights (ZeRO), of activations where norms are split, of keys and values before they
stream, of what a pipeline stage receives in parts, and in the second half of an all-reduce.
Everything else has no copies to merge.  A stream's chunk goes from neighbour to neighbour and
crosses a link again only where its schedule sends it again.  Replicas stream weights of their own.
Ranks hand over to one peer each, as all stages have the same degrees; what tensor-parallel peers
would send thrice is scattered before and gathered after.  An all-to-all's parts are all different,
and reductions run towards one die.

In rings and chains copies are merged by the members, which pass on what they receive.  Where the
members of a group are scattered that takes longer ways than trees do, whose forks may lie anywhere:
on meshes with faults often twice the bytes over the busiest link.
"""

from __future__ import annotations

import numpy as np

from tempstudio.core.flow_copies import pick_flows, scale_flows
from tempstudio.core.flows import Flows
from tempstudio.core.mapping import Mapping
from tempstudio.core.partition import Collective
from tempstudio.core.topology import IntArray

GATHER, REDUCE, SCATTER = "all-gather", "all-reduce", "reduce-scatter"
MERGED = "multicast"  # the algorithm's name


def gathered_over_trees(collective: Collective, groups: IntArray, mapping: Mapping) -> Flows | None:
    """The flows that gather a vector of one byte in all groups, or None where members pass it on.

    `groups` [groups, members]: dies.  Every die's share, 1 / members, goes to all the others of its
    group at once.  Who names an algorithm gets that.
    """
    trees = mapping.trees.get(collective.key)
    if trees is None or collective.algorithm:
        return None
    mine = np.isin(trees.source, groups)
    if not np.isin(groups, trees.source).all():
        return None
    flows = trees if mine.all() else pick_flows(trees, mine)
    return scale_flows(flows, 1.0 / groups.shape[1])
