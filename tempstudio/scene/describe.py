"""Dies and links in words: for tooltips, the status bar and screen readers."""

from __future__ import annotations

from tempstudio.core.machine import Cluster, Machine
from tempstudio.core.partition import ROLES
from tempstudio.core.timeline import MEMORY_KINDS, Frame, Timeline
from tempstudio.core.topology import topology_of
from tempstudio.scene.format import byte_count, byte_rate, percent, plural

KIND_TITLES = {
    "weights": "Weights",
    "gradients": "Gradients",
    "optimizer": "Optimizer states",
    "activations": "Activations",
    "stream_buffers": "Stream buffers",
    "collective_buffers": "Collective buffers",
}


def die_name(machine: Machine, die: int) -> str:
    """The coordinate of a die as everybody writes it.

    >>> from tempstudio.core.machine import Wafer
    >>> die_name(Wafer(rows=2, cols=3), 5), die_name(Wafer(rows=2, cols=3, wafers=2), 6)
    ('1,2', '0,0 of wafer 1')
    """
    place = machine.coordinate(die)
    name = f"{place[-2]},{place[-1]}"
    return name if len(place) == 2 else f"{name} of wafer {place[0]}"


def vertex_name(machine: Machine, vertex: int) -> str:
    """A die, or a switch of a cluster."""
    if vertex < machine.die_count:
        noun = "device" if isinstance(machine, Cluster) else "die"
        return f"{noun} {die_name(machine, vertex)}"
    switch = vertex - machine.die_count
    return f"switch of node {switch}" if switch < machine.rows else "spine switch"


def machine_name(machine: Machine) -> str:
    """What a machine is, in a few words.

    >>> from tempstudio.core.machine import Wafer
    >>> machine_name(Wafer(rows=6, cols=8, dead_dies=[(1, 1)]))
    'Wafer of 6 by 8 dies, 1 dead die'
    """
    if isinstance(machine, Cluster):
        return f"Cluster of {plural(machine.nodes, 'node')} of {machine.devices_per_node} devices"
    what = "Wafer" if machine.wafers == 1 else f"Chain of {machine.wafers} wafers"
    text = f"{what} of {machine.rows} by {machine.cols} dies"
    if machine.dead_ids:
        text += f", {plural(len(machine.dead_ids), 'dead die')}"
    if machine.dead_links:
        text += f", {plural(len(machine.dead_links), 'dead link')}"
    return text


def die_text(
    machine: Machine, die: int, timeline: Timeline | None = None, frame: Frame | None = None
) -> str:
    """One line on a die: name, faults, memory in use, and what it computes."""
    name = vertex_name(machine, die)
    text = name[:1].upper() + name[1:]
    if die in machine.dead_ids:
        return f"{text}: dead"
    parts = []
    factor = float(topology_of(machine).die_yield[die])
    if factor < 1:
        parts.append(f"{percent(factor)} of its cores work")
    if timeline is None or frame is None:
        parts.append(f"{byte_count(machine.die.hbm_bytes)} of memory")
        return f"{text}: {', '.join(parts)}"
    if timeline.stage_of_die[die] < 0:
        return f"{text}: {', '.join(['idle', *parts])}"
    used = float(frame.memory[:, die].sum())
    share = used / timeline.capacity_bytes
    full = ", too much" if share > 1 else ""
    parts.insert(0, f"{byte_count(used)} of {byte_count(timeline.capacity_bytes)} in use "
                    f"({percent(share)}{full})")  # fmt: skip
    number = int(frame.computing[die])
    if number >= 0:
        parts.append(f"computes {timeline.phases[number].operator}")
    return f"{text}: {', '.join(parts)}"


def memory_lines(timeline: Timeline, frame: Frame, die: int) -> tuple[str, ...]:
    """One line for each kind of memory that a die holds."""
    return tuple(
        f"{kind.replace('_', ' ')} {byte_count(float(used))}"
        for kind, used in zip(MEMORY_KINDS, frame.memory[:, die], strict=True)
        if used > 0
    )


def link_text(
    machine: Machine,
    link: tuple[int, int],
    timeline: Timeline | None = None,
    frame: Frame | None = None,
) -> str:
    """One line on a directed link: its ends, whether it is broken, its load and what crosses it."""
    source, target = vertex_name(machine, link[0]), vertex_name(machine, link[1])
    text = f"Link from {source} to {target}"
    topology = topology_of(machine)
    number = topology.link_ids.get(link)
    if number is None:
        dead = [end for end in link if end in machine.dead_ids]
        return f"{text}: {'leads to a dead die' if dead else 'broken'}"
    rate = byte_rate(float(topology.bytes_per_s[number]))
    if timeline is None or frame is None:
        return f"{text}: {rate}"
    load = float(frame.link_utilization[number])
    if load <= 0:
        return f"{text}: {rate}, nothing crosses it now"
    moved = byte_count(float(frame.link_bytes[number]))
    cargo = _cargo(timeline, frame, number)
    return f"{text}: {percent(load)} of {rate}, {moved} in flight: {cargo}"


def _cargo(timeline: Timeline, frame: Frame, link: int) -> str:
    """The tensors that cross a link now."""
    transfers = frame.transfers
    names: dict[str, None] = {}
    for hop, crossed in enumerate(transfers.hop_link.tolist()):
        if crossed == link:
            flow = int(transfers.hop_start.searchsorted(hop, side="right")) - 1
            phase = timeline.phases[int(transfers.phase[flow])]
            names[phase.tensor or ROLES.get(phase.role, "data")] = None
    return ", ".join(names)
