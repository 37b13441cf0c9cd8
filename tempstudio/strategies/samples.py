"""The sample projects that the welcome page offers."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from tempstudio.hookspecs import hookimpl

SAMPLES = (
    ("Llama 2 7B on 6 x 8", "Six replicas of eight dies that stream", "llama2-7b-6x8"),
    ("GPT-3 175B on 6 x 8", "A model that just fits: every die is nearly full", "gpt3-175b-6x8"),
    (
        "Llama 3 70B on 4 x 8 with faults",
        "Two dead dies and a dead link",
        "llama3-70b-4x8-faults",
    ),
)


@hookimpl
def tempstudio_samples() -> tuple[tuple[str, str, Path], ...]:
    """The samples that are there, the first one being the studio's first project."""
    folder = samples_folder()
    rows = [(title, text, folder / f"{name}.tempstudio") for title, text, name in SAMPLES]
    return tuple(row for row in rows if row[2].is_file())


def samples_folder() -> Path:
    """sample_projects/ of a checkout, or the copy inside an installed package."""
    checkout = Path(__file__).resolve().parents[2] / "sample_projects"
    if checkout.is_dir():
        return checkout
    return Path(str(files("tempstudio") / "sample_projects"))
