"""`exhaustive`: every legal choice of degrees, scored one by one (SPEC 9)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.parallel import Degrees
from tempstudio.core.problem import Problem
from tempstudio.core.progress import Progress
from tempstudio.core.run import Plan, Score
from tempstudio.core.strategy import option


@dataclass(frozen=True)
class ExhaustiveOptions:
    """What may be left out without losing the best plan, and what may be tried."""

    skip_hopeless: bool = option(
        True,
        help="leave out degrees whose compute alone takes longer than the best step so far",
    )
    shard_states: bool = option(True, help="try ZeRO 1 to 3 over the replicas as well")


class Exhaustive:
    """Nothing is guessed: what it yields last is the best of all legal degrees."""

    name = "exhaustive"
    summary = "Every legal choice of degrees, fully simulated"
    version = "1.0"
    Options = ExhaustiveOptions

    def solve(
        self,
        problem: Problem,
        options: ExhaustiveOptions,
        rng: np.random.Generator,
        progress: Progress,
    ) -> Iterator[Plan]:
        """Yield every plan that beats all before it; a plan that fits beats any that does not."""
        reasons: list[str] = []
        candidates = _in_order(problem, options, progress.part(0.0, 0.1), reasons)
        best: Score | None = None
        for number, (least_s, degrees) in enumerate(candidates):
            if best is not None and best.fits and options.skip_hopeless:
                if least_s >= best.step_time_s:
                    break
                done = _position(candidates, best.step_time_s)
            else:
                done = len(candidates)
            progress.step(0.1 + 0.9 * number / done, f"trying {degrees_text(degrees)}")
            for level in _levels(problem, degrees, options):
                try:
                    plan = problem.build(level)
                except (InputError, NoPlanError) as error:
                    reasons.append(str(error))
                    break
                score = problem.score(plan)
                if best is None or better(score, best):
                    best = score
                    yield plan
        if best is None:
            first = reasons[0] if reasons else "there are no legal degrees"
            raise NoPlanError(f"none of the degrees can be placed: {first}")


def _in_order(
    problem: Problem, options: ExhaustiveOptions, progress: Progress, reasons: list[str]
) -> list[tuple[float, Degrees]]:
    """All legal degrees with the least time that each can take, the most promising first.

    The optimizer is quickest with all states sharded, so that level bounds the others too.
    Once a plan beats the least time of the next candidate, it beats all that follow.
    """
    found = []
    every = list(problem.degrees())
    for number, degrees in enumerate(every):
        progress.step(number / len(every), f"ordering {len(every)} choices of degrees")
        try:
            *_, most_sharded = _levels(problem, degrees, options)
            found.append((problem.least_seconds(most_sharded), degrees))
        except InputError as error:
            reasons.append(str(error))
    return sorted(found, key=lambda pair: (pair[0], pair[1].shape))


def _position(candidates: list[tuple[float, Degrees]], seconds: float) -> int:
    """How many candidates can be faster than this."""
    return max(1, bisect_left(candidates, seconds, key=lambda pair: pair[0]))


def _levels(problem: Problem, degrees: Degrees, options: ExhaustiveOptions) -> Iterator[Degrees]:
    """The degrees as they are, then with more and more of the states sharded."""
    yield degrees
    fixed = problem.project.degrees is not None
    if options.shard_states and not fixed and degrees.shards > 1:
        for zero in range(degrees.zero + 1, 4):
            yield replace(degrees, zero=zero)


def better(score: Score, best: Score) -> bool:
    """Whether a plan beats the best so far: one that fits first, then the shorter step."""
    if score.fits != best.fits:
        return score.fits
    if not score.fits:
        return score.memory.peak_bytes < best.memory.peak_bytes
    return score.step_time_s < best.step_time_s


def degrees_text(degrees: Degrees) -> str:
    """The axes above 1, for a caption."""
    names = ("pp", "dp", "sp", "tp", "stream")
    shown = [f"{n} {v}" for n, v in zip(names, degrees.shape, strict=True) if v > 1]
    return ", ".join(shown) or "one die"
