"""What was decided for a plan: it is kept where the project is planned again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tempstudio.core.candidate import Candidate
from tempstudio.core.errors import InputError
from tempstudio.core.parallel import Degrees
from tempstudio.core.quantities import from_json, to_json
from tempstudio.core.workload import TrainingJob


@dataclass(frozen=True)
class Decisions:
    """Degrees, and what a solver chose beside them.

    `recompute` "" and `micro_batch` 0 are the project's; `placement` holds a die for each rank, ()
    where the mapper has chosen.  `guessed`: nobody has decided anything yet.
    """

    degrees: Degrees
    recompute: str = ""
    micro_batch: int = 0
    placement: tuple[int, ...] = ()
    guessed: bool = False

    @property
    def candidate(self) -> Candidate:
        """What of it is decided before ranks get their dies."""
        return Candidate(self.degrees, self.recompute, self.micro_batch)

    def after(self, made_for: TrainingJob, job: TrainingJob) -> Decisions:
        """What is left of it where the job was edited: what somebody has typed since then holds."""
        same_batch = made_for.micro_batch == job.micro_batch
        return replace(
            self,
            recompute=self.recompute if made_for.recompute == job.recompute else "",
            micro_batch=self.micro_batch if same_batch else 0,
        )


def decisions_of(plan: Mapping[str, Any], job: TrainingJob) -> Decisions:
    """Those of a stored plan (`plan` of a project file) of a project with this job.

    Raises `InputError` in one line where the plan cannot be read.
    """
    own = from_json(TrainingJob, plan.get("job") or to_json(job), "plan.job")
    mapping = plan.get("mapping") or {}
    placement = mapping.get("placement") if isinstance(mapping, Mapping) else None
    return decisions_from_json(
        {
            "parallel": plan.get("parallel"),
            "recompute": own.recompute if own.recompute != job.recompute else "",
            "micro_batch": own.micro_batch if own.micro_batch != job.micro_batch else 0,
            "placement": placement or [],
        },
        "plan",
    )


def decisions_to_json(decisions: Decisions) -> dict[str, Any]:
    """As plain data."""
    return {
        "parallel": to_json(decisions.degrees),
        "recompute": decisions.recompute,
        "micro_batch": decisions.micro_batch,
        "placement": list(decisions.placement),
        "guessed": decisions.guessed,
    }


def decisions_from_json(document: Mapping[str, Any], where: str) -> Decisions:
    """The inverse; what is left out is the project's or the mapper's, `InputError` if it is odd."""
    placement = document.get("placement", [])
    if not isinstance(placement, list) or not all(type(die) is int for die in placement):
        raise InputError(f"{where}.placement: expected a list of dies")
    return Decisions(
        from_json(Degrees, document.get("parallel"), f"{where}.parallel"),
        str(document.get("recompute", "")),
        int(document.get("micro_batch", 0)),
        tuple(placement),
        bool(document.get("guessed", False)),
    )
