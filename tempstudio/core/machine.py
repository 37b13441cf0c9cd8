"""The machines that a model is trained on: wafers of dies, chains of them, and GPU clusters.

A machine is a frozen description with SI values inside; `tempstudio.core.topology` derives the
links, arrays and graphs from it.  Source of the defaults: SPEC 1 (TEMP, HPCA 2026, Table I).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tempstudio.core.errors import InputError
from tempstudio.core.quantities import from_json, quantity, to_json

Coordinate = tuple[int, ...]  # (row, column), or (wafer, row, column)

MOST_DIES = 32_768


@dataclass(frozen=True)
class Die:
    """One compute die (or GPU) with its memory.

    >>> Die().hbm_bytes
    72000000000.0
    """

    flop_per_s: float = quantity(
        1.8e15,
        key="TFLOPS",
        scale=1e12,
        unit="TFLOP/s",
        minimum=1e-6,
        maximum=1e9,
        help="peak compute at 16 bit",
    )
    sram_bytes: float = quantity(
        80e6,
        key="SRAM_MB",
        scale=1e6,
        unit="MB",
        minimum=1e-3,
        maximum=1e9,
        help="on-die memory that holds tiles and stream buffers",
    )
    hbm_bytes: float = quantity(
        72e9,
        key="HBM_GB",
        scale=1e9,
        unit="GB",
        minimum=1e-6,
        maximum=1e9,
        help="memory capacity of the die",
    )
    hbm_bytes_per_s: float = quantity(
        1e12,
        key="HBM_GBps",
        scale=1e9,
        unit="GB/s",
        minimum=1e-6,
        maximum=1e9,
        help="memory bandwidth of the die",
    )
    flop_per_joule: float = quantity(
        2e12,
        key="TFLOPS_per_W",
        scale=1e12,
        unit="TFLOPS/W",
        minimum=1e-6,
        maximum=1e9,
        help="compute efficiency",
    )
    hbm_joule_per_bit: float = quantity(
        6e-12,
        key="HBM_pJ_per_bit",
        scale=1e-12,
        unit="pJ/bit",
        minimum=0,
        maximum=1e9,
        help="energy of a memory access",
    )
    idle_w: float = quantity(
        0.0,
        key="idle_W",
        unit="W",
        minimum=0,
        maximum=1e9,
        help="power drawn by a working die whatever it does",
    )
    peak_efficiency: float = quantity(
        1.0,
        key="peak_efficiency",
        minimum=1e-3,
        maximum=1.0,
        help="share of the peak that a large matrix product reaches, before tile quantisation",
    )
    tile: int = quantity(
        128,
        key="tile",
        unit="elements",
        minimum=1,
        maximum=4096,
        help="edge of the output tile that the matrix units work in",
    )


@dataclass(frozen=True)
class Link:
    """One directed die-to-die link."""

    bytes_per_s: float = quantity(
        4e12,
        key="GBps",
        scale=1e9,
        unit="GB/s",
        minimum=1e-6,
        maximum=1e9,
        help="bandwidth of one direction",
    )
    latency_s: float = quantity(
        200e-9,
        key="latency_ns",
        scale=1e-9,
        unit="ns",
        minimum=0,
        maximum=1e9,
        help="time a hop adds",
    )
    joule_per_bit: float = quantity(
        5e-12,
        key="pJ_per_bit",
        scale=1e-12,
        unit="pJ/bit",
        minimum=0,
        maximum=1e9,
        help="energy per bit and hop",
    )


@dataclass(frozen=True)
class WaferJoint:
    """What joins the last column of one wafer to the first of the next; its rows share it."""

    bytes_per_s: float = quantity(
        9e12,
        key="GBps",
        scale=1e9,
        unit="GB/s",
        minimum=1e-6,
        maximum=1e9,
        help="bandwidth of one direction, shared equally by the rows",
    )
    latency_s: float = quantity(
        1e-6,
        key="latency_ns",
        scale=1e-9,
        unit="ns",
        minimum=0,
        maximum=1e9,
        help="time a crossing adds",
    )


@dataclass(frozen=True)
class Wafer:
    """A mesh of `rows` x `cols` dies, or a chain of `wafers` such meshes, with its faults.

    Dies are numbered wafer by wafer, row by row.  `dead_dies` holds coordinates, `dead_links` pairs
    of them (both directions die), `core_yield` coordinates followed by a factor in (0, 1].

    >>> wafer = Wafer(rows=2, cols=3, dead_dies=[(0, 1)])
    >>> wafer.die_count, wafer.alive_count, wafer.coordinate(5)
    (6, 5, (1, 2))
    """

    rows: int = 6
    cols: int = 8
    wafers: int = 1
    die: Die = field(default_factory=Die)
    link: Link = field(default_factory=Link)
    between_wafers: WaferJoint = field(default_factory=WaferJoint)
    dead_dies: tuple[Coordinate, ...] = ()
    dead_links: tuple[tuple[Coordinate, Coordinate], ...] = ()
    core_yield: tuple[tuple[float, ...], ...] = ()

    kind = "wafer"

    def __post_init__(self) -> None:
        for name, most in (("rows", 1024), ("cols", 1024), ("wafers", 64)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
                raise InputError(f"machine.{name}: found {value!r}, allowed: 1 to {most}")
        if self.die_count > MOST_DIES:
            raise InputError(f"machine: {self.die_count} dies, allowed: at most {MOST_DIES}")
        dead = tuple(sorted({self._check(die, "dead_dies") for die in self.dead_dies}))
        links = tuple(sorted({self._check_link(link) for link in self.dead_links}))
        yields = tuple(sorted({self._check_yield(item) for item in self.core_yield}))
        if len({item[:-1] for item in yields}) != len(yields):
            raise InputError("machine.core_yield: a die is listed twice with different yields")
        object.__setattr__(self, "dead_dies", dead)
        object.__setattr__(self, "dead_links", links)
        object.__setattr__(self, "core_yield", tuple(item for item in yields if item[-1] != 1.0))

    @property
    def die_count(self) -> int:
        """All dies, dead ones included."""
        return self.rows * self.cols * self.wafers

    @property
    def alive_count(self) -> int:
        """Dies that work."""
        return self.die_count - len(self.dead_dies)

    @cached_property
    def dead_ids(self) -> frozenset[int]:
        """Numbers of the dead dies."""
        return frozenset(self.die_id(die) for die in self.dead_dies)

    @cached_property
    def alive_ids(self) -> tuple[int, ...]:
        """Numbers of the working dies, ascending."""
        return tuple(i for i in range(self.die_count) if i not in self.dead_ids)

    def coordinate(self, die_id: int) -> Coordinate:
        """(row, column) of a die number, or (wafer, row, column) where there are several wafers."""
        wafer, rest = divmod(die_id, self.rows * self.cols)
        place = divmod(rest, self.cols)
        return place if self.wafers == 1 else (wafer, *place)

    def die_id(self, coordinate: Coordinate) -> int:
        """The die number of a coordinate."""
        wafer, row, col = (0, *coordinate) if len(coordinate) == 2 else coordinate
        return (wafer * self.rows + row) * self.cols + col

    def _check(self, value: Any, where: str) -> Coordinate:
        sizes = (self.rows, self.cols) if self.wafers == 1 else (self.wafers, self.rows, self.cols)
        try:
            place = tuple(value)
        except TypeError:
            place = ()
        whole = all(isinstance(x, int) and not isinstance(x, bool) for x in place)
        if self.wafers == 1 and len(place) == 3 and whole and place[0] == 0:
            place = place[1:]
        inside = len(place) == len(sizes) and whole
        if not inside or not all(0 <= x < size for x, size in zip(place, sizes, strict=True)):
            form = "[row, column]" if self.wafers == 1 else "[wafer, row, column]"
            limits = " x ".join(str(size) for size in sizes)
            raise InputError(
                f"machine.{where}: found {_text(value)}, allowed: {form} inside {limits}"
            )
        return place

    def _check_link(self, value: Any) -> tuple[Coordinate, Coordinate]:
        try:
            first, second = value
        except (TypeError, ValueError):
            raise InputError(
                f"machine.dead_links: found {_text(value)}, allowed: a pair of neighbouring dies"
            ) from None
        pair = sorted((self._check(first, "dead_links"), self._check(second, "dead_links")))
        if not self.neighbours(pair[0], pair[1]):
            raise InputError(
                f"machine.dead_links: {_text(list(pair[0]))} and {_text(list(pair[1]))} "
                "are not neighbours"
            )
        return pair[0], pair[1]

    def _check_yield(self, value: Any) -> tuple[float, ...]:
        try:
            *place, factor = value
        except (TypeError, ValueError):
            place, factor = [], None
        number = isinstance(factor, (int, float)) and not isinstance(factor, bool)
        if not number or not 0 < factor <= 1:
            raise InputError(
                f"machine.core_yield: found {_text(value)}, allowed: a die and a factor in (0, 1]"
            )
        return (*self._check(place, "core_yield"), float(factor))

    def neighbours(self, first: Coordinate, second: Coordinate) -> bool:
        """Whether a link of the mesh (or of the chain) joins two coordinates, dead or alive."""
        a, b = self.chain_place(first), self.chain_place(second)
        return abs(a[0] - b[0]) + abs(a[1] - b[1]) == 1

    def chain_place(self, coordinate: Coordinate) -> tuple[int, int]:
        """(row, column) on the chain drawn as one mesh of rows x (wafers x cols)."""
        wafer, row, col = (0, *coordinate) if len(coordinate) == 2 else coordinate
        return row, wafer * self.cols + col


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
                raise InputError(f"machine.{name}: found {value!r}, allowed: 1 to {MOST_DIES}")
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


Machine = Wafer | Cluster


def machine_to_json(machine: Machine) -> dict[str, Any]:
    """MACHINE of SURFACE.md: every key, units in the keys."""
    if isinstance(machine, Cluster):
        return {
            "kind": "cluster",
            "nodes": machine.nodes,
            "devices_per_node": machine.devices_per_node,
            "device": to_json(machine.device),
            "intra": to_json(machine.intra),
            "inter": to_json(machine.inter),
        }
    return {
        "kind": "wafer",
        "rows": machine.rows,
        "cols": machine.cols,
        "wafers": machine.wafers,
        "die": to_json(machine.die),
        "link": to_json(machine.link),
        "between_wafers": to_json(machine.between_wafers),
        "dead_dies": [list(die) for die in machine.dead_dies],
        "dead_links": [[list(a), list(b)] for a, b in machine.dead_links],
        "core_yield": [[*map(int, item[:-1]), item[-1]] for item in machine.core_yield],
    }


def machine_from_json(document: Any, where: str = "machine") -> Machine:
    """A machine from its MACHINE document; `InputError` names the key that is wrong."""
    if not isinstance(document, dict):
        raise InputError(f"{where}: found {_text(document)}, expected an object")
    kind = document.get("kind", "wafer")
    if kind == "cluster":
        counts = {key: document[key] for key in ("nodes", "devices_per_node") if key in document}
        parts: dict[str, Any] = {
            key: from_json(Die if key == "device" else Link, document[key], f"{where}.{key}")
            for key in ("device", "intra", "inter")
            if key in document
        }
        return Cluster(**counts, **parts)
    if kind != "wafer":
        raise InputError(f"{where}.kind: found {_text(kind)}, allowed: wafer, cluster")
    counts = {key: document[key] for key in ("rows", "cols", "wafers") if key in document}
    kinds = {"die": Die, "link": Link, "between_wafers": WaferJoint}
    parts = {
        key: from_json(kind_of, document[key], f"{where}.{key}")
        for key, kind_of in kinds.items()
        if key in document
    }
    faults = {
        key: _tuples(document[key], f"{where}.{key}")
        for key in ("dead_dies", "dead_links", "core_yield")
        if key in document
    }
    return Wafer(**counts, **parts, **faults)


def _tuples(value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise InputError(f"{where}: found {_text(value)}, expected a list")
    return tuple(value)


def _text(value: Any) -> str:
    text = repr(
        list(value) if isinstance(value, Iterable) and not isinstance(value, (str, dict)) else value
    )
    return text if len(text) <= 60 else text[:57] + "..."
