"""Models by name: Hugging Face configurations that come with the program."""

from __future__ import annotations

import difflib
import re
from functools import lru_cache
from typing import Any

from tempstudio.core.errors import InputError
from tempstudio.core.json_text import parse
from tempstudio.core.workload import Workload
from tempstudio.readers.hugging_face import workload_from_config
from tempstudio.resources import asset

FOLDER = ("presets", "models")


def preset_names() -> tuple[str, ...]:
    """Names of all presets, in the order of the alphabet.

    >>> "llama2-7b" in preset_names()
    True
    """
    return tuple(sorted(_documents()))


def preset_workload(name: str) -> Workload | None:
    """The preset of this name or alias in any case, or None where there is none.

    >>> preset_workload("Llama-2-7B").name
    'llama2-7b'
    """
    wanted = _names().get(_normal(name))
    if wanted is None:
        return None
    return workload_from_config(
        _documents()[wanted], f"preset {wanted}", name=wanted, source=f"preset {wanted}"
    )


def refuse_unknown(name: str) -> InputError:
    """The error for a source that is neither a preset nor a file, with the nearest presets."""
    near = difflib.get_close_matches(_normal(name), list(_names()), n=3, cutoff=0.7)
    meant = list(dict.fromkeys(_names()[match] for match in near))
    hint = f"did you mean {' or '.join(meant)}? " if meant else ""
    shown = "".join(char if char.isprintable() else "?" for char in name[:80])
    return InputError(
        f"model: found {shown!r}, {hint}allowed: a model's file, or a preset: "
        + ", ".join(preset_names())
    )


@lru_cache(maxsize=1)
def _documents() -> dict[str, dict[str, Any]]:
    files = (file for file in asset(*FOLDER).iterdir() if file.name.endswith(".json"))
    return {file.name.removesuffix(".json"): parse(file.read_bytes(), file.name) for file in files}


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """Normal form of every name, hub name and alias -> preset."""
    names = {}
    for preset, document in _documents().items():
        for name in (preset, *document.get("_aliases", ())):
            names[_normal(name)] = preset
    return names


def _normal(name: str) -> str:
    """Lower case, one kind of hyphen, none before a generation: Llama 2 7B is llama2-7b."""
    text = re.sub(r"[\s_-]+", "-", name.strip().lower()[:200])
    return re.sub(r"(?<=[a-z])-(?=\d[\d.]*-)", "", text)
