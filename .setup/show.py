"""Show a project: in the studio where there is a display, else as a summary and a picture."""

import os
import subprocess
import sys
from pathlib import Path

OUT = Path("out")
# Qt ends the process where it finds no display or lacks a library, so another one asks.
WINDOW_PROBE = "from PySide6.QtWidgets import QApplication; QApplication([])"
PAINTER_PROBE = "import PySide6.QtWidgets"


def succeeds(code: str) -> bool:
    return subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def has_display() -> bool:
    named = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(named or sys.platform == "darwin") and succeeds(WINDOW_PROBE)


def tempstudio(*arguments: object) -> int:
    command = [sys.executable, "-m", "tempstudio", *(str(argument) for argument in arguments)]
    return subprocess.run(command).returncode


def show_headless(project: str) -> int:
    """Run the project, print its summary, write its picture: SVG, and PNG where Qt can paint."""
    status = tempstudio("run", project)
    if status:
        return status
    OUT.mkdir(exist_ok=True)
    pictures = [OUT / "wafer.svg"]
    if succeeds(PAINTER_PROBE):
        pictures.append(OUT / "wafer.png")
    for picture in pictures:
        status = tempstudio("render", project, "--out", picture)
        if status:
            return status
    return 0


def main() -> int:
    project = sys.argv[1]
    return tempstudio("open", project) if has_display() else show_headless(project)


if __name__ == "__main__":
    sys.exit(main())
