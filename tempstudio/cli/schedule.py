"""The tensor-stream schedule of one group of dies."""

from __future__ import annotations

import argparse
import re
from typing import Any

from tempstudio.cli.answer import Answer
from tempstudio.cli.arguments import shown
from tempstudio.core.errors import InputError
from tempstudio.scene.format import plural

EXAMPLE = "tempstudio schedule 2x4 --dead 0,3 --dead-link 0,0-0,1"
GROUP = re.compile(r"([0-9]{1,6})[xX]([0-9]{1,6})")
DIE = re.compile(r"([0-9]{1,6}),([0-9]{1,6})")
MOST = 4096


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The rectangle and its faults."""
    parser.add_argument("group", metavar="RxC", help="rows x columns of the group")
    parser.add_argument(
        "--dead", action="append", default=[], metavar="r,c", help="a dead die (may be repeated)"
    )
    parser.add_argument(
        "--dead-link",
        action="append",
        default=[],
        metavar="r,c-r,c",
        help="a dead link between two neighbours (may be repeated)",
    )


def execute(arguments: argparse.Namespace) -> Answer:
    """The rounds; `NoPlanError` where the group has neither cycle nor path."""
    found = GROUP.fullmatch(arguments.group.strip())
    if not found or not 0 < int(found[1]) * int(found[2]) <= MOST:
        raise InputError(
            f"schedule: found {shown(arguments.group)}, allowed: ROWSxCOLUMNS of 1 to {MOST} dies"
        )
    rows, cols = int(found[1]), int(found[2])
    dead = [_die(text, "--dead", rows, cols) for text in arguments.dead]
    links = [_link(text, rows, cols) for text in arguments.dead_link]
    from tempstudio.core.streaming import schedule

    document = schedule(rows=rows, cols=cols, dead=dead, dead_links=links).to_json()
    return Answer(document, lambda: _text(document))


def _text(document: dict[str, Any]) -> str:
    order = " ".join(",".join(map(str, die)) for die in document["dies"])
    rounds, split = document["rounds"], document["split"]
    part = "half a chunk" if split == 2 else "a chunk"
    lines = [
        f"{document['orchestration']} of {plural(len(document['dies']), 'die')}: {order}",
        f"{plural(len(rounds), 'round')}, {plural(document['transfers'], 'transfer')} of {part}; "
        f"foreign chunks held: at most {document['peak_foreign_chunks']:g}, with arrivals "
        f"{document['peak_buffer_chunks']:g}",
        f"dies are numbered in this order; part p is piece p mod {split} of the chunk of die "
        f"p div {split}",
    ]
    for number, round_ in enumerate(rounds):
        compute = " ".join(f"{die}:{part}" for die, part in round_["compute"])
        moved = " ".join(f"{a}>{b}:{part}" for a, b, part in round_["transfers"])
        lines.append(f"  round {number}: compute {compute} | send {moved or 'nothing'}")
    return "\n".join(lines)


def _die(text: str, flag: str, rows: int, cols: int) -> tuple[int, int]:
    found = DIE.fullmatch(text.strip())
    if not found or int(found[1]) >= rows or int(found[2]) >= cols:
        raise InputError(
            f"{flag}: found {shown(text)}, allowed: row,column from 0,0 to {rows - 1},{cols - 1}"
        )
    return int(found[1]), int(found[2])


def _link(text: str, rows: int, cols: int) -> tuple[tuple[int, int], tuple[int, int]]:
    first, dash, second = text.partition("-")
    if not dash:
        raise InputError(f"--dead-link: found {shown(text)}, allowed: row,column-row,column")
    a, b = (_die(part, "--dead-link", rows, cols) for part in (first, second))
    if abs(a[0] - b[0]) + abs(a[1] - b[1]) != 1:
        raise InputError(f"--dead-link: found {shown(text)}, allowed: two neighbouring dies")
    return a, b
