"""A plan as it crosses from a worker to the window, and as a project file keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tempstudio.core.mapping import mapping_to_json
from tempstudio.core.quantities import to_json
from tempstudio.core.run import Plan, Run

if TYPE_CHECKING:
    from tempstudio.worker import Call


def send_plan(
    call: Call, run: Run, final: bool, notes: list[str] | None = None, placed: bool = False
) -> None:
    """One plan with its timeline to the window; it is there even if this process dies next.

    `placed`: its ranks lie where a solver put them, not where its mapper would.
    """
    header, arrays = run.timeline.to_arrays()
    call.send(
        "plan",
        {
            "document": run.document,
            "timeline": header,
            "plan": plan_document(run.plan),
            "fingerprint": run.project.fingerprint,
            "final": final,
            "placed": placed,
            "notes": notes or [],
        },
        arrays,
    )


def plan_document(plan: Plan) -> dict[str, Any]:
    """A plan as a project file keeps it: degrees, job, placement, routes; no timeline."""
    return {
        "parallel": to_json(plan.degrees),
        "job": to_json(plan.job),
        "mapping": mapping_to_json(plan.mapping),
    }
