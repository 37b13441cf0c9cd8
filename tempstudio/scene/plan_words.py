"""A plan in words: its degrees, its groups, who made it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tempstudio.scene.format import plural

MOST_IDLE = 6  # idle dies that are named one by one


def degrees_words(parallel: dict[str, Any]) -> str:
    """The axes that split anything, as the field writes them.

    >>> degrees_words({"pp": 1, "dp": 3, "stream": 16, "zero": 1})
    'dp 3 · stream 16 · ZeRO-1'
    >>> own = {"name": "mlp.down", "tp": 2, "stream": 8, "layout": "weight"}
    >>> degrees_words({"stream": 16, "operators": [own]})
    'stream 16 · down: tp 2, stream 8, weight travels'
    """
    shown = [
        f"ZeRO-{value}" if name == "zero" else f"{name} {value}"
        for name, value in parallel.items()
        if _splits(name, value)
    ]
    for operator in parallel.get("operators", ()):
        shown.append(_operator_words(operator, parallel))
    return " · ".join(shown) or "one die"


def _operator_words(operator: dict[str, Any], parallel: dict[str, Any]) -> str:
    """What an operator has otherwise than the rest."""
    own = [f"{axis} {operator[axis]}" for axis in ("tp", "stream")
           if operator[axis] != parallel.get(axis, 1)]  # fmt: skip
    if operator.get("layout"):
        own.append(f"{operator['layout']} travels")
    return f"{operator['name'].rpartition('.')[2]}: {', '.join(own) or 'as the rest'}"


def _splits(name: str, value: Any) -> bool:
    return isinstance(value, int) and (value > 0 if name == "zero" else value > 1)


def genome_words(genome: dict[str, Any]) -> str:
    """Degrees, and what else of a plan the solver chose."""
    parts = [degrees_words(genome["parallel"])]
    if genome.get("recompute"):
        parts.append(f"recompute {genome['recompute']}")
    if genome.get("micro_batch"):
        parts.append(f"micro-batch {genome['micro_batch']}")
    if genome.get("placement") is not None:
        parts.append("placement {}.{}".format(*genome["placement"]))
    return " · ".join(parts)


def plan_lines(document: dict[str, Any], searched: bool) -> list[str]:
    """What a run document (docs/json.md) says of its plan; `searched`: a solver chose it."""
    job, made = document["job"], document["strategy"]
    lines = [f"Plan: {degrees_words(document['parallel'])}"]
    lines += [f"{text[:1].upper()}{text[1:]}" for text in stream_groups(document["groups"])]
    batches = job.get("micro_batches")
    if batches:
        noun = "micro-batch" if batches == 1 else "micro-batches"
        text = f"{batches:,} {noun} of {micro_batch_of(document)}"
        if job["recompute"] != "none":
            text += f", recompute {job['recompute']}"
        lines.append(text)
    if document["idle"]:
        lines.append(_idle_words(document["idle"]))
    solver = f", found by {made['solver']}" if searched else "; Run searches for a better one"
    lines.append(f"By {made['partitioner']} and {made['mapper']}{solver}")
    return lines


def micro_batch_of(document: dict[str, Any]) -> int:
    """Sequences that a replica works on at once: at most its share of the batch.

    >>> micro_batch_of({"job": {"global_batch": 8, "micro_batch": 500}, "parallel": {"dp": 3}})
    3
    """
    job = document["job"]
    share = -(-job["global_batch"] // document["parallel"]["dp"])
    return min(int(job["micro_batch"]), int(share))


def stream_groups(groups: list[dict[str, Any]]) -> list[str]:
    """How many groups stream, of how many dies, along what.

    >>> ring = {"axis": "stream", "dies": [[0, 0], [0, 1]], "schedule": {"orchestration": "ring"}}
    >>> stream_groups([ring, ring])
    ['2 groups stream on rings of 2 dies']
    """
    kinds = Counter(
        (group["schedule"]["orchestration"], len(group["dies"]))
        for group in groups
        if group["axis"] == "stream" and group.get("schedule")
    )
    found = []
    for (orchestration, size), many in kinds.items():
        way = "a ring" if orchestration == "ring" else "a path"
        if many > 1:
            way = "rings" if orchestration == "ring" else "paths"
        verb = "group streams" if many == 1 else "groups stream"
        found.append(f"{many:,} {verb} on {way} of {plural(size, 'die')}")
    return found


def _idle_words(idle: list[list[int]]) -> str:
    named = "  ".join(",".join(map(str, die)) for die in idle[:MOST_IDLE])
    more = f" and {len(idle) - MOST_IDLE} more" if len(idle) > MOST_IDLE else ""
    return f"Idle: {named}{more}"
