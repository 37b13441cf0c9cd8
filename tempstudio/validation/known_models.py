"""Models that cases name without describing them: their sizes, and how they were trained."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from tempstudio.core.workload import Workload
from tempstudio.readers import load_model, workload_from_config
from tempstudio.validation.data_files import data_document


@lru_cache(maxsize=1)
def _documents() -> Mapping[str, Any]:
    document: Mapping[str, Any] = data_document("models.json")
    return document


def gpt_sizes(text: str) -> Mapping[str, Any] | None:
    """The GPT whose label ("22B", "1T") is a word of the text, with its training degrees.

    >>> gpt_sizes("22B layer, TP8")["hidden"]
    6144
    """
    words = set(re.split(r"[^0-9A-Za-z.]+", text))
    return next((sizes for sizes in _documents()["gpt"] if sizes["label"] in words), None)


def gpt_of_parameters(billions: float) -> Mapping[str, Any] | None:
    """The GPT of so many billion parameters, to the digits that are published."""
    found = [s for s in _documents()["gpt"] if abs(s["params_B"] / billions - 1.0) < 1e-3]
    return found[0] if found else None


def named_model(text: str) -> Mapping[str, Any] | None:
    """The entry whose name a text begins with, in any case ("llama1-65B-rate")."""
    plain = text.lower()
    for entry in _documents()["named"]:
        for name in entry["names"]:
            if plain == name or plain.startswith(f"{name}-"):
                return dict(entry)
    return None


def workload_of(entry: Mapping[str, Any]) -> Workload:
    """The operator graph of an entry."""
    if "preset" in entry:
        return load_model(str(entry["preset"]))
    name = str(entry["names"][0])
    return workload_from_config(entry["config"], name, name=name)
