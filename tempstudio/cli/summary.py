"""A run's document as a person reads it."""

from __future__ import annotations

from typing import Any

from tempstudio.cli.terminal import table
from tempstudio.scene import format as figures

KINDS = (
    "weights",
    "gradients",
    "optimizer",
    "activations",
    "stream_buffers",
    "collective_buffers",
)


def summary(run: dict[str, Any]) -> str:
    """Machine, strategy, degrees, and the figures that matter."""
    machine, model, job = run["machine"], run["model"], run["job"]
    memory, time_s, links = run["memory_bytes"], run["time_s"], run["links"]
    kinds = ", ".join(
        f"{kind.replace('_', ' ')} {_bytes(memory[kind])}" for kind in KINDS if memory[kind]
    )
    rows = [
        ("model", f"{model['name']}, {model['parameters']:,} parameters"),
        ("machine", machine_text(machine)),
        (
            "job",
            f"{job['global_batch']} sequences of {job['seq_len']} tokens, "
            f"{job['micro_batches']} micro-batches of {job['micro_batch']} a replica",
        ),
        ("strategy", "{partitioner} + {mapper} + {solver}".format(**run["strategy"])),
        ("degrees", degrees_text(run["parallel"])),
        ("step time", figures.seconds(run["step_time_s"])),
        (
            "  of which",
            ", ".join(
                f"{key} {figures.seconds(time_s[key])}"
                for key in ("compute", "exposed", "bubble", "optimizer")
                if time_s[key]
            ),
        ),
        ("throughput", figures.si(run["tokens_per_s"], "tokens/s")),
        ("MFU", f"{100 * run['mfu']:.3g} %"),
        (
            "memory",
            f"{_bytes(memory['peak'])} of {_bytes(memory['capacity'])} on die "
            f"{memory['peak_die']}" + ("" if run["fits"] else "  DOES NOT FIT"),
        ),
        ("  of which", kinds),
        (
            "links",
            f"busiest {100 * links['max_utilization']:.3g} % used, contention factor "
            f"{links['contention_factor']:.3g}",
        ),
        (
            "power",
            f"{figures.watts(run['power_w'])} ({figures.joules(run['energy_j']['total'])} a step)",
        ),
    ]
    if run["idle"]:
        rows.append(("idle dies", ", ".join(map(str, run["idle"]))))
    rows += [("note", note) for note in run.get("notes", ())]
    return "\n".join(f"{name:<12}{text}" for name, text in rows)


def machine_text(machine: dict[str, Any]) -> str:
    """`6 x 8 wafer, 48 working dies`."""
    mesh = f"{machine['rows']} x {machine['cols']}"
    if machine["kind"] == "cluster":
        return f"{mesh} cluster, {machine['dies']} devices"
    chain = f"{machine['wafers']} wafers of {mesh}" if machine["wafers"] > 1 else f"{mesh} wafer"
    dead = f", {len(machine['dead'])} dead" if machine["dead"] else ""
    return f"{chain}, {machine['dies']} working dies{dead}"


def degrees_text(degrees: dict[str, int]) -> str:
    """Degrees above 1, then ZeRO."""
    shown = [f"{key} {value}" for key, value in degrees.items() if key != "zero" and value > 1]
    if degrees["zero"]:
        shown.append(f"ZeRO-{degrees['zero']}")
    return " x ".join(shown) or "one die"


def misfit(run: dict[str, Any]) -> str:
    """Which die runs out of memory, when, of what, and by how much."""
    memory = run["memory_bytes"]
    most = max(KINDS, key=lambda kind: memory[kind])
    over = memory["peak"] - memory["capacity"]
    return (
        f"does not fit: die {memory['peak_die']} needs {_bytes(memory['peak'])} of "
        f"{_bytes(memory['capacity'])} at {figures.seconds(memory['peak_time_s'])}, "
        f"{_bytes(over)} too much; most of it is {most.replace('_', ' ')} ({_bytes(memory[most])})"
    )


def explanation(run: dict[str, Any]) -> str:
    """Operator by operator: where the step's time goes."""
    total = run["step_time_s"]
    rows = [
        (
            row["name"],
            row["layout"],
            figures.seconds(row["compute_s"]),
            figures.seconds(row["exposed_s"]),
            f"{100 * (row['compute_s'] + row['exposed_s']) / total:.1f} %",
            "memory" if row["memory_bound"] else "arithmetic",
        )
        for row in run["per_operator"]
    ]
    return table(("operator", "layout", "compute", "exposed", "of step", "bound by"), rows)


def _bytes(amount: float) -> str:
    return figures.byte_count(amount)
