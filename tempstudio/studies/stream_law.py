"""How far a stream can be stretched: step time against degree and tokens, beside the law."""

from __future__ import annotations

from typing import Any

from tempstudio.scene import format as figures
from tempstudio.studies.chart import LOG2, Axis, Line, LineChart, Rule, share, whole
from tempstudio.studies.measurements.streams import law_degree, streamed_product
from tempstudio.studies.setting import Setting
from tempstudio.studies.study import (
    FAILS,
    HOLDS,
    IN_PART,
    CallTable,
    Claim,
    Study,
    SweepTable,
    Tables,
    TextTable,
    Told,
)
from tempstudio.studies.tables import distinct, where

TOKENS = (1024, 2048, 4096, 8192, 16384)
DEGREES = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64)
HUES = ("G", "W", "E", "K", "I")
STEP_TOKENS = 2**20  # of one step, however long its sequences are
HIDDEN = 0.97  # a product that reaches this share of its compute speed counts as hidden
BEST = (8, 16)  # what the paper found best
CLOSE = 1.05


def _degrees(most: int) -> list[int]:
    return [2**e for e in range(most.bit_length()) if 2**e <= most]


def tables(setting: Setting) -> tuple[CallTable | SweepTable, ...]:
    """The product by its schedule, and whole training steps on one mesh."""
    streams = _degrees(setting.most_stream)
    points: tuple[dict[str, Any], ...] = tuple(
        {"orchestration": way, "tokens": tokens, "stream": stream}
        for way in ("ring", "relay")
        for tokens in TOKENS
        for stream in DEGREES
        if stream <= setting.most_stream
    )
    rows, cols = (8, 8) if setting.most_stream == 64 else setting.meshes[0]
    training = setting.trainings[min(1, len(setting.trainings) - 1)]
    tokens = [t for t in TOKENS if t <= training.seq_len * 4]
    document = {
        "base": {
            "model": training.model,
            "machine": {"rows": rows, "cols": cols, "die": {"HBM_GB": 512}},
            "job": {"flash_attention": True},
            "strategies": {"partitioner": "tspp", "mapper": "sequential"},
        },
        "axes": {
            "strategies.partitioner.options.layout": ["weight", "auto"],
            "job": [{"seq_len": t, "global_batch": _batch(t, setting)} for t in tokens],
            "parallel": [{"stream": stream, "zero": 1} for stream in streams],
        },
        "columns": ["time_s.compute", "time_s.exposed", "job.seq_len"],
    }
    return (
        CallTable("stream-law-product", streamed_product, points),
        SweepTable("stream-law-step", (document,)),
    )


