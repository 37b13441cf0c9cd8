"""JSON as people read and compare it: one line for what is short, one item a line for the rest."""

from __future__ import annotations

import json
from typing import Any

WIDTH = 100


def laid_out(document: Any) -> str:
    """JSON text ending in a newline; `ValueError` where it holds NaN or an infinity.

    >>> print(laid_out({"rows": 6, "dead": [[0, 1]]}), end="")
    {
      "rows": 6,
      "dead": [[0, 1]]
    }
    """
    lines: list[str] = []
    _write(document, "", "", lines, top=True)
    return "\n".join(lines) + "\n"


def _write(
    value: Any, indent: str, lead: str, lines: list[str], top: bool = False, tail: str = ""
) -> None:
    """Append a value's lines; `lead` (its key) comes before, `tail` (a comma) behind."""
    if not isinstance(value, (dict, list, tuple)) or not value:
        lines.append(f"{indent}{lead}{_flat(value)}{tail}")
        return
    room = WIDTH - len(indent) - len(lead) - len(tail)
    if not top and _size(value, room) >= 0:
        text = _flat(value)
        if len(text) <= room:
            lines.append(f"{indent}{lead}{text}{tail}")
            return
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    lines.append(f"{indent}{lead}{opening}")
    items = list(value.items()) if isinstance(value, dict) else [(None, item) for item in value]
    for i, (key, item) in enumerate(items):
        before = "" if key is None else f"{json.dumps(key, ensure_ascii=False)}: "
        _write(item, indent + "  ", before, lines, tail="," if i + 1 < len(items) else "")
    lines.append(f"{indent}{closing}{tail}")


def _size(value: Any, room: int) -> int:
    """Room left when each item takes two characters; negative: it cannot be one line."""
    if isinstance(value, (dict, list, tuple)):
        room -= 2
        for item in value.values() if isinstance(value, dict) else value:
            room = _size(item, room - 2)
            if room < 0:
                break
        return room
    return room - (len(value) if isinstance(value, str) else 1)


def _flat(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
