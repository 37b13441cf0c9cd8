"""Ways to spoil a file: odd values in odd places, and bytes changed, cut out, cut off, put in."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

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


def restructured(document: Any, rng: random.Random) -> Any:
    """The document with a few values replaced, removed, copied elsewhere or put under odd keys."""
    document = json.loads(json.dumps(document))
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
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
    return document


def garbled(text: bytes, rng: random.Random) -> bytes:
    """The text with bytes changed, cut out, cut off or put in."""
    data = bytearray(text)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
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
