"""`--machine`: rows x columns, a preset's name, or a machine file."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tempstudio.cli.arguments import shown
from tempstudio.core.errors import InputError
from tempstudio.core.machine import Machine, Wafer, machine_from_json, machine_to_json

if TYPE_CHECKING:
    from tempstudio.plugin_host import Host

MESH = re.compile(r"([0-9]{1,6})[xX]([0-9]{1,6})")


def machine_from_text(text: str, host: Callable[[], Host]) -> tuple[Machine, tuple[str, ...]]:
    """The machine, and what there is to say about its file; presets are asked of `host()`.

    >>> machine_from_text("4x8", lambda: None)[0].die_count
    32
    """
    if found := MESH.fullmatch(text.strip()):
        return _mesh(text, int(found[1]), int(found[2])), ()
    presets = host().machines()
    if text in presets:
        return presets[text].object, ()
    path = Path(text)
    if text and (path.suffix == ".json" or _is_there(path)):
        return _from_file(path)
    raise InputError(
        f"--machine: found {shown(text)}, allowed: ROWSxCOLUMNS, a machine file (.json), or one of "
        f"{', '.join(sorted(presets))}"
    )


def _mesh(text: str, rows: int, cols: int) -> Wafer:
    try:
        return Wafer(rows=rows, cols=cols)
    except InputError as error:
        raise InputError(f"--machine {text}: {error}") from None


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _from_file(path: Path) -> tuple[Machine, tuple[str, ...]]:
    """A machine file; a project or flow file stands for the machine in it."""
    from tempstudio.storage import read_json

    document = read_json(path)
    if isinstance(document, dict) and "machine" in document:
        document = document["machine"]
    try:
        machine = machine_from_json(document)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return machine, passed_over(str(path), document, machine)


def passed_over(where: str, document: dict[str, Any], machine: Machine) -> tuple[str, ...]:
    """A note on the keys of a machine's document that the program does not read."""
    unknown = unknown_keys(document, machine_to_json(machine))
    return (f"{where}: not known and passed over: {', '.join(unknown)}",) if unknown else ()


def unknown_keys(found: dict[str, Any], known: dict[str, Any], where: str = "") -> list[str]:
    """Keys of a document, and of the objects in it, that the program does not read.

    >>> unknown_keys({"rows": 1, "die": {"HBM": 96}}, {"rows": 1, "die": {"HBM_GB": 72}})
    ['die.HBM']
    """
    names = []
    for key, value in found.items():
        if key not in known:
            names.append(f"{where}{key}")
        elif isinstance(value, dict) and isinstance(known[key], dict):
            names += unknown_keys(value, known[key], f"{where}{key}.")
    return names