def _batch(tokens: int, setting: Setting) -> int:
    return max(setting.most_stream, STEP_TOKENS // tokens if setting.name == "full" else 8)


def tell(setting: Setting, found: Tables) -> Told:
    """The product beside n*, the step, and which degree is best."""
    product, steps = found["stream-law-product"], found["stream-law-step"]
    return Told(
        claims=(
            _law_claim(found),
            _best_claim(_by_tokens(steps, "weight"), _by_tokens(steps, "auto")),
        ),
        reading=(
            "A die multiplies its rows by one chunk while the next arrives. More dies cut rows "
            "and columns alike, so the compute of a round shrinks with the square of the degree "
            "and the chunk only with the degree itself: from some degree on the links are "
            "slower. The law of SPEC 4 says where, n* = 2 M B split / (b F).",
            "Whole steps hold more than products: attention, norms and the optimizer do not care "
            "for the degree, what is left unhidden beyond n* is paid in every layer.",
        ),
        charts=(
            _product_chart(product),
            _step_chart(steps, "weight"),
            _step_chart(steps, "auto"),
        ),
        tables=(_law_table(product),),
    )


def _product_chart(rows: Any) -> LineChart:
    ring = where(rows, orchestration="ring")
    lines = tuple(
        Line(
            f"{tokens:,} tokens (n* {law_degree(tokens, 2):.1f})",
            tuple((r["stream"], r["efficiency"]) for r in where(ring, tokens=tokens)),
            hue,
        )
        for tokens, hue in zip(TOKENS, HUES, strict=True)
    )
    marks = tuple(
        Line(
            "",
            ((law_degree(tokens, 2), 1.0),),
            hue,
            joined=False,
        )
        for tokens, hue in zip(TOKENS, HUES, strict=True)
        if law_degree(tokens, 2) <= max(r["stream"] for r in ring)
    )
    return LineChart(
        "stream-law-product",
        "One streamed product keeps its compute speed up to n*",
        Axis("stream degree n", LOG2, whole),
        Axis("share of compute speed", text=share, low=0.0, high=1.0),
        lines + marks,
        subtitle="Two-way ring, weight streamed; the dots on the upper edge are n* of each colour",
    )


def _step_chart(rows: Any, layout: str) -> LineChart:
    lines = [
        Line(f"{tokens:,} tokens", tuple(steps.items()), HUES[TOKENS.index(tokens)])
        for tokens, steps in _by_tokens(rows, layout).items()
    ]
    names = {
        "weight": "the weight always travels",
        "auto": "what travels is chosen for fewest bytes",
    }
    return LineChart(
        f"stream-law-step-{layout}",
        f"A training step against the stream degree: {names[layout]}",
        Axis("stream degree n; dp takes the other dies", LOG2, whole),
        Axis("step time, 1 = the best of its colour", LOG2, low=1.0),
        tuple(lines),
        rules=(Rule(BEST[0], "8", "x"), Rule(BEST[1], "16", "x")),
        subtitle="Tokens of one group at a time; the dashed lines are the paper's best degrees",
    )


def hidden_up_to(rows: Any) -> int:
    """The largest degree at which a product is still hidden."""
    return max(int(r["stream"]) for r in rows if r["efficiency"] >= HIDDEN)


def _law_table(rows: Any) -> TextTable:
    body = []
    for way in ("ring", "relay"):
        for tokens in TOKENS:
            mine = where(rows, orchestration=way, tokens=tokens)
            at = {r["stream"]: r["efficiency"] for r in mine}
            split = 2 if way == "ring" else 1
            shares = [figures.percent(at[n]) if n in at else "" for n in (4, 8, 16, 32, 64)]
            body.append(
                (
                    way,
                    f"{tokens:,}",
                    f"{law_degree(tokens, split):.1f}",
                    str(hidden_up_to(mine)),
                    *shares,
                )
            )
    return TextTable(
        "Share of compute speed that one product keeps; hidden means at least "
        f"{figures.percent(HIDDEN)}",
        ("on a", "tokens", "n*", "hidden to", "n = 4", "8", "16", "32", "64"),
        tuple(body),
    )


def _law_claim(found: Tables) -> Claim:
    """The law is wrong where a product below n* is not hidden, or one well above it is."""
    rows = found["stream-law-product"]
    below = [r for r in rows if r["stream"] <= 0.85 * r["law_degree"]]
    above = [r for r in rows if r["stream"] >= 1.15 * r["law_degree"] and r["stream"] > 1]
    wrong = [r for r in below if r["efficiency"] < 0.999]
    wrong += [r for r in above if r["efficiency"] > 0.999]
    return Claim(
        "Streaming is hidden while n <= 2 M B split / (b F)",
        f"{len(below) + len(above) - len(wrong)} of {len(below) + len(above)} products more than "
        "15 % away from n* lie on the side that it says",
        HOLDS if not wrong else IN_PART,
        "The law leaves out the 200 ns of each hop: where rounds are as short as that, a product "
        "falls behind a little earlier."
        if wrong
        else "The hop latency of 200 ns, which the law leaves out, matters only close to n*.",
    )


def _by_tokens(rows: Any, layout: str) -> dict[int, dict[int, float]]:
    """By tokens of a group and degree: the step over the fastest with these tokens."""
    chosen = where(rows, **{"strategies.partitioner.options.layout": layout})
    found = {}
    for tokens in distinct(chosen, "job.seq_len"):
        mine = [r for r in where(chosen, **{"job.seq_len": tokens}) if r["step_time_s"]]
        if mine:
            least = min(r["step_time_s"] for r in mine)
            found[tokens] = {r["stream"]: r["step_time_s"] / least for r in mine}
    return found


def _free(steps: dict[int, float]) -> int:
    """The largest degree up to which no step is more than 5 % slower than the fastest."""
    degrees = sorted(steps)
    return max(n for n in degrees if all(steps[m] <= CLOSE for m in degrees if m <= n))


def _best_claim(weight: dict[int, dict[int, float]], auto: dict[int, dict[int, float]]) -> Claim:
    asked = {t: steps for t, steps in weight.items() if 4096 <= t <= 8192} or weight
    fastest = {t: min(steps, key=lambda n: steps[n]) for t, steps in asked.items()}
    free = {t: _free(steps) for t, steps in asked.items()}
    if all(BEST[0] <= n <= BEST[1] for n in fastest.values()):
        verdict = HOLDS
    elif all(BEST[0] <= n <= BEST[1] for n in free.values()):
        verdict = IN_PART
    else:
        verdict = FAILS
    widest = max(max(steps.values()) for steps in asked.values())
    said = "; ".join(
        f"{t:,} tokens: fastest at {fastest[t]}, at most 5 % slower up to {free[t]}" for t in asked
    )
    chosen = ", ".join(f"{_free(steps)} at {t:,}" for t, steps in auto.items())
    return Claim(
        "The best stream degree is 8 to 16 for some 4,000 to 8,000 tokens",
        f"with the weight travelling, {said}; with the operand chosen, at most 5 % slower up to "
        f"{chosen}",
        verdict,
        "Time alone does not ask for a stream: with the memory given here, replicas on every die "
        "are as fast. Up to n* a higher degree costs a few per cent and divides what a die "
        f"holds; past it the step grows up to {figures.digits(widest)}-fold. So 8 to 16 is the "
        "most that comes nearly free, and the best where memory or the batch asks for it; "
        "choosing the operand that travels widens that range.",
    )


STUDY = Study(
    name="stream-law",
    title="How far a stream can be stretched",
    question="Up to which degree does streaming hide its transfers, and which degree is best?",
    method=(
        "One product of Llama 2 7B's MLP (4,096 x 11,008) by the schedules alone; then training "
        "steps of the whole model on 8 x 8 dies with stream n and dp 64/n, ZeRO 1, about a "
        "million tokens a step. The dies are given 512 GB, so that every degree can be timed; "
        "what fits is another study's question."
    ),
    tables=tables,
    tell=tell,
)
