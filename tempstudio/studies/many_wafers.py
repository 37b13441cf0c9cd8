"""Two to six wafers in a chain, a pipeline stage on each, models of up to 500 billion "
"parameters."""

from __future__ import annotations

from tempstudio.scene import format as figures
from tempstudio.studies.chart import Axis, Line, LineChart, whole
from tempstudio.studies.setting import Setting
from tempstudio.studies.study import SHOWN, Claim, Row, Study, SweepTable, Tables, TextTable, Told
from tempstudio.studies.tables import degrees_text, fastest, where

MODELS = (
    ("GPT-3 175B", "gpt3-175b", "I"),
    ("Llama 3.1 405B", "llama3.1-405b", "W"),
    ("GPT of 504B", "gpt-504b.json", "K"),
)
WAFERS = (2, 3, 4, 5, 6)
STAGE = (  # (dp, tp, stream) that fill a wafer of 48 dies
    (6, 1, 8), (3, 1, 16), (1, 1, 48), (3, 2, 8), (1, 2, 24), (6, 2, 4), (3, 4, 4), (3, 8, 2),
    (6, 8, 1), (3, 16, 1), (12, 4, 1), (12, 1, 4), (2, 24, 1), (1, 48, 1), (1, 32, 1), (1, 40, 1),
)  # fmt: skip


def tables(setting: Setting) -> tuple[SweepTable, ...]:
    """Each model on each chain by each division of a stage's dies."""
    full = setting.name == "full"
    models = [model for _, model, _ in MODELS] if full else [setting.trainings[0].model]
    wafers = WAFERS if full else (2, 3)
    stages = STAGE if full else ((1, 1, 4), (2, 1, 2), (2, 2, 1))
    rows, cols = (6, 8) if full else setting.meshes[0]
    job = {"seq_len": 2048, "global_batch": 128} if full else setting.trainings[0].job
    documents = tuple(
        {
            "base": {
                "machine": {"rows": rows, "cols": cols, "wafers": count},
                "job": {**job, "flash_attention": True},
                "strategies": {"partitioner": "tspp", "mapper": "sequential"},
            },
            "axes": {
                "model": models,
                "parallel": [
                    {"pp": count, "dp": dp, "tp": tp, "stream": n, "zero": zero}
                    for dp, tp, n in stages
                    for zero in ((1, 3) if dp > 1 else (0,))
                ],
            },
            "columns": ["machine.wafers", "time_s.bubble", "time_s.exposed"],
        }
        for count in wafers
    )
    return (SweepTable("many-wafers", documents),)


def tell(setting: Setting, found: Tables) -> Told:
    """Throughput by wafers with and without streams, and what fits at all."""
    rows = [row for row in found["many-wafers"] if row["pp"]]
    return Told(
        claims=(_claim(rows),),
        reading=(
            "A stage holds its share of the layers, so each wafer more leaves room for replicas: "
            "up to some point throughput grows faster than the dies, because degrees that did "
            "not fit now do. Then the bubble of the pipeline and the smaller batch a replica "
            "take over. Only activations cross between wafers, 9 TB/s is ample for them.",
        ),
        charts=(_chart(rows),),
        tables=(_table(rows),),
    )


def _models(rows: list[Row]) -> list[tuple[str, str, str]]:
    known = [known for known in MODELS if where(rows, model=known[1])]
    return known or [(str(rows[0]["model"]), str(rows[0]["model"]), "I")]


def _best(rows: list[Row], model: str, streamed: bool) -> dict[int, Row]:
    """The fastest fitting row by wafers."""
    best = {}
    for count in sorted({row["pp"] for row in rows}):
        mine = [r for r in where(rows, model=model, pp=count) if (r["stream"] > 1) == streamed]
        row = fastest(mine)
        if row is not None:
            best[count] = row
    return best


def _chart(rows: list[Row]) -> LineChart:
    lines = []
    for label, model, hue in _models(rows):
        for streamed, said in ((True, "streams"), (False, "none")):
            best = _best(rows, model, streamed)
            points = tuple((n, row["tokens_per_s"] / 1e3) for n, row in best.items())
            if points:
                lines.append(Line(f"{label}, {said}", points, hue, dashed=not streamed))
    return LineChart(
        "many-wafers",
        "Chains of wafers, a pipeline stage on each",
        Axis("wafers of 48 dies", text=whole, low=2, high=6),
        Axis("thousand tokens a second", low=0.0),
        tuple(lines),
        subtitle="The best degrees with tensor streams and with none (Megatron with split norms); "
        "what does not fit has no dot",
    )


def _claim(rows: list[Row]) -> Claim:
    gains, fits = [], []
    for label, model, _ in _models(rows):
        streamed, plain = _best(rows, model, True), _best(rows, model, False)
        gains += [
            row["tokens_per_s"] / plain[n]["tokens_per_s"]
            for n, row in streamed.items()
            if n in plain
        ]
        if streamed:
            fits.append(f"{label} from {min(streamed)} wafers on")
    measured = f"fits: {', '.join(fits) or 'nothing'}"
    if gains:
        low, high = figures.digits(min(gains)), figures.digits(max(gains))
        measured += f"; streams are {low} to {high} times as fast as the best plan without"
    return Claim(
        "none that may be cited",
        measured,
        SHOWN,
        "Large models need many dies for one copy of their states; whoever divides these by a "
        "tensor split alone pays two collectives a layer, streams hide what they move.",
    )


def _table(rows: list[Row]) -> TextTable:
    body = []
    for label, model, _ in _models(rows):
        for count in sorted({row["pp"] for row in rows}):
            for streamed, said in ((True, "streams"), (False, "none")):
                row = _best(rows, model, streamed).get(count)
                if row is None:
                    least = min(
                        (r["memory_peak_bytes"] for r in where(rows, model=model, pp=count)
                         if (r["stream"] > 1) == streamed), default=0.0,
                    )  # fmt: skip
                    text = f"does not fit: at least {figures.byte_count(least)} a die"
                    body.append((label, str(count), said, text, "", "", "", ""))
                    continue
                body.append(
                    (
                        label,
                        str(count),
                        said,
                        degrees_text(row),
                        figures.si(row["tokens_per_s"], "tokens/s"),
                        figures.percent(row["mfu"]),
                        figures.percent(row["time_s.bubble"] / row["step_time_s"]),
                        figures.byte_count(row["memory_peak_bytes"]),
                    )
                )
    columns = ("model", "wafers", "", "degrees", "throughput", "MFU", "bubble", "memory")
    return TextTable("The best with streams and with none", columns, tuple(body))


STUDY = Study(
    name="many-wafers",
    title="Two to six wafers",
    question="How do chains of wafers carry models that one cannot hold?",
    method=(
        "Chains of 6 x 8 wafers, as many pipeline stages, batch 128 at 2,048 tokens; within a "
        "stage sixteen divisions of the 48 dies under tspp, mapped row by row, with ZeRO 1 and 3 "
        "over the replicas. The model of 504 billion parameters is GPT-3's shape at width 20,480 "
        "and 100 layers."
    ),
    tables=tables,
    tell=tell,
)
