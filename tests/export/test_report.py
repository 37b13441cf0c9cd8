"""The report: one page that needs nothing else, says what the run says, reads in both themes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import tempstudio as ts
from tempstudio.core.errors import InputError
from tempstudio.core.project import Project
from tempstudio.export.report import report_html, write_report
from tempstudio.export.report.charts import link_columns, memory_bars
from tempstudio.export.shown import ShownRun
from tempstudio.scene.format import byte_count, percent, seconds
from tempstudio.scene.step_chart import step_height, step_picture
from tempstudio.scene.tokens import DARK, LIGHT, THEMES, contrast

DAY = date(2026, 1, 31)
VOID = {"meta", "br", "img", "rect", "path", "use", "image", "clippath"}


class Outline(HTMLParser):
    """Tags, ids, what is loaded from where, and the text without markup."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.uses: list[str] = []
        self.outside: list[str] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            text = value or ""
            if name == "id":
                self.ids.append(text)
            elif name in ("src", "href"):
                (self.uses if text.startswith(("#", "data:")) else self.outside).append(text)
            self.uses += [f"#{found}" for found in re.findall(r"url\(#([^)]*)\)", text)]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def outline(html: str) -> Outline:
    found = Outline()
    found.feed(html)
    assert found.open == []
    return found


@pytest.fixture(scope="module")
def small() -> ts.Run:
    return ts.run(
        Project(
            machine=ts.Wafer(rows=2, cols=4, dead_dies=[(0, 3)]),
            model=ts.load_model("qwen2-0.5b"),
            job=ts.TrainingJob(global_batch=4, seq_len=512),
            degrees=ts.Degrees(dp=1, stream=6),
        )
    )


@pytest.fixture(scope="module")
def pipeline() -> ts.Run:
    return ts.run(
        Project(
            machine=ts.Wafer(rows=2, cols=4, wafers=2),
            model=ts.load_model("qwen2-0.5b"),
            job=ts.TrainingJob(global_batch=6, seq_len=512, recompute="full"),
            degrees=ts.Degrees(pp=2, dp=2, stream=4),
        )
    )


@pytest.mark.parametrize("which", ["small", "pipeline"])
def test_the_page_stands_alone(request: pytest.FixtureRequest, which: str) -> None:
    run: ts.Run = request.getfixturevalue(which)
    html = report_html(run, command="tempstudio run x", day=DAY)
    found = outline(html)
    assert found.outside == [], "nothing comes from elsewhere"
    assert not {"script", "link", "iframe"} & found.tags
    assert "@import" not in html
    assert len(found.ids) == len(set(found.ids)), "every name stands once"
    assert {use for use in found.uses if use.startswith("#")} <= {f"#{i}" for i in found.ids}
    assert "nan" not in found.text.lower().split()


def test_its_figures_are_those_of_the_run(small: ts.Run) -> None:
    text = outline(report_html(small, day=DAY)).text.replace(" ", "").replace("\u2009", "")
    score = small.score
    for figure in (
        seconds(score.step_time_s), percent(score.mfu), byte_count(score.memory.peak_bytes),
        byte_count(score.links.max_load_bytes), small.project.fingerprint, "494,032,768",
        "2026-01-31", "deaddie", "7workingdies",
    ):  # fmt: skip
        assert figure.replace("\u2009", "").replace(" ", "") in text, figure
    for operator in score.per_operator:
        assert operator.name in text
    assert "Idle:" in text and "✓" not in text, "signs stand in the style, words in the text"


def test_figures_say_where_they_come_from(small: ts.Run) -> None:
    html = report_html(small, day=DAY)
    assert html.count("<details>") >= 8
    text = outline(html).text
    for part in ("SPEC 5", "SPEC 7", "6 N T", "energy / step time"):
        assert part in text


def test_the_command_repeats_the_run(small: ts.Run) -> None:
    command = "tempstudio run 'my project.tempstudio' --parallel dp=1,stream=6"
    text = outline(report_html(small, command=command, day=DAY)).text
    assert command in text
    assert "How to repeat it" in text


