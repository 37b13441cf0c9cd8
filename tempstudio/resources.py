"""Files that come with the program: icons, the glossary, presets, sample projects."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


@lru_cache(maxsize=4)
def _folder(name: str) -> Traversable | Path:
    """Inside the package in a wheel, beside it in a checkout."""
    inside = files("tempstudio") / name
    return inside if inside.is_dir() else Path(__file__).resolve().parent.parent / name


def asset_folder() -> Traversable | Path:
    """The folder of the assets."""
    return _folder("assets")


def asset(*parts: str) -> Traversable | Path:
    """One file of the assets.

    >>> asset("glossary.json").is_file()
    True
    """
    return asset_folder().joinpath(*parts)


def sample_folder() -> Traversable | Path:
    """The folder of the sample projects."""
    return _folder("sample_projects")
