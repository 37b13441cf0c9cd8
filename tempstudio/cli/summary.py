"""A run's document as a person reads it."""

from __future__ import annotations

from typing import Any

from tempstudio.scene import format as figures
from tempstudio.scene.plan_words import micro_batch_of

KINDS = (
    "weights",
    "gradients",
    "optimizer",
    "activations",
    "stream_buffers",
    "collective_buffers",
)
MOST_LISTED = 12


def summary(run: dict[str, Any]) -> str:
    """Machine, strategy, degrees, and the figures that matter."""
    model, memory, time_s = run["model"], run["memory_bytes"], run["time_s"]
    active = (
        ""
        if model["parameters"] == model["active_parameters"]
        else (f", {model['active_parameters']:,} of them active")
    )
    rows = [
        ("model", f"{model['name']}, {model['parameters']:,} parameters{active}"),
        ("machine", machine_text(run["machine"])),
        ("job", job_text(run)),
        ("strategy", "{partitioner} + {mapper} + {solver}".format(**run["strategy"])),
        ("degrees", degrees_text(run["parallel"])),
        ("step time", figures.seconds(run["step_time_s"])),
        ("  of which", _parts(time_s, ("compute", "exposed", "bubble", "optimizer"))),
        ("throughput", figures.si(run["tokens_per_s"], "tokens/s")),
        ("MFU", figures.percent(run["mfu"])),
        ("memory", _memory(memory, run["fits"])),
        ("  of which", ", ".join(
            f"{kind.replace('_', ' ')} {figures.byte_count(memory[kind])}"
            for kind in KINDS
            if memory[kind]
        )),
        ("links", _links(run["links"], time_s)),
        (
            "power",
            f"{figures.watts(run['power_w'])} ({figures.joules(run['energy_j']['total'])} a step)",
        ),
        ("search", _search(run["search"])),
    ]  # fmt: skip
    if run["idle"]:
        rows.append(("idle dies", dies_text(run["idle"])))
    rows += [("note", note) for note in run.get("notes", ())]
    return "\n".join(f"{name:<12}{text}" for name, text in rows)


def machine_text(machine: dict[str, Any]) -> str:
    """`6 x 8 wafer, 48 working dies`."""
    mesh = f"{machine['rows']} x {machine['cols']}"
    if machine["kind"] == "cluster":
        return f"{mesh} cluster, {figures.plural(machine['dies'], 'device')}"
    chain = f"{machine['wafers']} wafers of {mesh}" if machine["wafers"] > 1 else f"{mesh} wafer"
    dead = f", {len(machine['dead'])} dead" if machine["dead"] else ""
    return f"{chain}, {figures.plural(machine['dies'], 'working die')}{dead}"


def job_text(run: dict[str, Any]) -> str:
    """Batch, sequence, micro-batches, and recomputation where there is some."""
    job = run["job"]
    text = (
        f"{figures.plural(job['global_batch'], 'sequence')} of "
        f"{figures.plural(job['seq_len'], 'token')}"
    )
    if "micro_batches" in job:
        ending = "" if job["micro_batches"] == 1 else "es"
        size = micro_batch_of(run)
        text += f", {job['micro_batches']} micro-batch{ending} of {size} a replica"
    return text + ("" if job["recompute"] == "none" else f", {job['recompute']} recomputation")


def degrees_text(degrees: dict[str, Any]) -> str:
    """Degrees above 1, then ZeRO, then operators that have their own.

    >>> degrees_text({"pp": 1, "dp": 6, "stream": 8, "zero": 1})
    'dp 6 x stream 8 x ZeRO-1'
    """
    own = degrees.get("operators", [])
    sizes = {key: value for key, value in degrees.items() if key not in ("zero", "operators")}
    shown = [f"{key} {value}" for key, value in sizes.items() if value > 1]
    if degrees["zero"]:
        shown.append(f"ZeRO-{degrees['zero']}")
    text = " x ".join(shown) or "one die"
    return text + "".join(f"; {_operator_text(operator)}" for operator in own)


def _operator_text(own: dict[str, Any]) -> str:
    layout = f" by {own['layout']}" if own["layout"] else ""
    return f"{own['name']} tp {own['tp']} x stream {own['stream']}{layout}"


def dies_text(dies: list[list[int]]) -> str:
    """Dies by their coordinates, the first dozen of many.

    >>> dies_text([[0, 1], [2, 3]])
    '2: 0,1 2,3'
    """
    listed = " ".join(",".join(map(str, die)) for die in dies[:MOST_LISTED])
    more = f" and {len(dies) - MOST_LISTED} more" if len(dies) > MOST_LISTED else ""
    return f"{len(dies)}: {listed}{more}"


def misfit(run: dict[str, Any]) -> str:
    """Which die runs out of memory, when, of what, and by how much."""
    memory = run["memory_bytes"]
    most = max(KINDS, key=lambda kind: memory[kind])
    over = memory["peak"] - memory["capacity"]
    die = ",".join(map(str, memory["peak_die"]))
    return (
        f"does not fit: die {die} needs {figures.byte_count(memory['peak'])} of "
        f"{figures.byte_count(memory['capacity'])} at {figures.seconds(memory['peak_time_s'])}, "
        f"{figures.byte_count(over)} too much; most of it is {most.replace('_', ' ')} "
        f"({figures.byte_count(memory[most])})"
    )


def _parts(time_s: dict[str, float], keys: tuple[str, ...]) -> str:
    least = 1e-6 * sum(time_s[key] for key in keys)  # less than that is nothing to a reader
    return ", ".join(f"{key} {figures.seconds(time_s[key])}" for key in keys if time_s[key] > least)


def _memory(memory: dict[str, Any], fits: bool) -> str:
    text = f"{figures.byte_count(memory['peak'])} of {figures.byte_count(memory['capacity'])}"
    place = ",".join(map(str, memory["peak_die"]))
    ending = "" if fits else "  DOES NOT FIT"
    return f"{text} on die {place} at {figures.seconds(memory['peak_time_s'])}{ending}"


def _links(links: dict[str, Any], time_s: dict[str, float]) -> str:
    """How busy they are; the contention factor is that of the worst phase."""
    text = f"busiest {figures.percent(links['max_utilization'])} used"
    if not time_s["communication"]:
        return text
    worst = links.get("worst_operator")
    place = f" in {worst}" if worst else ""
    return (
        f"{text}, {figures.seconds(time_s['communication'])} of communication, "
        f"contention factor {figures.digits(links['contention_factor'])}{place}"
    )


def _search(search: dict[str, Any]) -> str:
    return (
        f"{figures.plural(search['evaluations'], 'plan')} scored in "
        f"{figures.seconds(search['wall_s'])}, seed {search['seed']}"
    )
