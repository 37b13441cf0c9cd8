"""The sample projects are project files as the program itself would write them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tempstudio.storage import load, project_to_document, schema
from tempstudio.storage.json_layout import laid_out
from tempstudio.storage.unknown_keys import leftover

SAMPLES = sorted((Path(__file__).resolve().parents[2] / "sample_projects").glob("*.tempstudio"))


def test_the_three_are_there() -> None:
    assert {"llama2-7b-6x8", "gpt3-175b-6x8", "llama3-70b-4x8-faults"} <= {p.stem for p in SAMPLES}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_each_is_as_saving_would_leave_it(path: Path) -> None:
    project = load(path)
    document = json.loads(path.read_text())
    jsonschema.Draft202012Validator(schema("project")).validate(document)
    again = project_to_document(project, plan=document.get("plan"))
    assert leftover(document, again) == {}  # keys may have come since it was saved, none may go
    assert laid_out(document) == path.read_text()
    assert project.notes and project.extra == ""


def test_the_faulty_one_has_its_faults() -> None:
    (path,) = (path for path in SAMPLES if path.stem == "llama3-70b-4x8-faults")
    machine = load(path).machine
    assert (machine.die_count, machine.alive_count) == (32, 30)
    assert len(machine.dead_links) == 1
