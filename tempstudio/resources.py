"""Files that come with the program: icons, the glossary, presets."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


@lru_cache(maxsize=1)
def asset_folder() -> Traversable | Path:
    """`assets`: inside the package in a wheel, beside it in a checkout."""
    inside = files("tempstudio") / "assets"
    return inside if inside.is_dir() else Path(__file__).resolve().parent.parent / "assets"


def asset(*parts: str) -> Traversable | Path:
    """One file of the assets.

    >>> asset("glossary.json").is_file()
    True
    """
    return asset_folder().joinpath(*parts)
