"""The report's page, section by section."""

from __future__ import annotations

import platform
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

from tempstudio import glossary
from tempstudio.export.picture import telling_time
from tempstudio.export.report import tables
from tempstudio.export.report.charts import link_columns, memory_bars, operator_bars
from tempstudio.export.report.html import Figures, pairs, paragraph, section
from tempstudio.export.shown import Shown
from tempstudio.export.whole_file import whole_file
from tempstudio.resources import asset
from tempstudio.scene.caption import headline
from tempstudio.scene.convergence import convergence_chart
from tempstudio.scene.describe import machine_name
from tempstudio.scene.format import (
    byte_count,
    count,
    digits,
    percent,
    plural,
    seconds,
    split_unit,
    watts,
)
from tempstudio.scene.inputs import inputs
from tempstudio.scene.memory_scale import memory_top
from tempstudio.scene.step_chart import step_picture
from tempstudio.scene.tokens import Tokens
from tempstudio.scene.wafer import View, build, lay_ground, roles_of

WIDE = 1000.0
WAFER = (1000, 640)
TERMS = (
    "step time", "tokens per second", "MFU", "peak memory", "contention factor", "bound", "power",
    "energy", "exposed communication", "bubble",
)  # fmt: skip


def write_report(
    run: Shown,
    path: Path | str,
    *,
    command: str | None = None,
    time_s: float | None = None,
    day: date | None = None,
) -> None:
    """Write the report of a run; raises `InputError` where the file cannot be.

    `command` repeats the run, `time_s` is the moment pictured (by default one at which much moves),
    `day` stands on the report, by default today.
    """
    with whole_file(path) as part:
        text = report_html(run, command=command, time_s=time_s, day=day)
        part.write_text(text, encoding="utf-8")


def report_html(
    run: Shown,
    *,
    command: str | None = None,
    time_s: float | None = None,
    day: date | None = None,
) -> str:
    """The page as text."""
    known = run.document
    title = _title(run)
    figures = Figures()
    body = [
        _head(run, known, day or date.today()),
        _tiles(known),
        _wafer(run, figures, time_s),
        _time(run, known, figures),
        _memory(run, known, figures),
        _links(run, known, figures),
        section("Strategy", *tables.strategy(run, known), _mapper(known, figures)),
        section("Machine, model and job", *tables.project(run)),
        _sources(known),
        _repeat(run, known, command),
    ]
    style = asset("report.css").read_text(encoding="utf-8")
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n<main>\n{''.join(body)}</main>\n</body>\n</html>\n"
    )


def _title(run: Shown) -> str:
    machine = machine_name(run.project.machine)
    return f"{run.project.model.name} on a {machine[:1].lower()}{machine[1:]}"


def _head(run: Shown, known: dict[str, Any], day: date) -> str:
    machine, model = run.project.machine, known["model"]
    verdict = ("fits", "fits") if known["fits"] else ("misfit", "does not fit")
    memory = known["memory_bytes"]
    over = memory["peak"] - memory["capacity"]
    beyond = f": {byte_count(over)} over on die {_place(memory['peak_die'])}" if over > 0 else ""
    job = known["job"]
    words = (
        f"{plural(machine.alive_count, 'working die')}, {model['parameters']:,} parameters, "
        f"{job['global_batch']:,} sequences of {job['seq_len']:,} tokens a step"
    )
    return (
        f"<header>\n<h1>{escape(_title(run))}</h1>\n"
        f'<p class="under">{escape(words)} · {day.isoformat()} · '
        f'<span class="verdict {verdict[0]}">{verdict[1]}{escape(beyond)}</span></p>\n</header>\n'
    )


def _place(die: Any) -> str:
    return ",".join(str(number) for number in die)


def _tiles(known: dict[str, Any]) -> str:
    memory, links, time_s = known["memory_bytes"], known["links"], known["time_s"]
    parts = {name: percent(time_s[name] / known["step_time_s"]) for name in time_s}
    load, bound = links["max_load_bytes"], links["bound_bytes"]
    rows = (
        ("Step time", seconds(known["step_time_s"]), f"{parts['compute']} of it compute"),
        ("Tokens/s", count(known["tokens_per_s"]), f"{parts['exposed']} of the step exposed"),
        ("MFU", percent(known["mfu"]), f"{parts['bubble']} of the step bubble"),
        (
            "Peak memory",
            byte_count(memory["peak"]),
            f"{percent(memory['peak'] / memory['capacity'])} of {byte_count(memory['capacity'])}",
        ),
        (
            "Contention factor",
            f"{digits(links['contention_factor'])}\u2009×",
            f"busiest link {digits(load / bound)}\u2009× its bound" if bound else "nothing moves",
        ),
        ("Power", watts(known["power_w"]), "mean over the step"),
    )
    tiles = []
    for name, figure, beside in rows:
        number, unit = split_unit(figure)
        tiles.append(
            f'<div class="tile"><div class="name">{escape(name)}</div>'
            f'<div class="figure">{escape(number)}<span class="unit">{escape(unit)}</span></div>'
            f'<div class="beside">{escape(beside)}</div></div>\n'
        )
    return f'<div class="tiles">\n{"".join(tiles)}</div>\n'


