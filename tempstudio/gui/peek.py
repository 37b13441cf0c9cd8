"""The little that the first paint needs, read without numpy: settings and the mesh of a project.

Loading the types of the core takes longer than painting the window; what is read here is read again
in full a moment later, and only then believed.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST_BYTES = 4_000_000  # a larger file is not worth waiting for


@dataclass(frozen=True)
class Mesh:
    """Size and faults of a wafer, as far as they could be read."""

    rows: int
    cols: int
    wafers: int = 1
    dead: frozenset[tuple[int, ...]] = frozenset()


def settings_file() -> Path:
    """Where `tempstudio.storage.settings` keeps the user's settings."""
    if sys.platform == "linux":  # as platformdirs has it, which takes 5 ms to load
        named = os.environ.get("XDG_CONFIG_HOME", "").strip()
        return Path(named or Path.home() / ".config", "tempstudio", "settings.json")
    from platformdirs import user_config_path

    return user_config_path("tempstudio", appauthor=False) / "settings.json"


def settings_values(path: Path) -> dict[str, Any]:
    """The settings as they lie there; empty where they cannot be read."""
    return _document(path)


def mesh_of(path: Path | None) -> Mesh | None:
    """The mesh that a project file describes, None where it cannot be told at a glance."""
    if path is None:
        return None
    document = _document(path)
    machine = document.get("machine", {})
    try:
        if machine.get("kind", "wafer") != "wafer" or not document:
            return None
        dead = frozenset(tuple(map(int, die)) for die in machine.get("dead_dies", ()))
        sizes = [
            int(machine.get(key, or_)) for key, or_ in (("rows", 6), ("cols", 8), ("wafers", 1))
        ]
    except (AttributeError, TypeError, ValueError):
        return None
    rows, cols, wafers = sizes
    return Mesh(rows, cols, wafers, dead) if all(1 <= size <= 1024 for size in sizes) else None


def _document(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MOST_BYTES:
            return {}
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
