"""Run the evaluation, or some of its studies, and write what they measure as a document.

The document (Markdown, and HTML with its charts inside) sets what is measured beside what was
published; every table is written as CSV. Interrupted, it goes on where it was when called again.
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tempstudio.cli.answer import DONE, Answer
from tempstudio.cli.arguments import whole
from tempstudio.cli.output_file import make_folder, name_of
from tempstudio.cli.progress_bar import progress_bar
from tempstudio.cli.table import table
from tempstudio.core.errors import InputError

if TYPE_CHECKING:
    from tempstudio.studies.study import Section

EXAMPLE = "tempstudio study orchestrations --quick --out evaluation"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which studies, and where their results go."""
    add = parser.add_argument
    add("studies", nargs="*", metavar="STUDY", help="studies by name (all if none)")
    add("--out", default="evaluation", metavar="DIR", help="folder of the document and its tables")
    add("--journals", metavar="DIR", help="folder of what is done (default: DIR/journals)")
    add("--quick", action="store_true", help="everything in small: a try, not an evaluation")
    add("--workers", type=whole(1, 1024), metavar="N", help="worker processes (default: a core's)")
    add("--fresh", action="store_true", help="run everything again, also what is there")


def execute(arguments: argparse.Namespace) -> Answer:
    """The claims and what became of them; always 0, whether they hold or not."""
    from tempstudio.studies.evaluation import evaluate, find_studies, read_section
    from tempstudio.studies.setting import SETTINGS

    for flag, value in (("--out", arguments.out), ("--journals", arguments.journals)):
        if value == "":
            raise InputError(f"{flag}: found '', expected a folder's name")
    studies = find_studies(arguments.studies)
    setting = SETTINGS["quick" if arguments.quick else "full"]
    out = Path(arguments.out)
    journals = Path(arguments.journals) if arguments.journals else out / "journals"
    if arguments.fresh:
        for study in studies:
            for made in study.tables(setting):
                shutil.rmtree(journals / made.name, ignore_errors=True)
    for flag, folder in (("--out", out), ("--journals", journals)):
        make_folder(flag, folder)
    workers = arguments.workers or len(os.sched_getaffinity(0))
    with progress_bar() as progress:
        files = evaluate(studies, setting, out, journals, workers, progress)
    sections = [read_section(study, setting, out) for study in studies]
    document = {
        "setting": setting.name,
        "claims": [row for section in sections for row in _claims(section)],
        "files": [name_of(path) for path in files],
    }
    return Answer(document, lambda: _text(sections, out), DONE, "")


def _claims(section: Section) -> list[dict[str, Any]]:
    return [
        {
            "study": section.study.name,
            "published": claim.published,
            "measured": claim.measured,
            "ratio": claim.ratio,
            "verdict": claim.verdict,
            "why": claim.why,
        }
        for claim in section.told.claims
    ]


def _text(sections: list[Section], out: Path) -> str:
    rows = [
        (section.study.name, claim.verdict, claim.published[:60])
        for section in sections
        for claim in section.told.claims
    ]
    return "\n".join([table(("study", "", "published"), rows), "", f"{out / 'evaluation.html'}"])
