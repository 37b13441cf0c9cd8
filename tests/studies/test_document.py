"""The document is what the program writes, and whole: every study, chart, table and claim."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tempstudio.studies.evaluation import STUDIES, write_evaluation
from tempstudio.studies.markdown import IMAGES, TABLES, anchor
from tempstudio.studies.setting import FULL, QUICK
from tempstudio.studies.study import FAILS, HOLDS, IN_PART, SHOWN
from tempstudio.studies.tables import read_csv
from tests.studies.conftest import Evaluation

DOCS = Path(__file__).resolve().parents[2] / "docs"
SVG = "{http://www.w3.org/2000/svg}"


class Page(HTMLParser):
    """Open elements, headings, and whatever would be loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in ("meta", "path", "rect", "circle", "br"):
            self.open.append(tag)
        if given.get("id") and tag == "section":
            self.ids.append(given["id"] or "")
        if tag == "a":
            self.targets.append(given.get("href") or "")
        if tag in ("img", "script", "link", "iframe"):
            self.loaded.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("path", "rect", "circle"):
            assert self.open.pop() == tag


def test_every_study_is_in_both_documents(quick: Evaluation) -> None:
    text = (quick.out / "evaluation.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", text, re.M)
    assert headings == [study.title for study in STUDIES]
    page = Page()
    page.feed((quick.out / "evaluation.html").read_text(encoding="utf-8"))
    assert page.open == []
    assert page.loaded == []
    assert page.ids == [anchor(study.title) for study in STUDIES]
    inside = [target[1:] for target in page.targets if target.startswith("#")]
    assert set(inside) == set(page.ids)


def test_every_study_states_what_was_published_and_what_was_measured(quick: Evaluation) -> None:
    text = (quick.out / "evaluation.md").read_text(encoding="utf-8")
    for section in quick.sections:
        assert section.told.claims, section.study.name
        assert section.told.reading, section.study.name
        for claim in section.told.claims:
            assert claim.verdict in (HOLDS, IN_PART, FAILS, SHOWN)
            assert claim.published
            assert claim.measured
            assert len(claim.why) > 40
            assert "nan" not in claim.measured
            assert claim.published in text


def test_every_chart_is_there_and_shows_something(quick: Evaluation) -> None:
    names = [chart.name for section in quick.sections for chart in section.told.charts]
    assert len(names) == len(set(names))
    assert sorted(p.stem for p in (quick.out / IMAGES).iterdir()) == sorted(names)
    text = (quick.out / "evaluation.md").read_text(encoding="utf-8")
    for section in quick.sections:
        assert section.told.charts, section.study.name
        for chart in section.told.charts:
            assert f"]({IMAGES}/{chart.name}.svg)" in text
            root = ElementTree.parse(quick.out / IMAGES / f"{chart.name}.svg").getroot()
            shown = [mark for mark in root.iter() if mark.find(f"{SVG}title") is not None]
            assert len(shown) > 1, chart.name  # the root, and at least one bar or dot
            coordinates = re.findall(r'"(-?[\d.]+|nan|inf)"', ElementTree.tostring(root).decode())
            assert not {"nan", "inf"} & set(coordinates)


def test_tables_are_rectangular_and_filled(quick: Evaluation) -> None:
    for section in quick.sections:
        for table in section.told.tables:
            assert table.rows, (section.study.name, table.caption)
            assert {len(row) for row in table.rows} == {len(table.columns)}
        for name in section.tables:
            assert (quick.out / TABLES / f"{name}.csv").stat().st_size > 50


def test_the_rivals_open_in_the_studio_as_kept_runs(quick: Evaluation) -> None:
    import tempstudio as ts

    project = ts.load(quick.out / TABLES / "rivals.tempstudio")
    names = [run.name for run in project.runs]
    assert len(names) == len(set(names)) == 7
    assert names[-1] == "tspp + traffic-conscious"
    rows = read_csv((quick.out / TABLES / "rivals-2x2.csv").read_text(encoding="utf-8"))
    for kept, row in zip(project.runs, rows, strict=True):
        content = json.loads(kept.document)
        assert content["plan"]["mapping"]["placement"]
        assert content["score"]["parallel"]["dp"] == row["dp"]
        assert content["score"]["step_time_s"] == pytest.approx(row["step_time_s"], rel=0.05)


def test_the_document_follows_from_the_tables_alone(quick: Evaluation, tmp_path: Path) -> None:
    (tmp_path / TABLES).mkdir()
    for path in (quick.out / TABLES).glob("*.csv"):
        (tmp_path / TABLES / path.name).write_bytes(path.read_bytes())
    for path in write_evaluation(STUDIES, QUICK, tmp_path):
        assert path.read_bytes() == (quick.out / path.relative_to(tmp_path)).read_bytes()


def test_the_evaluation_in_docs_is_what_the_program_writes_of_its_tables(tmp_path: Path) -> None:
    (tmp_path / TABLES).mkdir()
    for path in (DOCS / TABLES).glob("*.csv"):
        (tmp_path / TABLES / path.name).write_bytes(path.read_bytes())
    written = write_evaluation(STUDIES, FULL, tmp_path)
    stale = [
        str(path.relative_to(tmp_path))
        for path in written
        if path.read_bytes() != (DOCS / path.relative_to(tmp_path)).read_bytes()
    ]
    assert stale == [], "run: make study"
    pictures = {path.name for path in written if path.suffix == ".svg"}
    assert {path.name for path in (DOCS / IMAGES).iterdir()} == pictures


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_the_tables_in_docs_are_of_the_present_points(study: object) -> None:
    from tempstudio.studies.study import CallTable, Study, SweepTable

    assert isinstance(study, Study)
    for table in study.tables(FULL):
        rows = read_csv((DOCS / TABLES / f"{table.name}.csv").read_text(encoding="utf-8"))
        if isinstance(table, CallTable):
            pairs = zip(rows, table.points, strict=True)
            assert [{k: row[k] for k in point} for row, point in pairs] == list(table.points)
        else:
            assert isinstance(table, SweepTable)
            assert all(row["outcome"] not in ("crash", "fault", "plugin") for row in rows)
