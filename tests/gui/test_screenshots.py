"""The pictures that `make screenshots` takes: all of them, none blank, light unlike dark."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from tempstudio.gui import screenshots


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_view_is_pictured_in_both_themes(tmp_path: Path, qapp: object) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tempstudio.gui.screenshots", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=880,
    )
    assert done.returncode == 0, done.stderr
    names = [name for name, _ in screenshots.states()]
    for name in names:
        for width, height in screenshots.SIZES:
            pictures = [
                QImage(str(tmp_path / f"{name}-{theme}-{width}x{height}.png"))
                for theme in screenshots.THEMES
            ]
            assert not pictures[0].isNull() and not pictures[1].isNull(), name
            assert pictures[0] != pictures[1], f"{name}: light and dark are the same"


def test_without_a_folder_it_says_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert screenshots.main([]) == 2
    assert "OUTDIR" in capsys.readouterr().err
