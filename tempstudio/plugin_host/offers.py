"""What plugins are and offer: plain records, and the check that an offer is one."""

from __future__ import annotations

import importlib
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tempstudio.catalogue import option_fields
from tempstudio.core.figure import Panel
from tempstudio.core.machine import Cluster, Wafer

OWN = "tempstudio"
_PACKAGE = Path(__file__).resolve().parents[1]
_OURS = (  # who calls plugins
    str(_PACKAGE / "plugin_host"),
    str(_PACKAGE / "plugin_files"),
    str(_PACKAGE / "plugin_guard"),
    str(Path(importlib.__file__).parent),
)
HOOKS = {
    "partitioner": "tempstudio_partitioners",
    "mapper": "tempstudio_mappers",
    "solver": "tempstudio_solvers",
    "reader": "tempstudio_readers",
    "machine": "tempstudio_machines",
    "sample": "tempstudio_samples",
    "exporter": "tempstudio_exporters",
    "panel": "tempstudio_panels",
}
_METHODS = {
    "partitioner": "partition",
    "mapper": "map",
    "solver": "solve",
    "reader": "read",
    "exporter": "write",
}


@dataclass(frozen=True, slots=True)
class Plugin:
    """A distribution (or a file of the plugins folder) that offers something.

    `state` is "on", "disabled", "left out" (safe mode, or it broke a worker), "failed", or "not
    trusted" (a file or folder whose present bytes nobody has agreed to: it was read, never run).
    """

    name: str
    version: str
    path: str = ""
    summary: str = ""
    example: bool = False
    state: str = "on"

    @property
    def own(self) -> bool:
        """Whether it is the program itself."""
        return self.name == OWN


@dataclass(frozen=True, slots=True)
class Failure:
    """What one plugin could not do, in one line and in full."""

    plugin: str
    hook: str
    message: str
    traceback: str = ""

    def __str__(self) -> str:
        return f"plugin {self.plugin}, {self.hook}: {self.message}"


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that a plugin offers: a strategy, a reader, a machine, a sample's path, a panel."""

    kind: str
    name: str
    summary: str
    version: str
    object: Any
    plugin: Plugin


def one_line(error: BaseException) -> str:
    """An exception as one readable line, whatever its class does.

    >>> one_line(ValueError("a\\nb"))
    'ValueError: a b'
    """
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - a plugin's __str__ may be broken as well
        text = "(its text cannot be read)"
    text = text if len(text) <= 300 else text[:297] + "..."
    name = type(error).__name__
    return f"{name}: {text}" if text else name


def trace_of(error: BaseException) -> str:
    """A traceback that begins with the plugin's own code: how it was called is no news."""
    trace = error.__traceback__
    while trace is not None and _is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    # What is wrong with a file's syntax stands in the error itself, and no frame is the plugin's.
    return "".join(traceback.format_exception(type(error), error, trace))


def _is_ours(filename: str) -> bool:
    return filename.startswith(("<frozen importlib", *_OURS))


def checked_offer(kind: str, item: Any, plugin: Plugin) -> Offer:
    """A checked offer; raises what is wrong with it."""
    if kind in ("machine", "sample"):
        return _listed_offer(kind, item, plugin)
    name = getattr(item, "name", None)
    if not isinstance(name, str) or not name.strip():
        raise TypeError(f"{kind} {type(item).__name__} has no name")
    texts = {key: getattr(item, key, None) for key in ("summary", "version")}
    for key, value in texts.items():
        if not isinstance(value, str):
            raise TypeError(f"{kind} {name!r} has no {key}: found {value!r}, expected a text")
    if kind == "panel":
        if not isinstance(item, Panel) or not callable(item.figure):
            raise TypeError(f"panel {name!r} is not a tempstudio.Panel")
    else:
        method = _METHODS[kind]
        if not callable(getattr(item, method, None)):
            raise TypeError(f"{kind} {name!r} has no method {method}")
        option_fields(item.Options)
    return Offer(kind, name, str(texts["summary"]), str(texts["version"]), item, plugin)


def _listed_offer(kind: str, item: Any, plugin: Plugin) -> Offer:
    shape = "(name, summary, machine)" if kind == "machine" else "(title, summary, path)"
    if not isinstance(item, tuple) or len(item) != 3:
        raise TypeError(f"{kind}: found {type(item).__name__}, expected {shape}")
    name, summary, thing = item
    fits = isinstance(thing, (Wafer, Cluster)) if kind == "machine" else isinstance(thing, Path)
    if not isinstance(name, str) or not name or not isinstance(summary, str) or not fits:
        raise TypeError(f"{kind} {name!r}: expected {shape}")
    return Offer(kind, name, summary, plugin.version, thing, plugin)
