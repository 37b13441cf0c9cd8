"""A cluster of GPUs on switches: what wafers are held against."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from tempstudio.core.device import Die, Link
from tempstudio.core.errors import InputError
from tempstudio.core.quantities import short_text
from tempstudio.core.wafer import MOST_DIES, Coordinate


@dataclass(frozen=True)
class Cluster:
    """Nodes of GPUs on a non-blocking switch each, joined by a second, slower switch.

    `intra` and `inter` are what one device has to its node's switch and to the second switch.

    >>> Cluster(nodes=4, devices_per_node=8).die_count
    32
    """

    nodes: int = 1
    devices_per_node: int = 8
    device: Die = field(default_factory=Die)
    intra: Link = field(default_factory=Link)
    inter: Link = field(default_factory=Link)

    kind = "cluster"
    wafers = 1
    dead_dies: tuple[Coordinate, ...] = field(default=(), init=False)
    dead_links: tuple[tuple[Coordinate, Coordinate], ...] = field(default=(), init=False)
    core_yield: tuple[tuple[float, ...], ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        for name in ("nodes", "devices_per_node"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_DIES:
                found = short_text(value)
                raise InputError(f"machine.{name}: found {found}, allowed: 1 to {MOST_DIES}")
        if self.die_count > MOST_DIES:
            raise InputError(f"machine: {self.die_count} devices, allowed: at most {MOST_DIES}")

    @property
    def die(self) -> Die:
        """The device, under the name that the layers above the network use."""
        return self.device

    @property
    def rows(self) -> int:
        """Nodes, as the rows of the drawing."""
        return self.nodes

    @property
    def cols(self) -> int:
        """Devices of a node, as the columns of the drawing."""
        return self.devices_per_node

    @property
    def die_count(self) -> int:
        """All devices."""
        return self.nodes * self.devices_per_node

    @property
    def alive_count(self) -> int:
        """All devices: a cluster has no faults."""
        return self.die_count

    @property
    def dead_ids(self) -> frozenset[int]:
        """No device is dead."""
        return frozenset()

    @cached_property
    def alive_ids(self) -> tuple[int, ...]:
        """All device numbers."""
        return tuple(range(self.die_count))

    def coordinate(self, die_id: int) -> Coordinate:
        """(node, device in the node)."""
        return divmod(die_id, self.devices_per_node)

    def die_id(self, coordinate: Coordinate) -> int:
        """The device number of (node, device in the node)."""
        return coordinate[0] * self.devices_per_node + coordinate[1]
