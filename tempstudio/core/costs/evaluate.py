"""Figures of many candidates at once: gathered rows, sums over lanes, formulas over passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tempstudio.core.costs.book import (
    ALONE,
    BESIDE,
    BUFFER,
    COMPUTE,
    HBM_BYTES,
    JOULE_BITS,
    MOVING,
    FloatArray,
    IntArray,
)
from tempstudio.core.costs.program import PASSES, Program
from tempstudio.core.costs.roofline import slowed
from tempstudio.core.costs.step_time import beside, pipeline_seconds
from tempstudio.core.costs.table import Place, Table
from tempstudio.core.machine import Machine

BITS = 8


@dataclass(frozen=True, eq=False)
class Entry:
    """A candidate ready to be costed: its program, and the mesh of each stage."""

    program: Program
    places: tuple[Place, ...]


def figures(entries: Sequence[Entry], table: Table, machine: Machine) -> FloatArray:
    """Seconds, bytes of the fullest die, joules [entries, 3]."""
    gathered = [_rows(entry, table) for entry in entries]
    programs = [entry.program for entry in entries]
    costs = table.costs[np.concatenate([rows for rows, _ in gathered])]
    pairs = table.pairs[np.concatenate([pairs for _, pairs in gathered])]
    sizes = [len(program.rows) for program in programs]
    offset = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    lanes = np.concatenate(
        [program.lanes + first for program, first in zip(programs, offset, strict=True)]
    )
    columns = {
        name: np.concatenate([getattr(program, name) for program in programs])
        for name in ("repeat", "counts", "fill", "flop", "hbm_bytes", "saved", "transient", "floor")
    }
    segments = np.array([program.segments for program in programs])
    first_segment = np.concatenate([[0], np.cumsum(segments)[:-1]])
    duration = _segment_seconds(costs, pairs, lanes, table)
    passes = np.concatenate(
        [program.passes + first for program, first in zip(programs, first_segment, strict=True)]
    )
    seconds = _step_seconds(programs, np.add.reduceat(duration * columns["repeat"], passes))
    peaks = _peaks(costs, lanes, duration, columns)
    states = np.array([max(program.states) for program in programs])
    memory = np.maximum.reduceat(peaks, first_segment) + states
    energy = _joules(costs, lanes, columns, programs, first_segment, machine)
    energy += machine.die.idle_w * machine.alive_count * seconds
    return np.stack([seconds, memory, energy], axis=1)


def _rows(entry: Entry, table: Table) -> tuple[IntArray, IntArray]:
    """Rows of costs and of pairs for every phase of a program."""
    program, places = entry.program, entry.places
    if len(places) == 1:
        rows = table.rows(program.rows, places[0])
        chosen = places * len(program.chunk_rows)
    else:
        stages = len(places)
        edges = program.chunk_rows.tolist()
        chosen = tuple(places[chunk % stages] for chunk in range(len(edges) - 1))
        rows = np.concatenate(
            [
                table.rows(program.rows[edges[k] : edges[k + 1]], place)
                for k, place in enumerate(chosen)
            ]
        )
    pairs = np.zeros(len(rows), dtype=np.int64)
    for first, end, background, chunk in program.contended:
        numbers = program.rows[first:end]
        pairs[first:end] = table.pair_rows(numbers, background, chosen[chunk])
    return rows, pairs


def _segment_seconds(
    costs: FloatArray, pairs: FloatArray, lanes: IntArray, table: Table
) -> FloatArray:
    moving = costs[:, MOVING] * pairs[:, 0]
    shared = np.where(
        costs[:, BESIDE] > 0.0, np.maximum(costs[:, ALONE], moving), costs[:, COMPUTE] + moving
    )
    progress = shared - moving * (1.0 - 1.0 / pairs[:, 1])
    stacked = np.stack([costs[:, ALONE], shared, progress, costs[:, COMPUTE]], axis=1)
    sums = np.add.reduceat(stacked, lanes)
    front, back_s = sums[0::2], sums[1::2, 0]
    more = np.zeros(len(front))
    if table.book.die.communication_units:
        more = np.maximum(0.0, slowed(front[:, 3], back_s, table.book.die) - front[:, 3])
    return beside(front[:, 0] + more, front[:, 1] + more, back_s, front[:, 2] + more)


def _step_seconds(programs: Sequence[Program], passes: FloatArray) -> FloatArray:
    """Seconds of a step from those of each pass of each model chunk [all passes, in order]."""
    seconds = np.zeros(len(programs))
    shapes: dict[tuple[int, int, int], list[tuple[int, int]]] = {}
    first = 0
    for place, program in enumerate(programs):
        key = program.degrees.pp, program.degrees.interleave, program.micro_batches
        shapes.setdefault(key, []).append((place, first))
        first += len(program.passes)
    for (stages, chunks, micro_batches), members in shapes.items():
        places, starts = (np.array(column) for column in zip(*members, strict=True))
        each = passes[starts[:, None] + np.arange(stages * chunks * PASSES)]
        each = each.reshape(len(members), chunks, stages, PASSES)
        seconds[places] = pipeline_seconds(
            each[..., 0],
            each[..., 1],
            each[..., 2],
            each[..., 3].sum(axis=1),
            micro_batches,
        )
    return seconds


def _peaks(
    costs: FloatArray, lanes: IntArray, duration: FloatArray, columns: dict[str, FloatArray]
) -> FloatArray:
    """Most bytes above the model states in any copy of each segment [segments].

    Activations rise or fall evenly over a copy; a buffer is held while its phase runs.
    """
    ends = np.append(lanes[1:], len(costs))
    sizes = ends - lanes
    passed = np.cumsum(costs[:, ALONE])
    before = passed - costs[:, ALONE]
    begun = np.repeat(before[lanes], sizes)
    saved = np.repeat(columns["saved"], sizes.reshape(-1, 2).sum(axis=1))
    length = np.repeat(np.maximum(duration, 1e-30), sizes.reshape(-1, 2).sum(axis=1))
    share = np.minimum(1.0, (np.where(saved > 0, passed, before) - begun) / length)
    held = np.maximum.reduceat(saved * share + costs[:, BUFFER], lanes)
    first = costs[lanes[1::2], BUFFER]  # the background's, beside a backward's fullest instant
    front = held[0::2] + np.where(columns["saved"] < 0, first, 0.0)
    top = np.maximum(front, held[1::2])
    return np.asarray(columns["floor"] + columns["transient"] + top)


def _joules(
    costs: FloatArray,
    lanes: IntArray,
    columns: dict[str, FloatArray],
    programs: Sequence[Program],
    first_segment: IntArray,
    machine: Machine,
) -> FloatArray:
    die = machine.die
    sums = np.add.reduceat(costs[:, [JOULE_BITS, HBM_BYTES]], lanes[0::2])
    dies = np.repeat([program.dies for program in programs], [p.segments for p in programs])
    hbm = columns["hbm_bytes"] + sums[:, 1] * dies
    real = columns["flop"] / die.flop_per_joule + hbm * (BITS * die.hbm_joule_per_bit)
    each = columns["counts"] * (columns["fill"] * real + BITS * sums[:, 0])
    return np.asarray(np.add.reduceat(each, first_segment))
