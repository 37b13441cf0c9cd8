"""The cases that come with the program: published figures with their sources."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from tempstudio.core.json_text import parse
from tempstudio.readers.text_file import read_capped

FOLDER = Path(__file__).resolve().parent / "data"
MODELS = "models.json"  # sizes of models, not cases


@lru_cache(maxsize=8)
def data_document(name: str) -> Any:
    """One of the files, read once."""
    return parse(read_capped(FOLDER / name), name)


def own_files() -> list[Path]:
    """The files that hold cases, in the order of their names; configurations last."""
    cases = sorted(path for path in FOLDER.glob("*.json") if path.name != MODELS)
    return [*cases, *sorted((FOLDER / "hf_configs").glob("*.json"))]