def _wafer(run: Shown, figures: Figures, time_s: float | None) -> str:
    machine, timeline = run.project.machine, run.timeline
    moment = telling_time(timeline) if time_s is None else time_s
    frame = timeline.at(moment)

    def draw(tokens: Tokens) -> Any:
        view = View(theme=tokens.name, memory_top=memory_top(timeline))
        ground = lay_ground(machine, *WAFER, view, roles_of(timeline))
        return build(ground, timeline, frame)

    text, where = headline(frame.captions)
    caption = f"{seconds(moment)} into the step ({where}). {text}."
    return section(
        "The wafer at work", figures.figure(draw, f"The wafer at {seconds(moment)}", caption)
    )


def _time(run: Shown, known: dict[str, Any], figures: Figures) -> str:
    timeline = run.timeline
    time_s = known["time_s"]
    names = (
        ("compute", "compute"),
        ("exposed", "exposed communication"),
        ("bubble", "bubble"),
        ("optimizer", "optimizer"),
    )
    rows = [
        (title, f"{seconds(time_s[key])}, {percent(time_s[key] / known['step_time_s'])}")
        for key, title in names
    ]
    moved = "communication altogether, hidden or not"
    rows.append((moved, seconds(time_s["communication"])))
    operators = operator_bars(known)
    return section(
        "Where the step goes",
        figures.figure(
            lambda tokens: step_picture(timeline, WIDE, tokens),
            "The training step",
            "Above, what becomes of each stage's time; below, how much its busiest link is used.",
        ),
        pairs(rows),
        "<h3>By operator</h3>\n",
        figures.figure(
            lambda tokens: operators.picture(WIDE, operators.needed_px(), tokens), "Operators"
        ),
        tables.operators(known),
    )


def _memory(run: Shown, known: dict[str, Any], figures: Figures) -> str:
    memory = known["memory_bytes"]
    bars = memory_bars(run.timeline)
    each = "every die holds the same" if run.timeline.stages == 1 else "one bar a pipeline stage"
    caption = (
        f"At the fullest instant, {each}; a die has {byte_count(memory['capacity'])}. The peak is "
        f"on die {_place(memory['peak_die'])} at {seconds(memory['peak_time_s'])}."
    )
    return section(
        "Memory",
        figures.figure(
            lambda tokens: bars.picture(WIDE, bars.needed_px(), tokens), "Memory by kind", caption
        ),
        tables.memory(known),
    )


def _links(run: Shown, known: dict[str, Any], figures: Figures) -> str:
    if not len(run.timeline.link_source):
        return ""
    links, columns = known["links"], link_columns(run.timeline)
    worst = f" in {links['worst_operator']}" if links.get("worst_operator") else ""
    load, bound = links["max_load_bytes"], links["bound_bytes"]
    words = (
        f"The phase that loses most to contention{worst} takes {digits(links['contention_factor'])}"
        "\u2009× as long as its slowest transfer alone would."
    )
    if bound:
        words += (
            f" Its busiest link carries {byte_count(load)}, {digits(load / bound)}\u2009× the "
            f"{byte_count(bound)} that no routing could bring it below."
        )
    return section(
        "Links",
        figures.figure(
            lambda tokens: columns.picture(WIDE, 220.0, tokens),
            "Use of the links",
            "How many directed links are used how much, averaged over the step.",
        ),
        paragraph(words),
        "<h3>The ten busiest</h3>\n",
        tables.busiest_links(run),
    )


def _mapper(known: dict[str, Any], figures: Figures) -> str:
    """How the mapper came to its placement, where it searched."""
    course = convergence_chart(known)
    if course is None:
        return ""
    return figures.figure(
        lambda tokens: course.picture(WIDE, 220.0, tokens),
        "How the mapper came to its placement",
        f"The least cost that {known['strategy']['mapper']} had found after so many moves, by its "
        "own measure (gemini: bytes × hops, blind to contention).",
    )


def _sources(known: dict[str, Any]) -> str:
    items = []
    for term in TERMS:
        entry = glossary.explain(term)
        numbers = "; ".join(f"{name}: {value}" for name, value in inputs(entry.term, known))
        formula = f"<p><code>{escape(entry.formula)}</code></p>" if entry.formula else ""
        given = f"<p>Here {escape(numbers)}.</p>" if numbers else ""
        spec = f" ({entry.spec})" if entry.spec else ""
        items.append(
            f"<details><summary>{escape(entry.term)}</summary><div>"
            f"<p>{escape(entry.sentence)}{escape(spec)}</p>{formula}{given}</div></details>\n"
        )
    body = "".join(items)
    return section("Where the figures come from", f'<div class="card">\n{body}</div>\n')


def _repeat(run: Shown, known: dict[str, Any], command: str | None) -> str:
    from tempstudio import __version__

    search = known["search"]
    made = [
        (f"{row['kind']} {row['name']}", f"{row['plugin']} {row['version']}")
        for row in known["made_by"]
    ]
    evaluated = f"{plural(search['evaluations'], 'plan')} in {seconds(search['wall_s'])}"
    rows = [
        ("TempStudio", __version__),
        *made,
        ("search", evaluated if search["evaluations"] else "none: the degrees were given"),
        ("seed", str(run.project.seed)),
        ("fingerprint of the project", run.project.fingerprint),
        ("Python", platform.python_version()),
    ]
    how = ""
    if command:
        how = paragraph("The same command gives the same figures to the last digit.")
        how += f"<pre>{escape(command)}</pre>\n"
    return section("How to repeat it", how, pairs(rows))
