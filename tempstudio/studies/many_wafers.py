"""Two to six wafers in a chain, models of up to 500 billion parameters."""

from __future__ import annotations

from tempstudio.scene import format as figures
from tempstudio.studies.chart import Axis, Line, LineChart, whole
from tempstudio.studies.pairs import Pair, pair_of, strategies
from tempstudio.studies.setting import Setting
from tempstudio.studies.study import SHOWN, Claim, Row, Study, SweepTable, Tables, TextTable, Told
from tempstudio.studies.tables import degrees_text, where

MODELS = (
    ("GPT-3 175B", "gpt3-175b", "I"),
    ("Llama 3.1 405B", "llama3.1-405b", "W"),
    ("GPT of 504B", "gpt-504b.json", "K"),
)
WAFERS = (2, 3, 4, 5, 6)
OURS, RIVAL = ("tspp", "sequential"), ("megatron3", "sequential")


def tables(setting: Setting) -> tuple[SweepTable, ...]:
    """Each model on each chain with and without streams, degrees searched."""
    full = setting.name == "full"
    models = [model for _, model, _ in MODELS] if full else [setting.trainings[0].model]
    rows, cols = (6, 8) if full else setting.meshes[0]
    job = {"seq_len": 2048, "global_batch": 128} if full else setting.trainings[0].job
    document = {
        "base": {
            "machine": {"rows": rows, "cols": cols},
            "job": {**job, "flash_attention": True},
            "strategies": {"solver": setting.solver},
        },
        "axes": {
            "machine.wafers": list(WAFERS if full else (2, 3)),
            "model": models,
            "strategies": [strategies(pair) for pair in (OURS, RIVAL)],
        },
        "columns": ["time_s.bubble", "time_s.exposed"],
    }
    return (SweepTable("many-wafers", (document,)),)


def tell(setting: Setting, found: Tables) -> Told:
    """Throughput by wafers with and without streams, and what fits at all."""
    rows = [row for row in found["many-wafers"] if row["step_time_s"]]
    return Told(
        claims=(_claim(rows),),
        reading=(
            "A stage holds its share of the layers, so each wafer more leaves room for replicas: "
            "up to some point throughput grows faster than the dies, because degrees that did "
            "not fit now do. Then the bubble of the pipeline and the smaller batch a replica "
            "take over. Only activations cross between wafers, 9 TB/s is ample for them.",
            "Stages interleave their model chunks only where the micro-batches are a multiple of "
            "the stages. 128 sequences seldom are of 3, 5 or 6, so plans that live by a short "
            "bubble do best on 2 and 4 wafers.",
        ),
        charts=(_chart(rows),),
        tables=(_table(rows),),
    )


def _models(rows: list[Row]) -> list[tuple[str, str, str]]:
    known = [known for known in MODELS if where(rows, model=known[1])]
    return known or [(str(rows[0]["model"]), str(rows[0]["model"]), "I")]


def _by_wafers(rows: list[Row], model: str, pair: Pair) -> dict[int, Row]:
    """The row of a strategy by wafers, whether it fits or not."""
    mine = [row for row in where(rows, model=model) if pair_of(row) == pair]
    return {row["machine.wafers"]: row for row in mine}


def _fitting(rows: list[Row], model: str, pair: Pair) -> dict[int, Row]:
    return {n: row for n, row in _by_wafers(rows, model, pair).items() if row["fits"]}


def _chart(rows: list[Row]) -> LineChart:
    lines = []
    for label, model, hue in _models(rows):
        for pair in (OURS, RIVAL):
            found = _fitting(rows, model, pair)
            points = tuple((n, row["tokens_per_s"] / 1e3) for n, row in found.items())
            if points:
                lines.append(Line(f"{label}, {pair[0]}", points, hue, dashed=pair == RIVAL))
    return LineChart(
        "many-wafers",
        "Chains of wafers, pipeline stages along them",
        Axis("wafers of 48 dies", text=whole, low=2, high=6),
        Axis("thousand tokens a second", low=0.0),
        tuple(lines),
        subtitle="Each strategy with its own best degrees; what does not fit has no dot",
    )


def _claim(rows: list[Row]) -> Claim:
    gains, fits = [], []
    for label, model, _ in _models(rows):
        streamed, plain = (_fitting(rows, model, pair) for pair in (OURS, RIVAL))
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
        measured += f"; tspp is {low} to {high} times as fast as megatron3"
    return Claim(
        "none that may be cited",
        measured,
        SHOWN,
        "Large models need many dies for one copy of their states; whoever divides these by a "
        "tensor split alone pays two collectives a layer, streams hide what they move.",
    )


def _table(rows: list[Row]) -> TextTable:
    body: list[tuple[str, ...]] = []
    for label, model, _ in _models(rows):
        tried = {pair: _by_wafers(rows, model, pair) for pair in (OURS, RIVAL)}
        for count in sorted({n for by_wafers in tried.values() for n in by_wafers}):
            for pair, by_wafers in tried.items():
                head = (label, str(count), pair[0])
                body.append((*head, *_cells(by_wafers.get(count))))
    columns = ("model", "wafers", "", "degrees", "throughput", "MFU", "bubble", "memory")
    return TextTable("The best plan of each", columns, tuple(body))


def _cells(row: Row | None) -> tuple[str, ...]:
    """Degrees, throughput, MFU, bubble and memory; only the memory of what does not fit."""
    if row is None:
        return ("no plan", "", "", "", "")
    memory = figures.byte_count(row["memory_peak_bytes"])
    if not row["fits"]:
        return (f"{degrees_text(row)} (does not fit)", "", "", "", memory)
    return (
        degrees_text(row),
        figures.si(row["tokens_per_s"], "tokens/s"),
        figures.percent(row["mfu"]),
        figures.percent(row["time_s.bubble"] / row["step_time_s"]),
        memory,
    )


STUDY = Study(
    name="many-wafers",
    title="Two to six wafers",
    question="How do chains of wafers carry models that one cannot hold?",
    method=(
        "Chains of 6 x 8 wafers, batch 128 at 2,048 tokens, tspp and megatron3, both placed row "
        "by row, degrees searched: pipeline stages, too. The "
        "model of 504 billion parameters is GPT-3's shape at width 20,480 and 100 layers."
    ),
    tables=tables,
    tell=tell,
)
