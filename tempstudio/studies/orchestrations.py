"""Four ways to pass chunks round: the line's relay, two rings laid on a line, and a true ring."""

from __future__ import annotations

from typing import Any

from tempstudio.scene import format as figures
from tempstudio.studies.chart import LOG2, LOG10, Axis, Line, LineChart, whole
from tempstudio.studies.measurements.streams import streamed_product
from tempstudio.studies.setting import Setting
from tempstudio.studies.study import (
    HOLDS,
    IN_PART,
    SHOWN,
    CallTable,
    Claim,
    Study,
    Tables,
    TextTable,
    Told,
)
from tempstudio.studies.tables import only, where

WAYS = {"ring": "I", "relay": "K", "folded ring": "E", "naive ring": "G"}
NAMES = {
    "ring": "Hamiltonian ring, both ways",
    "relay": "line, bidirectional relay",
    "folded ring": "line, folded ring",
    "naive ring": "line, naive ring",
}
TOKENS = 4096
SHOWN_DEGREES = (4, 8, 16, 32, 64)


def tables(setting: Setting) -> tuple[CallTable, ...]:
    """Every way at every even degree (a true ring needs an even side)."""
    degrees = [n for n in (2, 4, 6, 8, 12, 16, 24, 32, 48, 64) if n <= setting.most_stream]
    points = tuple(
        {"orchestration": way, "tokens": TOKENS, "stream": n} for way in WAYS for n in degrees
    )
    return (CallTable("orchestrations", streamed_product, points),)


def tell(setting: Setting, found: Tables) -> Told:
    """Time, hops and buffers of the four."""
    rows = found["orchestrations"]
    return Told(
        claims=_claims(rows),
        reading=(
            "All of them take n rounds in which no die is idle, and none sends more than a chunk "
            "over a link in a round. What differs is how far a step reaches, how much a link "
            "carries, and what a die must hold.",
            "The ring over a Hamiltonian cycle sends half a chunk each way, so its transfers "
            "last half as long: it stays hidden to twice the degree. A line has no such cycle; "
            "the relay keeps every hop at one for two more chunks of buffer.",
        ),
        charts=(_speed_chart(rows), _hop_chart(rows)),
        tables=(_table(rows),),
    )


def _points(rows: Any, way: str, column: str) -> tuple[tuple[float, float], ...]:
    return tuple((r["stream"], r[column]) for r in where(rows, orchestration=way))


def _speed_chart(rows: Any) -> LineChart:
    return LineChart(
        "orchestrations-time",
        "Time of one streamed product by the way its chunks travel",
        Axis("dies in the group", LOG2, whole),
        Axis("time of the product", LOG10, text=figures.seconds),
        (
            *(Line(NAMES[w], _points(rows, w, "duration_s"), hue) for w, hue in WAYS.items()),
            Line("compute alone", _points(rows, "ring", "compute_s"), "P", dashed=True, dots=False),
        ),
        subtitle=f"{TOKENS:,} tokens, 4,096 x 11,008, default wafer (4 TB/s, 200 ns a hop)",
    )


def _hop_chart(rows: Any) -> LineChart:
    return LineChart(
        "orchestrations-hops",
        "Links that chunks cross in all: what costs energy",
        Axis("dies in the group", LOG2, whole),
        Axis("chunks x links a die", LOG2, whole),
        tuple(
            Line(
                NAMES[way],
                tuple((n, hops / n) for n, hops in _points(rows, way, "chunk_hops") if hops),
                hue,
            )
            for way, hue in WAYS.items()
        ),
    )


def _table(rows: Any) -> TextTable:
    body = []
    for way in WAYS:
        for n in SHOWN_DEGREES:
            row = only(rows, orchestration=way, stream=n)
            if row:
                body.append(
                    (
                        NAMES[way],
                        str(n),
                        figures.seconds(row["duration_s"]),
                        figures.percent(row["efficiency"]),
                        str(row["max_hops"]),
                        figures.digits(row["chunk_hops"]),
                        figures.digits(row["foreign_chunks"]),
                        figures.digits(row["buffer_chunks"]),
                    )
                )
    return TextTable(
        "Buffers in chunks: foreign ones held at once, and with those arriving",
        ("way", "dies", "time", "of compute speed", "longest step [hops]", "chunks x links",
         "held", "with arriving"),
        tuple(body),
    )  # fmt: skip


def _claims(rows: Any) -> tuple[Claim, ...]:
    relays = where(rows, orchestration="relay")
    rings = where(rows, orchestration="ring")
    held = max(r["foreign_chunks"] for r in relays)
    largest = max(r["stream"] for r in relays)
    ring, relay = rings[-1], relays[-1]
    naive, folded = (
        only(rows, orchestration=w, stream=largest) for w in ("naive ring", "folded ring")
    )
    assert naive is not None
    assert folded is not None
    return (
        Claim(
            "Every transfer of the relay is one hop, and a line holds no more than two foreign "
            "chunks",
            f"one hop at every degree; at most {held:g} chunks held",
            HOLDS if held <= 2 and all(r["max_hops"] == 1 for r in relays if r["stream"] > 1)
            else IN_PART,
            "The schedules are found by exact search up to 32 dies and by construction beyond; "
            "the rules are checked on each of them.",
        ),
        Claim(
            "none that may be cited: the relay against rings laid on a line",
            f"at {largest} dies the naive ring takes "
            f"{naive['duration_s'] / relay['duration_s']:.2f} and the folded ring "
            f"{folded['duration_s'] / relay['duration_s']:.2f} times the relay's time; a ring "
            f"over a cycle takes {ring['duration_s'] / relay['duration_s']:.2f} times",
            SHOWN,
            "Both rings keep one chunk to a link, so they share the relay's bandwidth and lose "
            f"only hop latencies: {naive['max_hops']} and {folded['max_hops']} a round in place "
            "of one. The large step is to a true ring, which halves what a link carries.",
        ),
    )  # fmt: skip


STUDY = Study(
    name="orchestrations",
    title="Line relay, folded ring, naive ring, Hamiltonian ring",
    question="What does the way in which chunks travel cost in time, hops and buffers?",
    method=(
        "The same product by four schedules: on a cycle of dies in both directions, on a line by "
        "the bidirectional relay, and on a line by two one-way rings (0, 1, ..., n-1, whose last "
        "step goes back over all links, and the folded 0, 2, 4, ..., 5, 3, 1)."
    ),
    tables=tables,
    tell=tell,
)
