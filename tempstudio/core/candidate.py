"""A candidate plan before it is built: what a solver chooses, as one small value (SPEC 9)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tempstudio.core.parallel import Degrees
from tempstudio.core.quantities import from_json
from tempstudio.core.workload import TrainingJob

OWN_PLACEMENT = -1


@dataclass(frozen=True)
class Candidate:
    """Degrees, what of the job the solver chooses, and which of the mapper's placements.

    `recompute` "" and `micro_batch` 0 are the project's; `tiling` counts the placements that the
    mapper offers for these degrees (`Problem.tilings`), -1 leaves the choice to the mapper;
    `symmetry` is one of the mesh's 8 (`tempstudio.core.symmetry`).

    >>> Candidate(Degrees(dp=6, stream=8), micro_batch=2).degrees.size
    48
    """

    degrees: Degrees
    recompute: str = ""
    micro_batch: int = 0
    tiling: int = OWN_PLACEMENT
    symmetry: int = 0

    def job(self, job: TrainingJob) -> TrainingJob:
        """The project's job with what is chosen of it."""
        recompute = self.recompute or job.recompute
        micro_batch = self.micro_batch or job.micro_batch
        if (recompute, micro_batch) == (job.recompute, job.micro_batch):
            return job
        return replace(job, recompute=recompute, micro_batch=micro_batch)

    def settled(self, job: TrainingJob) -> Candidate:
        """The same with the project's recompute and micro-batch spelt out."""
        if self.recompute and self.micro_batch:
            return self
        return replace(
            self,
            recompute=self.recompute or job.recompute,
            micro_batch=self.micro_batch or job.micro_batch,
        )


def as_candidate(chosen: Degrees | Candidate) -> Candidate:
    """Degrees alone stand for the project's job and the mapper's own placement."""
    return chosen if isinstance(chosen, Candidate) else Candidate(chosen)


def candidate_json(candidate: Candidate, parallel: dict[str, Any]) -> dict[str, Any]:
    """The genome as plain data; `parallel` are its degrees as in SURFACE.md."""
    own = candidate.tiling == OWN_PLACEMENT
    return {
        "parallel": parallel,
        "recompute": candidate.recompute,
        "micro_batch": candidate.micro_batch,
        "placement": None if own else [candidate.tiling, candidate.symmetry],
    }


def candidate_from_json(genome: dict[str, Any]) -> Candidate:
    """The inverse of `candidate_json`; raises `InputError` in one line."""
    degrees = from_json(Degrees, genome.get("parallel", {}), "genome.parallel")
    placement = genome.get("placement")
    tiling, symmetry = (OWN_PLACEMENT, 0) if placement is None else placement
    return Candidate(
        degrees,
        str(genome.get("recompute", "")),
        int(genome.get("micro_batch", 0)),
        int(tiling),
        int(symmetry),
    )
