"""Files that come with the program: icons, the glossary, presets, sample projects."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def _folder(name: str) -> Path:
    """Inside the package in a wheel, beside it in a checkout.

    Plain paths: a wheel is installed unpacked, and importlib.resources costs the first paint 20 ms.
    """
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


def asset_folder() -> Path:
    """The folder of the assets."""
    return _folder("assets")


def asset(*parts: str) -> Path:
    """One file of the assets.

    >>> asset("glossary.json").is_file()
    True
    """
    return asset_folder().joinpath(*parts)


def sample_folder() -> Path:
    """The folder of the sample projects."""
    return _folder("sample_projects")
