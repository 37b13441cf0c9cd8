"""Runs kept in a project: what of the project each was made from, so that it can be played again.

The model is not repeated: its hash says whether it is still the project's, its name which preset
to look for where it is not.
"""

from __future__ import annotations

import json
from typing import Any

from tempstudio.core.errors import InputError
from tempstudio.core.machine import machine_to_json
from tempstudio.core.project import KeptRun, Project, model_hash
from tempstudio.core.quantities import to_json
from tempstudio.storage.project_document import (
    choice_document,
    project_from_document,
    project_to_document,
)

SEARCH = ("evaluations", "wall_s", "seed")
STRATEGIES = ("partitioner", "mapper", "solver")


def kept_run(
    name: str, project: Project, document: dict[str, Any], plan: dict[str, Any]
) -> KeptRun:
    """A run of a project under a name; `document` and `plan` are what a worker answered."""
    score = dict(document)
    search = score.get("search", {})  # what was seen on the way is not the run's
    score["search"] = {
        key: search[key] for key in ("evaluations", "wall_s", "seed") if key in search
    }
    content = {
        "changes": settings_of(project),
        "plan": plan,
        "score": score,
        "made_by": document.get("made_by", []),
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return KeptRun(name, project.fingerprint, text)


def settings_of(project: Project) -> dict[str, Any]:
    """All that a run depends on, in the words of a project file, the model by name and hash."""
    return {
        "machine": machine_to_json(project.machine),
        "model": {"name": project.model.name, "hash": model_hash(project.model)},
        "job": to_json(project.job),
        "strategies": {kind: choice_document(getattr(project, kind)) for kind in STRATEGIES},
        "parallel": to_json(project.degrees) if project.degrees is not None else None,
        "seed": project.seed,
    }


def project_of(run: KeptRun, project: Project) -> Project:
    """The project that a kept run was made from, seen from the one that keeps it.

    `InputError` where the model is another one by now, or the run does not tell enough.
    """
    if run.fingerprint == project.fingerprint:
        return project
    changes = json.loads(run.document).get("changes") or {}
    if not isinstance(changes, dict) or not {"machine", "job", "strategies"} <= set(changes):
        raise InputError(f"run {run.name!r} does not say what it was made from")
    model = changes.get("model") or {}
    if model.get("hash") not in ("", None, model_hash(project.model)):
        raise InputError(
            f"run {run.name!r} is of the model {model.get('name', '?')}, not of the present one"
        )
    document = project_to_document(project)
    for key in ("machine", "job", "strategies", "parallel", "seed"):
        document.pop(key, None)
        if changes.get(key) is not None:
            document[key] = changes[key]
    document.pop("runs", None)
    return project_from_document(document, f"run {run.name!r}")
