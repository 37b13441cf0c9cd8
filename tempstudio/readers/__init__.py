"""Readers: a preset's name or a model's file to an operator graph; also their plugin."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tempstudio.core.errors import InputError
from tempstudio.core.json_text import parse
from tempstudio.core.workload import Workload
from tempstudio.core.workload_json import workload_from_json
from tempstudio.hookspecs import hookimpl
from tempstudio.readers.hugging_face import (
    HuggingFaceReader,
    file_name,
    workload_from_config,
)
from tempstudio.readers.json_graph import JsonGraphReader
from tempstudio.readers.presets import preset_names, preset_workload, refuse_unknown
from tempstudio.readers.text_file import model_file, printable, read_capped

if TYPE_CHECKING:  # the protocol's module loads numpy and all that a plan consists of
    from tempstudio.core.strategy import Reader

__all__ = ["load_model", "preset_names", "tempstudio_readers", "workload_from_config"]


def load_model(source: str | Path) -> Workload:
    """The model that a preset's name, a Hugging Face `config.json` or a JSON graph describes.

    A text is a preset where one has that name (in any case; `llama-2-7b` and
    `meta-llama/Llama-2-7b-hf` too), else a path; a folder stands for the `config.json` in it.
    Which kind of file it is, its content tells.  Raises `InputError` with one line that names the
    file and the field.

    >>> load_model("llama2-7b").parameters
    6738415616
    """
    if isinstance(source, str):
        preset = preset_workload(source)
        if preset is not None:
            return preset
        if not _looks_like_file(source):
            raise refuse_unknown(source)
    path = Path(source)
    where = printable(path)
    file = model_file(path)
    document = parse(read_capped(file), where)
    if isinstance(document, dict) and "blocks" in document and "model_type" not in document:
        return workload_from_json(document, where)
    if not isinstance(document, dict) or "model_type" not in document:
        raise InputError(
            f"{where}: neither a Hugging Face configuration (no model_type) "
            "nor a JSON graph (no blocks)"
        )
    name, origin = file_name(file)
    return workload_from_config(document, where, name, origin)


def _looks_like_file(source: str) -> bool:
    if not source.strip():
        return False
    if source.lower().endswith(".json") or "/" in source or "\\" in source:
        return True
    try:
        return Path(source).exists()
    except (OSError, ValueError):
        return False


@hookimpl
def tempstudio_readers() -> Iterable[Reader]:
    """Hugging Face configurations and the project's own graph."""
    return [HuggingFaceReader(), JsonGraphReader()]
