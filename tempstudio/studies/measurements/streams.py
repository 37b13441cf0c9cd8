"""One streamed product by the schedules themselves: rounds, compute, transfers, hop latencies."""

from __future__ import annotations

from typing import Any

from tempstudio.core.machine import Wafer
from tempstudio.core.streaming import Schedule, duration_s, relay, ring
from tempstudio.core.streaming.rivals import Rival, folded_ring, naive_ring

# A product of Llama 2 7B's gated MLP; streamed by weight, so that a chunk is its columns / n.
INNER, COLUMNS = 4096, 11008
ELEMENT_BYTES = 2


def law_degree(tokens: int, split: int) -> float:
    """n* of SPEC 4, up to which transfers are hidden: 2 M B split / (b F)."""
    wafer = Wafer()
    rate = wafer.link.data_bytes_per_s / wafer.die.flop_per_s
    return 2 * tokens * rate * split / ELEMENT_BYTES


def streamed_product(tokens: int, stream: int, orchestration: str) -> dict[str, Any]:
    """Seconds of one product on `stream` dies, and what they would be without communication."""
    compute_s, transfer_s = _chunk_seconds(tokens, stream)
    made = _made(orchestration, stream)
    alone_s = stream * compute_s
    schedule = made if isinstance(made, Schedule) else made.schedule
    latency_s = Wafer().link.latency_s
    if isinstance(made, Schedule):
        took_s = duration_s(made, compute_s, transfer_s, latency_s)
        hops, transfers = 1 if stream > 1 else 0, made.transfers_count / made.split
    else:
        took_s = made.duration_s(compute_s, transfer_s, latency_s)
        hops, transfers = made.max_hops, float(made.link_transfers)
    return {
        "duration_s": took_s,
        "compute_s": alone_s,
        "efficiency": alone_s / took_s,
        "law_degree": law_degree(tokens, 2 if orchestration == "ring" else 1),
        "rounds": schedule.n_rounds,
        "max_hops": hops,
        "chunk_hops": transfers,
        "foreign_chunks": float(schedule.peak_foreign_chunks),
        "buffer_chunks": float(schedule.peak_buffer_chunks),
    }


def _chunk_seconds(tokens: int, stream: int) -> tuple[float, float]:
    """Of one chunk: to multiply a die's rows with it, and to send it over a link."""
    wafer = Wafer()
    flop = 2.0 * tokens / stream * INNER * COLUMNS / stream
    size = ELEMENT_BYTES * INNER * COLUMNS / stream
    return flop / wafer.die.flop_per_s, size / wafer.link.data_bytes_per_s


def _made(orchestration: str, dies: int) -> Schedule | Rival:
    """The schedule of a group of dies that lies as the orchestration wants it."""
    if orchestration == "ring" and dies > 2:
        return ring(dies)
    if orchestration in ("ring", "relay"):
        return relay(dies)
    return {"folded ring": folded_ring, "naive ring": naive_ring}[orchestration](dies)
