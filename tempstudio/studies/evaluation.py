"""All studies: run them, and write the document of what the tables on disk say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tempstudio.core.errors import InputError
from tempstudio.core.progress import Progress
from tempstudio.storage import save
from tempstudio.storage.atomic import write_text
from tempstudio.studies import (
    against_gpus,
    agreement,
    degree_sweeps,
    faults,
    long_sequences,
    many_wafers,
    orchestrations,
    parts,
    rivals,
    search_time,
    sensitivity,
    stream_law,
)
from tempstudio.studies.chart_svg import svg_of
from tempstudio.studies.execution import run_study
from tempstudio.studies.markdown import IMAGES, TABLES, markdown_of
from tempstudio.studies.page import page_of
from tempstudio.studies.setting import Setting
from tempstudio.studies.study import Row, Section, Study
from tempstudio.studies.tables import read_csv

STUDIES: tuple[Study, ...] = (
    rivals.STUDY,
    long_sequences.STUDY,
    parts.STUDY,
    stream_law.STUDY,
    orchestrations.STUDY,
    degree_sweeps.STUDY,
    against_gpus.STUDY,
    many_wafers.STUDY,
    faults.STUDY,
    agreement.STUDY,
    search_time.STUDY,
    sensitivity.STUDY,
)
NAME = "evaluation"


def find_studies(names: Sequence[str]) -> tuple[Study, ...]:
    """The studies of these names in the document's order, all of them where none is named."""
    known = [study.name for study in STUDIES]
    for name in names:
        if name not in known:
            raise InputError(f"STUDY: found {name!r:.60}, allowed: {', '.join(known)}")
    return tuple(study for study in STUDIES if not names or study.name in names)


def evaluate(
    studies: Sequence[Study],
    setting: Setting,
    out: Path,
    journals: Path,
    workers: int = 1,
    progress: Progress | None = None,
) -> list[Path]:
    """Run what is missing of these studies and write tables, charts, Markdown and HTML into `out`.

    Returns the files written.  Interrupted, it goes on from `journals` when called again.
    """
    progress = progress or Progress()
    folder = out / TABLES
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for number, study in enumerate(studies):
        part = progress.part(number / len(studies), (number + 1) / len(studies))
        for name, text in run_study(study, setting, journals, workers, part).items():
            files.append(folder / f"{name}.csv")
            write_text(files[-1], text)
        if study.compare is not None:
            files.append(folder / f"{study.name}.tempstudio")
            save(study.compare(setting, read_tables(study, setting, out), part.silent()), files[-1])
    return files + write_evaluation(studies, setting, out)


def write_evaluation(studies: Sequence[Study], setting: Setting, out: Path) -> list[Path]:
    """Write what the tables in `out` say: `evaluation.md`, `evaluation.html` and the charts."""
    sections = [read_section(study, setting, out) for study in studies]
    (out / IMAGES).mkdir(parents=True, exist_ok=True)
    texts = {
        out / IMAGES / f"{chart.name}.svg": svg_of(chart)
        for section in sections
        for chart in section.told.charts
    }
    texts[out / f"{NAME}.md"] = markdown_of(sections, setting)
    texts[out / f"{NAME}.html"] = page_of(sections, setting)
    for path, text in texts.items():
        write_text(path, text)
    return list(texts)


def read_section(study: Study, setting: Setting, out: Path) -> Section:
    """A study told from its tables on disk."""
    found = read_tables(study, setting, out)
    return Section(study, study.tell(setting, found), tuple(found))


def read_tables(study: Study, setting: Setting, out: Path) -> dict[str, list[Row]]:
    """The rows of a study's tables on disk; `InputError` where one is not there."""
    found = {}
    for table in study.tables(setting):
        path = out / TABLES / f"{table.name}.csv"
        try:
            found[table.name] = read_csv(path.read_text(encoding="utf-8"))
        except OSError:
            raise InputError(f"{path}: no such table; run the study {study.name} first") from None
    return found
