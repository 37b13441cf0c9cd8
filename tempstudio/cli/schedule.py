"""The tensor-stream schedule of one group of dies."""

from __future__ import annotations

import argparse
import re

import tempstudio
from tempstudio.cli.project_flags import MESH
from tempstudio.cli.terminal import write_json
from tempstudio.core.errors import InputError

EXAMPLE = "tempstudio schedule 2x4 --dead 0,3 --dead-link 0,0-0,1"
DIE = re.compile(r"(\d{1,4}),(\d{1,4})")
MOST = 4096


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The rectangle and its faults."""
    parser.add_argument("group", metavar="RxC", help="rows x columns of the group")
    parser.add_argument("--dead", action="append", default=[], metavar="r,c", help="a dead die")
    parser.add_argument(
        "--dead-link", action="append", default=[], metavar="r,c-r,c", help="a dead link"
    )


def execute(arguments: argparse.Namespace) -> int:
    """Print the rounds, or the document; 3 where the group has neither cycle nor path."""
    found = MESH.fullmatch(arguments.group)
    if not found or not 0 < int(found[1]) * int(found[2]) <= MOST:
        raise InputError(
            f"schedule: found {arguments.group!r}, allowed: ROWSxCOLUMNS of 1 to {MOST} dies"
        )
    rows, cols = int(found[1]), int(found[2])
    dead = [_die(text, "--dead", rows, cols) for text in arguments.dead]
    links = [_link(text, rows, cols) for text in arguments.dead_link]
    schedule = tempstudio.schedule(rows=rows, cols=cols, dead=dead, dead_links=links)
    document = schedule.to_json()
    if arguments.json:
        write_json(document)
        return 0
    order = " ".join(f"{r},{c}" for r, c in document["dies"])
    print(f"{document['orchestration']} of {len(document['dies'])} dies: {order}")
    print(
        f"{len(document['rounds'])} rounds, {document['transfers']} transfers of "
        f"1/{document['split']} chunk; at most {document['peak_foreign_chunks']} foreign chunks "
        f"held, {document['peak_buffer_chunks']} with arrivals"
    )
    for number, round_ in enumerate(document["rounds"]):
        compute = " ".join(f"{die}:{part}" for die, part in round_["compute"])
        moved = " ".join(f"{a}>{b}:{part}" for a, b, part in round_["transfers"])
        print(f"  round {number}: compute {compute} | send {moved or 'nothing'}")
    return 0


def _die(text: str, flag: str, rows: int, cols: int) -> tuple[int, int]:
    found = DIE.fullmatch(text)
    if not found or int(found[1]) >= rows or int(found[2]) >= cols:
        raise InputError(f"{flag}: found {text!r}, allowed: row,column inside {rows} x {cols}")
    return int(found[1]), int(found[2])


def _link(text: str, rows: int, cols: int) -> tuple[tuple[int, int], tuple[int, int]]:
    first, dash, second = text.partition("-")
    if not dash:
        raise InputError(f"--dead-link: found {text!r}, allowed: row,column-row,column")
    a, b = (_die(part, "--dead-link", rows, cols) for part in (first, second))
    if abs(a[0] - b[0]) + abs(a[1] - b[1]) != 1:
        raise InputError(f"--dead-link: found {text!r}, allowed: two neighbouring dies")
    return a, b
