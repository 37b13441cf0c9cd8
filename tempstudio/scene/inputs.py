"""What goes into a figure: the numbers of one run, by the glossary's term for the figure."""

from __future__ import annotations

from typing import Any

from tempstudio import glossary
from tempstudio.scene.format import byte_count, flop, flop_rate, joules, percent, plural, seconds


def inputs(term: str, document: dict[str, Any]) -> list[tuple[str, str]]:
    """The numbers of this run that go into a figure, as (name, value)."""
    if not document:
        return []
    job, time_s = document["job"], document["time_s"]
    memory, links = document["memory_bytes"], document["links"]
    step = [("step time", seconds(document["step_time_s"]))]
    parts = [
        (name, seconds(time_s[name])) for name in ("compute", "exposed", "bubble", "optimizer")
    ]
    whole = [*parts, *step]
    known = {
        "compute time": whole,
        "exposed communication": whole,
        "bubble": whole,
        "optimizer time": whole,
        "link utilisation": [
            ("highest over the step", percent(links["max_utilization"])),
            ("mean over the step", percent(links["mean_utilization"])),
        ],
        "step time": parts,
        "tokens per second": [
            ("global batch", f"{job['global_batch']:,} sequences"),
            ("sequence length", f"{job['seq_len']:,} tokens"),
            *step,
        ],
        "MFU": [
            ("active parameters N", f"{document['model']['active_parameters']:,}"),
            ("tokens a step T", f"{job['global_batch'] * job['seq_len']:,}"),
            ("6 N T", flop(document["flop"]["parameters"])),
            ("attention", flop(document["flop"]["attention"])),
            (
                f"peak of {plural(document['machine']['dies'], 'working die')}",
                flop_rate(document["flop"]["available"] / document["step_time_s"]),
            ),
            *step,
        ],
        "contention factor": [
            ("worst phase", links["worst_operator"] or "–"),
            ("its time", seconds(links["phase_s"])),
            ("its slowest flow alone", seconds(links["alone_s"])),
            ("highest utilisation", percent(links["max_utilization"])),
            ("mean utilisation", percent(links["mean_utilization"])),
        ],
        "bound": [
            ("least possible", byte_count(links["bound_bytes"]) if links["bound_bytes"] else "–"),
            ("busiest link, worst phase", byte_count(links["max_load_bytes"])),
        ],
        "power": [("energy of a step", joules(document["energy_j"]["total"])), *step],
        "energy": [
            (name, joules(value)) for name, value in document["energy_j"].items() if name != "total"
        ],
        "peak memory": [
            ("die", ", ".join(str(x) for x in memory["peak_die"])),
            ("at", seconds(memory["peak_time_s"])),
            ("peak", byte_count(memory["peak"])),
            ("capacity", byte_count(memory["capacity"])),
        ],
    }
    entry = glossary.find(term)
    if entry is not None and entry.term in known:
        return known[entry.term]
    if term in memory and term not in ("peak_die",):
        degrees = document["parallel"]
        shown = ", ".join(f"{key} {degrees[key]}" for key in ("pp", "dp", "sp", "tp", "stream"))
        return [
            ("at the peak", byte_count(memory[term])),
            ("parameters", f"{document['model']['parameters']:,}"),
            ("degrees", shown),
            ("zero", str(degrees["zero"])),
            *(
                (own["name"], f"tp {own['tp']}, stream {own['stream']}")
                for own in degrees.get("operators", [])
            ),
        ]
    return []
