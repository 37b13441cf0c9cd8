"""A project as the document of its file, and back; pure, no files.

Loading runs no code: a document holds names of strategies, never class paths, and options stay as
they are until a run looks up the strategy they are for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tempstudio.core.errors import InputError
from tempstudio.core.machine import Wafer, machine_from_json, machine_to_json
from tempstudio.core.parallel import Degrees
from tempstudio.core.project import KeptRun, Project, StrategyChoice, model_hash
from tempstudio.core.quantities import from_json, to_json
from tempstudio.core.workload import TrainingJob, workload_to_json
from tempstudio.core.workload_json import workload_from_json
from tempstudio.storage import unknown_keys
from tempstudio.storage.migrations import FORMAT, VERSION, migrated

STRATEGIES = {"partitioner": "tspp", "mapper": "sequential", "solver": "dual-level"}
_NEEDS = "/needs"
MOST_SEED = 2**63 - 1
MOST_RUNS = 1000
MOST_TEXT = 1_000_000
MOST_LINE = 300


def project_to_document(
    project: Project,
    plan: dict[str, Any] | None = None,
    needs: Sequence[dict[str, str]] | None = None,
) -> dict[str, Any]:
    """The project file's document, with the foreign plugins it `needs` and its last `plan`.

    `needs` None: those that the file it came from has named.
    """
    kept, of_model = unknown_keys.from_text(project.extra)
    if needs is not None:
        kept = {key: value for key, value in kept.items() if not key.startswith(_NEEDS)}
    if of_model and of_model != model_hash(project.model):
        kept = {key: value for key, value in kept.items() if not key.startswith(unknown_keys.MODEL)}
    document = _known(project, plan, needs or ())
    unknown_keys.put_back(document, kept)
    return document


def needs_in_file(project: Project) -> tuple[dict[str, str], ...]:
    """The foreign plugins that the file of a project names: [{"plugin", "version"}]."""
    return read_needs(unknown_keys.from_text(project.extra)[0].get(_NEEDS))


def read_needs(value: Any) -> tuple[dict[str, str], ...]:
    """What of a document's `needs` can be read."""
    if not isinstance(value, list):
        return ()
    return tuple(
        {"plugin": need["plugin"], "version": str(need.get("version", ""))}
        for need in value
        if isinstance(need, dict) and isinstance(need.get("plugin"), str)
    )


def _known(
    project: Project, plan: dict[str, Any] | None, needs: Sequence[dict[str, str]]
) -> dict[str, Any]:
    document: dict[str, Any] = {"format": FORMAT, "version": VERSION, "app": app()}
    if needs:
        document["needs"] = [dict(need) for need in needs]
    document |= {
        "machine": machine_to_json(project.machine),
        "job": to_json(project.job),
        "strategies": {kind: choice_document(getattr(project, kind)) for kind in STRATEGIES},
        "seed": project.seed,
    }
    if project.degrees is not None:
        document["parallel"] = to_json(project.degrees)
    if project.notes:
        document["notes"] = project.notes
    document["model"] = workload_to_json(project.model)
    if plan is not None:
        document["plan"] = plan
    if project.runs:
        document["runs"] = [_run_document(run) for run in project.runs]
    return document


def app() -> str:
    """Who writes the file."""
    from importlib import metadata

    try:
        return f"tempstudio {metadata.version('tempstudio')}"
    except metadata.PackageNotFoundError:
        return "tempstudio"


def choice_document(choice: StrategyChoice) -> dict[str, Any]:
    return {
        "name": choice.name,
        "version": choice.version,
        "options": {key: _listed(value) for key, value in choice.options},
    }


def _listed(value: Any) -> Any:
    return [_listed(item) for item in value] if isinstance(value, tuple) else value


def _run_document(run: KeptRun) -> dict[str, Any]:
    return {"name": run.name, "fingerprint": run.fingerprint, **json.loads(run.document)}


def project_from_document(document: Any, where: str = "project") -> Project:
    """The project of a document of this or an older version.

    Raises `InputError` in one line that begins with `where` and names the key.  What this version
    does not know is kept in `Project.extra`, save `plan`, which belongs to the document alone.
    """
    try:
        return _project(migrated(document))
    except InputError as error:
        raise InputError(f"{where}: {_cut(str(error))}") from None


