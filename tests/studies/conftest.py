"""The whole evaluation in small, run once for all tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tempstudio.studies.evaluation import STUDIES, evaluate, read_section
from tempstudio.studies.setting import QUICK
from tempstudio.studies.study import Section


@dataclass(frozen=True)
class Evaluation:
    """Where it was written, the files, and what every study told."""

    out: Path
    files: tuple[Path, ...]
    sections: tuple[Section, ...]


@pytest.fixture(scope="session")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    out = tmp_path_factory.mktemp("evaluation")
    files = evaluate(STUDIES, QUICK, out, out / "journals", workers=0)
    sections = tuple(read_section(study, QUICK, out) for study in STUDIES)
    return Evaluation(out, tuple(files), sections)