def test_both_themes_are_there_and_differ(small: ts.Run) -> None:
    html = report_html(small, day=DAY)
    assert html.count('<div class="light"><svg') == html.count('<div class="dark"><svg') >= 4
    assert LIGHT.surface in html and DARK.surface in html
    assert "prefers-color-scheme: dark" in html


def test_the_style_has_the_colours_of_the_window(small: ts.Run) -> None:
    html = report_html(small, day=DAY)
    light, dark = re.findall(r":root \{[^}]*\}", html)[:2]
    for block, tokens in ((light, LIGHT), (dark, DARK)):
        colours = dict(re.findall(r"--(\w+): (#\w{6});", block))
        for name, colour in colours.items():
            assert colour == getattr(tokens, name), name
        for ink in ("text", "muted", "error", "ok"):
            assert contrast(colours[ink], colours["window"]) >= 4.5
            assert contrast(colours[ink], colours["surface"]) >= 4.5


def test_over_capacity_is_said_in_words(small: ts.Run) -> None:
    memory = {**small.document["memory_bytes"], "capacity": 1e8}
    document = {**small.document, "fits": False, "memory_bytes": memory}
    text = outline(report_html(ShownRun(small.project, small.timeline, document), day=DAY)).text
    over = byte_count(memory["peak"] - 1e8)
    assert f"does not fit: {' '.join(over.split())} over on die" in text


def test_sequences_beyond_the_learned_positions_are_told(small: ts.Run) -> None:
    assert "learned positions" not in outline(report_html(small, day=DAY)).text
    model = ts.load_model("opt-6.7b")
    job = {**small.document["job"], "seq_len": 4096}
    run = ShownRun(
        replace(small.project, model=model), small.timeline, {**small.document, "job": job}
    )
    text = outline(report_html(run, day=DAY)).text
    assert f"Sequence length: {model.beyond_positions(4096)}." in text
    assert "has learned positions for 2,048" in text


def test_the_same_run_makes_the_same_page(small: ts.Run, tmp_path: Path) -> None:
    pages = []
    for name in ("a.html", "b.html"):
        write_report(small, tmp_path / name, day=DAY)
        pages.append((tmp_path / name).read_text(encoding="utf-8"))
    assert pages[0] == pages[1]
    with pytest.raises(InputError, match="does not exist"):
        write_report(small, tmp_path / "no" / "a.html")


def test_names_are_escaped(small: ts.Run) -> None:
    project = replace(small.project, model=replace(small.project.model, name="<b>&m</b>"))
    named = {**small.document, "model": {**small.document["model"], "name": "<b>&m</b>"}}
    html = report_html(ShownRun(project, small.timeline, named), day=DAY)
    assert "<b>" not in html
    assert "&lt;b&gt;&amp;m&lt;/b&gt;" in html


def test_every_stage_is_shown_at_its_own_fullest(pipeline: ts.Run) -> None:
    timeline = pipeline.timeline
    bars = memory_bars(timeline)
    assert [bar.name for bar in bars.bars] == ["dies of stage 1", "dies of stage 2"]
    for stage, bar in enumerate(bars.bars):
        die = int(timeline.busy_dies[stage][0])
        for time_s in np.linspace(0, timeline.duration_s, 800):
            held = timeline.at(float(time_s)).memory[:, die].sum()
            assert sum(bar.parts) >= held * (1 - 1e-6)
    peak = max(sum(bar.parts) for bar in bars.bars)
    assert peak == pytest.approx(pipeline.score.memory.peak_bytes)


def test_every_link_is_counted_once(small: ts.Run) -> None:
    columns = link_columns(small.timeline)
    assert sum(columns.series[0][1]) == len(small.timeline.link_source)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_step_chart_shows_every_stage(pipeline: ts.Run, theme: str) -> None:
    picture = step_picture(pipeline.timeline, 800.0, THEMES[theme])
    assert picture.height == step_height(pipeline.timeline)
    words = [word for layer in picture.layers() for word in getattr(layer, "text", ())]
    for word in ("Stage 1", "Stage 2", "steady", "forward", "backward", "recompute", "optimizer"):
        assert word in words
