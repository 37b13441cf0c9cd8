"""Nothing a project, machine or graph file can contain breaks the program.

Run as a script it tries one shard: `python test_fuzz.py SEED COUNT`.
"""

from __future__ import annotations

import copy
import json
import os
import random
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tempstudio.core.errors import InputError
from tempstudio.core.json_text import parse
from tempstudio.core.machine import machine_from_json, machine_to_json
from tempstudio.core.workload import workload_to_json
from tempstudio.core.workload_json import workload_from_json
from tempstudio.storage import project_from_document, project_to_document
from tempstudio.storage.json_layout import laid_out

HERE = Path(__file__).resolve().parent
FILES = [HERE / "golden" / "v1-full.tempstudio", HERE / "golden" / "v1-cluster.tempstudio"]
ODD: list[Any] = [
    None, True, False, 0, -1, 1, 2, 0.5, -0.0, 1e308, 5e-324, 10**18, 10**99, -(10**99), "", "x",
    "\u0000", "\u202e", "a" * 5000, "0", "nan", [], {}, [[]], [None], {"": None}, [1, 2, 3],
    [[0, 1]], [[0, 1], [0, 2]], [[[0, 0], [0, 1]]], {"name": "x"}, [0.5, 0.5, 0.5],
    list(range(3000)),
]  # fmt: skip
SPLICES = [
    b"NaN", b"Infinity", b"1e999", b"\xff", b"\x00", b"\\ud800", b"{", b"[", b'"', b",", b"9" * 200,
    b"[" * 2000, b'{"a":' * 500, b"\xef\xbb\xbf", b"-", b"//", b"1e-999", b"true",
]  # fmt: skip


def places(document: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) inside a document."""
    found: list[tuple[Any, Any]] = []
    stack = [document]
    while stack:
        node = stack.pop()
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        for key in keys:
            found.append((node, key))
            if isinstance(node[key], (dict, list)):
                stack.append(node[key])
    return found


def restructured(document: Any, rng: random.Random) -> bytes:
    """The document with a few values replaced, removed, copied elsewhere or put under odd keys."""
    document = json.loads(json.dumps(document))
    for _ in range(rng.randint(1, 4)):
        every = places(document)
        if not every:
            break
        container, key = rng.choice(every)
        turn = rng.random()
        if turn < 0.6:
            container[key] = copy.deepcopy(rng.choice(ODD))
        elif turn < 0.75:
            del container[key]
        elif turn < 0.9:
            other, other_key = rng.choice(every)
            container[key] = json.loads(json.dumps(other[other_key]))
        elif isinstance(container, dict):
            container[str(rng.choice(ODD))[:50]] = copy.deepcopy(rng.choice(ODD))
        else:
            container.extend(copy.deepcopy(container[:50]))
    return json.dumps(document).encode()


def garbled(text: bytes, rng: random.Random) -> bytes:
    """The text with bytes changed, cut out, cut off or put in."""
    data = bytearray(text)
    for _ in range(rng.randint(1, 5)):
        at = rng.randrange(len(data) + 1)
        turn = rng.random()
        if turn < 0.3 and at < len(data):
            data[at] = rng.randrange(256)
        elif turn < 0.5:
            data[at:at] = rng.choice(SPLICES)
        elif turn < 0.7:
            del data[at : at + rng.randint(1, 30)]
        elif turn < 0.8:
            del data[at:]
        else:
            start = rng.randrange(len(data) + 1)
            data[at:at] = data[start : start + rng.randint(1, 200)]
    return bytes(data)


def read_project(content: bytes) -> None:
    project = project_from_document(parse(content, "file"), "file")
    again = project_from_document(json.loads(laid_out(project_to_document(project))))
    assert again.fingerprint == project.fingerprint
    assert hash(project) is not None


def read_machine(content: bytes) -> None:
    project = {**json.loads(FILES[0].read_text()), "machine": parse(content, "file")}
    machine = project_from_document(project).machine
    assert machine_to_json(machine_from_json(machine_to_json(machine))) == machine_to_json(machine)


def read_graph(content: bytes) -> None:
    workload = workload_from_json(parse(content, "file"))
    assert workload_from_json(workload_to_json(workload)) == workload


def cases(seed: int, count: int) -> tuple[int, int, float]:
    """Try so many broken files: (accepted, refused, longest seconds).  Anything else raises."""
    rng = random.Random(seed)
    originals = [json.loads(path.read_text()) for path in FILES]
    accepted = refused = 0
    longest_s = 0.0
    for number in range(count):
        document = rng.choice(originals)
        reader, part = rng.choice(
            [
                (read_project, document),
                (read_machine, document["machine"]),
                (read_graph, document["model"]),
            ]
        )
        spoil = rng.random() < 0.6
        content = restructured(part, rng) if spoil else garbled(json.dumps(part).encode(), rng)
        started = time.perf_counter()
        try:
            reader(content)
            accepted += 1
        except InputError as error:
            refused += 1
            line = str(error)
            if "\n" in line or "\r" in line or len(line) > 500:
                raise AssertionError(
                    f"seed {seed}, case {number}: not one line: {line!r}"
                ) from None
        except Exception as error:
            raise AssertionError(f"seed {seed}, case {number}: {content[:2000]!r}") from error
        longest_s = max(longest_s, time.perf_counter() - started)
    return accepted, refused, longest_s


def test_a_few_hundred_broken_files() -> None:
    accepted, refused, _ = cases(seed=20260101, count=400)
    assert accepted + refused == 400
    assert accepted > 20 and refused > 100  # the mutations are neither harmless nor hopeless


@pytest.mark.fuzz
@pytest.mark.timeout(3600)
def test_forty_thousand_broken_files() -> None:
    cores = os.cpu_count() or 1
    shards = [
        subprocess.Popen(
            [sys.executable, __file__, str(seed), str(40_000 // cores + 1)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in range(cores)
    ]
    rows = []
    for shard in shards:
        out, err = shard.communicate()
        assert shard.returncode == 0, err
        rows.append([float(x) for x in out.split()])
    accepted, refused = (int(sum(column)) for column in list(zip(*rows, strict=True))[:2])
    longest_s, most_mb = max(row[2] for row in rows), max(row[3] for row in rows)
    print(
        f"fuzz, projects, machines and graphs: {accepted + refused} files, {accepted} accepted, "
        f"{refused} refused in one line; longest {longest_s:.2f} s, most memory {most_mb:.0f} MB"
    )
    assert longest_s < 2.0 and most_mb < 500


if __name__ == "__main__":
    figures = cases(int(sys.argv[1]), int(sys.argv[2]))
    print(*figures, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)