def _cut(line: str) -> str:
    """A line that a person can read, whatever value it quotes."""
    return line if len(line) <= MOST_LINE else f"{line[: MOST_LINE - 40]} ... {line[-35:]}"


def _project(document: dict[str, Any]) -> Project:
    strategies = _section(document, "strategies")
    project = Project(
        machine=machine_from_json(document["machine"]) if "machine" in document else Wafer(),
        model=workload_from_json(_model(document)),
        job=from_json(TrainingJob, document.get("job", {}), "job"),
        degrees=_degrees(document),
        seed=_seed(document),
        runs=_runs(document),
        notes=_text(document, "notes"),
        partitioner=_choice(strategies, "partitioner"),
        mapper=_choice(strategies, "mapper"),
        solver=_choice(strategies, "solver"),
    )
    known = _known(project, None, ())
    kept = unknown_keys.leftover(document, known)
    kept.pop("/plan", None)
    for name in ("/parallel", "/runs", "/notes"):  # null or empty: the same as left out
        kept.pop(name, None)
    return replace(project, extra=unknown_keys.to_text(kept, model_hash(project.model)))


def _model(document: dict[str, Any]) -> Any:
    if "model" not in document:
        raise InputError("model: missing, expected the model's graph")
    return document["model"]


def _section(document: dict[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key, {})
    if not isinstance(value, dict):
        raise InputError(f"{key}: found {_shown(value)}, expected an object")
    return value


def _degrees(document: dict[str, Any]) -> Degrees | None:
    value = document.get("parallel")
    if value is None:
        return None
    degrees = from_json(Degrees, value, "parallel")
    assert isinstance(degrees, Degrees)
    return degrees


def _seed(document: dict[str, Any]) -> int:
    value = document.get("seed", 0)
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or not 0 <= value <= MOST_SEED:
        raise InputError(
            f"seed: found {_shown(value)}, expected a whole number from 0 to {MOST_SEED}"
        )
    return int(value)


def _text(document: dict[str, Any], key: str, where: str = "", default: str = "") -> str:
    value = document.get(key, default)
    if not isinstance(value, str) or len(value) > MOST_TEXT:
        place = f"{where}.{key}" if where else key
        raise InputError(
            f"{place}: found {_shown(value)}, expected a text of at most {MOST_TEXT} characters"
        )
    return value


def _choice(strategies: dict[str, Any], kind: str) -> StrategyChoice:
    where = f"strategies.{kind}"
    value = strategies.get(kind, {})
    if isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, dict):
        raise InputError(f"{where}: found {_shown(value)}, expected an object or a name")
    name = _text(value, "name", where, STRATEGIES[kind])
    if not name:
        raise InputError(f"{where}.name: found '', expected a name")
    options = value.get("options", {})
    if not isinstance(options, dict):
        raise InputError(f"{where}.options: found {_shown(options)}, expected an object")
    plain = tuple((key, item) for key, item in options.items() if _is_plain(item))
    return StrategyChoice(name, _text(value, "version", where), plain)


def _is_plain(value: Any) -> bool:
    """Whether an option's value is a scalar or lists of such; objects are kept as unknown keys."""
    if isinstance(value, list):
        return all(_is_plain(item) for item in value)
    return not isinstance(value, dict)


def _runs(document: dict[str, Any]) -> tuple[KeptRun, ...]:
    value = document.get("runs") or []
    if not isinstance(value, list) or len(value) > MOST_RUNS:
        raise InputError(f"runs: found {_shown(value)}, expected a list of at most {MOST_RUNS}")
    return tuple(_run(item, f"runs[{i}]") for i, item in enumerate(value))


def _run(value: Any, where: str) -> KeptRun:
    if not isinstance(value, dict):
        raise InputError(f"{where}: found {_shown(value)}, expected an object")
    rest = {key: item for key, item in value.items() if key not in ("name", "fingerprint")}
    return KeptRun(
        name=_text(value, "name", where),
        fingerprint=_text(value, "fingerprint", where),
        document=json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False),
    )


def _shown(value: Any) -> str:
    if isinstance(value, int) and abs(value) > 10**40:
        return "a whole number of more than 40 digits"
    if isinstance(value, (dict, list)) and value:
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
