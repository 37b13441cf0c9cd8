"""The evaluation as Markdown, its charts and tables in files beside it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from tempstudio.scene import format as figures
from tempstudio.studies.setting import Setting
from tempstudio.studies.study import Claim, Section, TextTable

IMAGES, TABLES = "images/evaluation", "evaluation"
LINE = 110

INTRODUCTION = (
    "What tensor streaming, traffic-conscious mapping and dual-level solving buy, and where they "
    "do not. Every figure below was computed by this program on its own model of the machine "
    "([model.md](model.md)); beside it stands what was published in TEMP (Wang et al., HPCA 2026, "
    "[arXiv:2512.14256](https://arxiv.org/abs/2512.14256)). Nothing is tuned to agree: a claim "
    "that does not hold is reported as not holding."
)
REPEAT = (
    "`make study` runs it all from scratch with fixed seeds and writes this page, its charts, "
    "[the same as one HTML page](evaluation.html) and every table as CSV (in `docs/evaluation`); "
    "interrupted, it goes on where it was. `tempstudio study NAME` runs one study. Each is a file "
    "of `tempstudio/studies`: what is swept stands at its top and may be changed. In the studio, "
    "File > Open sweep results shows any of the tables: filter, scatter, Pareto front."
)


def markdown_of(sections: Sequence[Section], setting: Setting) -> str:
    """The whole document."""
    lines = ["# The evaluation", "", *_paragraph(INTRODUCTION), "", *_paragraph(REPEAT), ""]
    if setting.name != "full":
        lines += [f"This is the evaluation in small (`{setting.name}`).", ""]
    lines += [*_summary(sections), ""]
    for section in sections:
        lines += [*_section(section), ""]
    return "\n".join(lines).rstrip() + "\n"


def _paragraph(text: str) -> list[str]:
    return textwrap.wrap(text, LINE, break_long_words=False, break_on_hyphens=False)


def _summary(sections: Sequence[Section]) -> Iterator[str]:
    yield from ("| study | published | measured | ratio | |", "|---|---|---|---:|---|")
    for section in sections:
        for claim in section.told.claims:
            link = f"[{_cell(section.study.title)}](#{anchor(section.study.title)})"
            cells = (claim.published, claim.measured, ratio_text(claim), f"**{claim.verdict}**")
            yield f"| {link} | " + " | ".join(_cell(cell) for cell in cells) + " |"


def anchor(title: str) -> str:
    """The fragment that a heading gets on code hosting sites.

    >>> anchor("Line relay, folded ring")
    'line-relay-folded-ring'
    """
    kept = "".join(c for c in title.lower() if c.isalnum() or c in " -_")
    return kept.replace(" ", "-")


def ratio_text(claim: Claim) -> str:
    """Measured / published, where both are one number."""
    return "" if claim.ratio is None else figures.digits(claim.ratio)


def _section(section: Section) -> Iterator[str]:
    study, told = section.study, section.told
    yield from (f"## {study.title}", "", *_paragraph(f"*{study.question}*"), "")
    yield from (*_paragraph(study.method), "")
    for claim in told.claims:
        ratio = f" Ratio {ratio_text(claim)}." if claim.ratio is not None else ""
        text = f"- Published: {claim.published}. Measured: {claim.measured}.{ratio}"
        text += f" **{claim.verdict.capitalize()}.** {claim.why}"
        yield from textwrap.wrap(
            text, LINE, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
    yield ""
    for text in told.reading:
        yield from (*_paragraph(text), "")
    for chart in told.charts:
        yield from (f"![{chart.title}]({IMAGES}/{chart.name}.svg)", "")
    for table in told.tables:
        yield from (*_table(table), "")
    links = ", ".join(f"[{name}.csv]({TABLES}/{name}.csv)" for name in section.tables)
    yield from _paragraph(f"All rows: {links}.{_project(section)}")


def _project(section: Section) -> str:
    if section.study.compare is None:
        return ""
    link = f"[{section.study.name}.tempstudio]({TABLES}/{section.study.name}.tempstudio)"
    return f" {link} holds the plans of one model as kept runs: open it and choose Compare."


def _table(table: TextTable) -> Iterator[str]:
    yield from (*_paragraph(f"{table.caption}:"), "")
    right = [numeric(table, place) for place in range(len(table.columns))]
    yield "| " + " | ".join(_cell(name) for name in table.columns) + " |"
    yield "|" + "|".join("---:" if is_right else "---" for is_right in right) + "|"
    for row in table.rows:
        yield "| " + " | ".join(_cell(cell) for cell in row) + " |"


def numeric(table: TextTable, place: int) -> bool:
    """Whether a column holds numbers, which stand to the right."""
    cells = [row[place] for row in table.rows if row[place]]
    return bool(cells) and all(cell.lstrip("−+-<").lstrip()[:1].isdigit() for cell in cells)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
