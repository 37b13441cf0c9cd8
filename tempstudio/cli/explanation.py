"""`tempstudio run --explain` as text: where the step's time goes, and what loads a link."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tempstudio.cli.arguments import shown
from tempstudio.cli.table import table
from tempstudio.core.errors import InputError
from tempstudio.scene import format as figures

if TYPE_CHECKING:
    from tempstudio.core.run import Run

MUCH = 0.1  # of a step: worth a word


def explanation_text(document: dict[str, Any]) -> str:
    """The same as a table; shares are of the whole step."""
    rows, step_s = document["operators"], document["step_time_s"]
    kinds = list(dict.fromkeys(kind for row in rows for kind in row["exposed_s"]))
    lines = [_line(row["name"], row, kinds, step_s) for row in rows]
    if document["bubble_s"]:
        lines.append(
            ("bubble", "", *[""] * (1 + len(kinds)), _share(document["bubble_s"], step_s), "")
        )
    total = {
        "layout": "",
        "compute_s": sum(row["compute_s"] for row in rows),
        "exposed_s": {kind: sum(row["exposed_s"].get(kind, 0.0) for row in rows) for kind in kinds},
        "bubble_s": document["bubble_s"],
    }
    lines.append(_line("all", total, kinds, step_s))
    columns = ("operator", "layout", "compute", *[f"waits: {kind}" for kind in kinds])
    where = f"busiest stage {document['stage'] + 1} of {document['stages']}; " * (
        document["stages"] > 1
    )
    head = f"where the step of {figures.seconds(step_s)} goes ({where}waits: exposed communication)"
    parts = [f"{head}\n{table((*columns, 'of step', 'bound by'), lines)}"]
    if document["link"]:
        parts.append(_link_text(document["link"]))
    return "\n\n".join(parts)


def scores_advice(document: dict[str, Any], run: Run) -> str:
    """What would keep attention's scores out of memory, where they are much of the step; or ""."""
    if run.plan.job.flash_attention:
        return ""
    kinds = {op.name: op.kind for block in run.project.model.blocks for op in block.operators}
    found = [
        row
        for row in document["operators"]
        if kinds.get(row["name"]) == "attention" and row["memory_bound"]
    ]
    share = sum(row["compute_s"] for row in found) / document["step_time_s"]
    if share < MUCH:
        return ""
    names = ", ".join(row["name"] for row in found)
    return (
        f"{names}: {figures.percent(share)} of the step, bound by the memory that every score "
        "passes through; --set job.flash_attention=true keeps them on the die"
    )


def _link_text(link: dict[str, Any]) -> str:
    """What crosses a link in the step, the most first."""
    name = f"{vertex_text(link['from'])}-{vertex_text(link['to'])}"
    head = (
        f"link {name} carries {figures.byte_count(link['bytes'])} in a step, "
        f"{figures.percent(link['utilization'])} of what it could"
    )
    lines = [
        (
            use["operator"],
            use["pass"],
            f"{use['tensor']} ({use['op']})",
            figures.byte_count(use["bytes"]),
            _share(use["bytes"], link["bytes"]),
        )
        for use in link["uses"]
    ]
    return f"{head}\n{table(('operator', 'pass', 'what crosses', 'bytes', 'of link'), lines)}"


def vertex_text(vertex: list[int] | str) -> str:
    """A die or switch as `--link` takes it.

    >>> vertex_text([0, 3])
    '0,3'
    """
    return vertex if isinstance(vertex, str) else ",".join(map(str, vertex))


def link_named(text: str, document: dict[str, Any]) -> int:
    """The number of the link `0,0-0,1` of a run; `InputError` where there is none."""
    wanted = "-".join("".join(end.split()) for end in text.split("-"))
    for number, load in enumerate(document["links"]["loads"]):
        ends = f"{vertex_text(load['from'])}-{vertex_text(load['to'])}".replace(" ", "")
        if ends == wanted:
            return number
    loads = document["links"]["loads"]
    example = f"{vertex_text(loads[0]['from'])}-{vertex_text(loads[0]['to'])}" if loads else ""
    allowed = f"a live link from one die to its neighbour, as in {example}" if loads else "none"
    raise InputError(f"--link: found {shown(text)}, allowed: {allowed}")


def _line(name: str, row: dict[str, Any], kinds: Sequence[str], step_s: float) -> tuple[str, ...]:
    total = row["compute_s"] + sum(row["exposed_s"].values()) + row.get("bubble_s", 0.0)
    bound = {True: "memory", False: "arithmetic", None: ""}[row.get("memory_bound")]
    return (
        name,
        row["layout"],
        figures.seconds(row["compute_s"]),
        *[_seconds(row["exposed_s"].get(kind, 0.0)) for kind in kinds],
        _share(total, step_s),
        bound,
    )


def _seconds(value: float) -> str:
    return figures.seconds(value) if value else "-"


def _share(part: float, whole: float) -> str:
    return figures.percent(part / whole)
