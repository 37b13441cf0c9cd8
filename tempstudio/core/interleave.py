"""The order in which pipeline stages work: 1F1B, plain or interleaved.

Narayanan et al. 2021 (arXiv:2104.04473), section 2.2: a stage warms up with as many forwards as
keep the stages behind it busy, then alternates one forward with one backward, then drains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tempstudio.core.errors import InputError


@dataclass(frozen=True, slots=True)
class Turn:
    """One pass of one micro-batch through one model chunk of a stage."""

    forward: bool
    chunk: int
    micro_batch: int


def check_interleave(stages: int, chunks: int, micro_batches: int) -> None:
    """`InputError` where several model chunks a stage cannot take turns with these micro-batches.

    >>> check_interleave(stages=2, chunks=2, micro_batches=4)
    """
    if chunks > 1 and micro_batches % stages:
        raise InputError(
            f"parallel.interleave: found {chunks}, allowed: 1 where the {micro_batches} "
            f"micro-batches are no multiple of pp ({stages})"
        )


def turns(stage: int, stages: int, chunks: int, micro_batches: int) -> list[Turn]:
    """The turns of one stage in order.

    >>> [("F" if t.forward else "B") + str(t.micro_batch) for t in turns(0, 2, 1, 3)]
    ['F0', 'F1', 'B0', 'F2', 'B1', 'B2']
    """
    check_interleave(stages, chunks, micro_batches)
    total = micro_batches * chunks
    if chunks == 1:
        warm = min(total, stages - stage - 1)
    elif micro_batches == stages:
        warm = total
    else:
        warm = min(total, 2 * (stages - stage - 1) + (chunks - 1) * stages)
    forwards = [_turn(True, k, stages, chunks) for k in range(total)]
    backwards = [_turn(False, k, stages, chunks) for k in range(total)]
    order = forwards[:warm]
    for k in range(total - warm):
        order += [forwards[warm + k], backwards[k]]
    return order + backwards[total - warm :]


def _turn(forward: bool, k: int, stages: int, chunks: int) -> Turn:
    if chunks == 1:
        return Turn(forward, 0, k)
    round_, place = divmod(k, stages * chunks)
    chunk = place // stages
    return Turn(forward, chunk if forward else chunks - 1 - chunk, round_ * stages + place % stages)


def start_times(
    orders: Sequence[Sequence[Turn]], duration_s: Sequence[Sequence[tuple[float, float, float]]]
) -> list[list[float]]:
    """When every turn of every stage starts.

    `duration_s[stage][chunk]` is (forward, backward, backward of the last micro-batch).  A forward
    waits for the same micro-batch in the model chunk before it, a backward for the one after it
    and, in the last, for its own forward.
    """
    stages, chunks = len(orders), len(duration_s[0])
    micro_batches = 1 + max(turn.micro_batch for turn in orders[0])
    done: dict[tuple[bool, int, int], float] = {}
    starts: list[list[float]] = [[] for _ in orders]
    free = [0.0] * stages
    place = [0] * stages
    left = sum(len(order) for order in orders)
    while left:
        moved = False
        for stage, order in enumerate(orders):
            while place[stage] < len(order):
                turn = order[place[stage]]
                model_chunk = turn.chunk * stages + stage
                before = waits_for(turn, model_chunk, stages * chunks)
                if before is not None and before not in done:
                    break
                start = max(free[stage], done[before] if before is not None else 0.0)
                times = duration_s[stage][turn.chunk]
                last = turn.micro_batch == micro_batches - 1
                length = times[0] if turn.forward else times[2 if last else 1]
                free[stage] = done[turn.forward, model_chunk, turn.micro_batch] = start + length
                starts[stage].append(start)
                place[stage] += 1
                left -= 1
                moved = True
        if not moved:
            raise AssertionError("the pipeline order waits for itself")
    return starts


def waits_for(turn: Turn, model_chunk: int, chunks: int) -> tuple[bool, int, int] | None:
    """(forward, model chunk, micro-batch) of the turn that must have ended before; None: none."""
    if turn.forward:
        return (True, model_chunk - 1, turn.micro_batch) if model_chunk else None
    if model_chunk == chunks - 1:
        return True, model_chunk, turn.micro_batch
    return False, model_chunk + 1, turn.micro_batch
