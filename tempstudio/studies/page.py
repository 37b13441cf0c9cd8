"""The evaluation as one HTML page: charts inside, light and dark, nothing loaded from anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from tempstudio.scene.tokens import DARK, LIGHT, Tokens
from tempstudio.scene.typeface import FAMILIES
from tempstudio.studies.chart_svg import style_sheet, svg_of
from tempstudio.studies.markdown import anchor, numeric, ratio_text
from tempstudio.studies.setting import Setting
from tempstudio.studies.study import FAILS, HOLDS, IN_PART, Claim, Section, TextTable

VERDICTS = {HOLDS: "ok", IN_PART: "warning", FAILS: "error"}

STYLE = """
*{box-sizing:border-box}
html{scroll-behavior:smooth}
body{margin:0;background:var(--window);color:var(--text);font:15px/1.55 FAMILIES;
font-variant-numeric:tabular-nums}
main,header>div{max-width:960px;margin:0 auto;padding:0 24px}
header{background:var(--surface);border-bottom:1px solid var(--hairline);padding:36px 0 24px}
h1{font-size:30px;line-height:1.2;margin:0 0 12px;font-weight:650}
h2{font-size:21px;line-height:1.3;margin:56px 0 6px;font-weight:650}
p{margin:10px 0;max-width:72ch}
a{color:var(--accent);text-decoration:none}
a:hover{text-decoration:underline}
.question{color:var(--muted);font-size:16px;margin-top:0}
.method{color:var(--muted)}
figure{margin:20px 0;background:var(--surface);border:1px solid var(--hairline);border-radius:6px;
padding:8px;overflow-x:auto}
figure svg{display:block;width:100%;height:auto;min-width:640px}
.claim{background:var(--surface);border:1px solid var(--hairline);
border-left:4px solid var(--control);
border-radius:4px;padding:12px 16px;margin:12px 0}
.claim p{margin:4px 0}
.ok{border-left-color:var(--ok)}.warning{border-left-color:var(--warning)}
.error{border-left-color:var(--error)}
.verdict{font-weight:600;white-space:nowrap}
.verdict.ok{color:var(--ok)}.verdict.warning{color:var(--warning)}.verdict.error{color:var(--error)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:0 0 8px}
dt{color:var(--muted)}dd{margin:0}
.scroll{overflow-x:auto;margin:16px 0}
table{border-collapse:collapse;width:100%;background:var(--surface);font-size:13.5px}
caption{text-align:left;color:var(--muted);padding:0 0 6px}
th,td{padding:5px 10px;border-bottom:1px solid var(--hairline);text-align:left;vertical-align:top}
th{font-weight:600;color:var(--muted);white-space:nowrap}
td.n,th.n{text-align:right;white-space:nowrap}
footer{color:var(--muted);font-size:13px;padding:40px 0}
@media print{body{background:#fff}figure,.claim{break-inside:avoid}}
"""


def page_of(sections: Sequence[Section], setting: Setting) -> str:
    """The whole page."""
    small = "" if setting.name == "full" else f"<p>In small ({escape(setting.name)}).</p>"
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>TempStudio: the evaluation</title><style>{_style()}</style></head><body>",
            "<header><div><h1>The evaluation</h1>",
            "<p>What tensor streaming, traffic-conscious mapping and dual-level solving buy, and "
            "where they do not: computed by TempStudio, beside what was published in "
            '<a href="https://arxiv.org/abs/2512.14256">TEMP</a> (Wang et al., HPCA 2026). A claim '
            f"that does not hold is reported as not holding.</p>{small}</div></header><main>",
            *_summary(sections),
            *(part for section in sections for part in _section(section)),
            "<footer>Written by <code>make study</code>, which repeats all of it with the same "
            "seeds.</footer></main></body></html>",
            "",
        ]
    )


def _style() -> str:
    dark = "@media(prefers-color-scheme:dark){:root{" + _variables(DARK) + "}}"
    base = ":root{" + _variables(LIGHT) + "}" + dark
    return base + STYLE.replace("FAMILIES", FAMILIES).replace("\n", "") + style_sheet()


def _variables(theme: Tokens) -> str:
    names = ("window", "surface", "hairline", "control", "text", "muted", "accent")
    states = ("warning", "error", "ok")
    return "".join(f"--{name}:{getattr(theme, name)};" for name in (*names, *states))


def _summary(sections: Sequence[Section]) -> Iterator[str]:
    yield '<div class="scroll" style="margin-top:28px"><table><thead><tr><th>study</th>'
    yield '<th>published</th><th>measured</th><th class="n">ratio</th><th></th></tr></thead><tbody>'
    for section in sections:
        for claim in section.told.claims:
            title = section.study.title
            yield (
                f'<tr><td><a href="#{anchor(title)}">{escape(title)}</a></td>'
                f"<td>{escape(claim.published)}</td><td>{escape(claim.measured)}</td>"
                f'<td class="n">{ratio_text(claim)}</td><td>{_verdict(claim)}</td></tr>'
            )
    yield "</tbody></table></div>"


def _verdict(claim: Claim) -> str:
    return f'<span class="verdict {VERDICTS.get(claim.verdict, "")}">{claim.verdict}</span>'


def _section(section: Section) -> Iterator[str]:
    study, told = section.study, section.told
    yield f'<section id="{anchor(study.title)}"><h2>{escape(study.title)}</h2>'
    yield f'<p class="question">{escape(study.question)}</p>'
    yield from (_claim(claim) for claim in told.claims)
    yield from (f"<p>{escape(text)}</p>" for text in told.reading)
    yield from (f"<figure>{svg_of(chart, alone=False)}</figure>" for chart in told.charts)
    yield from (_table(table) for table in told.tables)
    yield f'<p class="method">{escape(study.method)}</p></section>'


def _claim(claim: Claim) -> str:
    ratio = f"<dt>ratio</dt><dd>{ratio_text(claim)}</dd>" if claim.ratio is not None else ""
    return (
        f'<div class="claim {VERDICTS.get(claim.verdict, "")}"><dl><dt>published</dt>'
        f"<dd>{escape(claim.published)}</dd>"
        f"<dt>measured</dt><dd>{escape(claim.measured)}</dd>{ratio}</dl>"
        f"<p>{_verdict(claim)}. {escape(claim.why)}</p></div>"
    )


def _table(table: TextTable) -> str:
    kinds = [' class="n"' if numeric(table, i) else "" for i in range(len(table.columns))]
    head = "".join(
        f"<th{kind}>{escape(name)}</th>" for kind, name in zip(kinds, table.columns, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(f"<td{kind}>{escape(cell)}</td>" for kind, cell in zip(kinds, row, strict=True))
        + "</tr>"
        for row in table.rows
    )
    return (
        f'<div class="scroll"><table><caption>{escape(table.caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
