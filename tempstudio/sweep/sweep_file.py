"""SWEEP.toml: where the points start from, the axes they lie on, and which of them are taken."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tempstudio.core.errors import InputError
from tempstudio.core.quantities import short_text
from tempstudio.readers.text_file import printable
from tempstudio.sweep.axis import KINDS, Axis, axis_values, canonical_path
from tempstudio.sweep.columns import check_columns
from tempstudio.sweep.dotted import flattened, put
from tempstudio.sweep.field_check import check_field

if TYPE_CHECKING:
    from tempstudio.core.project import Project
    from tempstudio.plugin_host import Host

__all__ = ["Axis", "Sweep", "read_sweep", "sweep_from_document"]

MOST_BYTES = 1_000_000
MOST_POINTS = 1_000_000
MOST_GRID = 2**62
MOST_LINE = 1500  # all columns that there are make a long one
DEFAULT_MODEL = "llama2-7b"
KEYS = ("name", "project", "base", "axes", "sample", "columns")
# Where one of these changes, degrees that the project file fixes are the solver's to choose again.
_REOPENING = ("machine", "model", "strategies.partitioner", "strategies.solver")


@dataclass(frozen=True)
class Sweep:
    """A sweep, complete in itself: nothing that it names is read again.

    `base` is the project document of every point without its model, `models` the operator graphs
    by the name that the axis or the base gives them.  `points` are the numbers of those points of
    the grid that are taken, in the order of the grid (the last axis varies fastest).
    `inherited` are options of the project file, by the kind of its strategy.
    """

    name: str
    base: dict[str, Any]
    model: str
    models: dict[str, dict[str, Any]]
    axes: tuple[Axis, ...]
    points: range | tuple[int, ...]
    columns: tuple[str, ...] = ()
    inherited: dict[str, dict[str, Any]] = field(default_factory=dict)

    def settings(self, point: int) -> dict[str, Any]:
        """The value of every axis at a point of the grid."""
        values: dict[str, Any] = {}
        for axis in reversed(self.axes):
            point, place = divmod(point, len(axis.values))
            values[axis.path] = axis.values[place]
        return {axis.path: values[axis.path] for axis in self.axes}

    def document(self, point: int) -> dict[str, Any]:
        """The project document of a point; `machine.faults` is still to be drawn."""
        document: dict[str, Any] = _copy(self.base)
        model = self.model
        settings = self.settings(point)
        for path, value in settings.items():
            if path == "model":
                model = value
            elif path == "parallel":
                document["parallel"] = _copy(value)
            else:
                whole = path.startswith("strategies.") and path.count(".") == 1
                named = {"name": value} if whole and isinstance(value, str) else value
                put(document, path, _copy(named))
        self._drop_options_of_others(document, settings)
        document["model"] = self.models[model]
        return document

    def _drop_options_of_others(self, document: dict[str, Any], settings: dict[str, Any]) -> None:
        """Options that the project file has for its own strategy are nothing to another one."""
        for kind, options in self.inherited.items():
            choice = document["strategies"][kind]
            if choice["name"] != self.base["strategies"][kind]["name"]:
                choice["version"] = ""
                table = settings.get(f"strategies.{kind}")
                chosen = table.get("options", {}) if isinstance(table, dict) else {}
                for name in options:
                    if name not in chosen and f"strategies.{kind}.options.{name}" not in settings:
                        del choice["options"][name]


def read_sweep(path: str | Path, host: Callable[[], Host]) -> Sweep:
    """The sweep in a file; `InputError` in one line names the file and the key that is wrong."""
    path = Path(path)
    try:
        if path.is_dir():
            raise InputError(f"{path}: found a folder, expected a file")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except InputError:
        raise
    except (OSError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError)
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{path}: {'no such file' if missing else reason.lower()}") from None
    if len(content) > MOST_BYTES:
        raise InputError(f"{path}: larger than the {MOST_BYTES / 1e6:g} MB allowed")
    try:
        document = tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        byte = content.removeprefix(b"\xef\xbb\xbf")[error.start]
        raise InputError(f"{path}: not UTF-8 text (byte 0x{byte:02x})") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{path}: not valid TOML: {' '.join(str(error).split())}") from None
    return sweep_from_document(document, path.absolute().parent, host, str(path))


def sweep_from_document(
    document: dict[str, Any], folder: Path, host: Callable[[], Host], where: str = "sweep"
) -> Sweep:
    """The sweep of a document, checked; files that it names are looked for in `folder`."""
    try:
        return _sweep(document, folder, host)
    except InputError as error:
        raise InputError(f"{where}: {_line(str(error))}") from None


def _line(text: str) -> str:
    """One line that any terminal can show, whatever key or value it quotes."""
    text = printable(text)
    return text if len(text) <= MOST_LINE else f"{text[: MOST_LINE - 100]} ... {text[-60:]}"


def _sweep(document: dict[str, Any], folder: Path, host: Callable[[], Host]) -> Sweep:
    for key in document:
        if key not in KEYS:
            raise InputError(f"{key}: no such key, allowed: {', '.join(KEYS)}")
    project = _project(_text(document, "project"), folder)
    given = _given(document)
    base, model = _base(project, given, folder)
    axes = _axes(document)
    for path, value in given.items():
        check_field(path, value, base, host, f"base.{path}")
    for axis in axes:
        for value in axis.values:
            check_field(axis.path, value, base, host, f"axes.{axis.path}")
    _reopen(base, project, [*given, *(axis.path for axis in axes)])
    models = {"": _graph(project.model)} if project is not None else {}
    for axis in axes:
        if axis.path == "model":
            models |= {name: _model(name, folder, "axes.model") for name in axis.values}
    if model and model not in models:
        models[model] = _model(model, folder, "base.model")
    return Sweep(
        name=_text(document, "name"),
        base=base,
        model=model,
        models=models,
        axes=axes,
        points=_points(axes, document.get("sample")),
        columns=check_columns(document.get("columns", [])),
        inherited=_inherited(project, base, given),
    )


def _text(document: dict[str, Any], key: str) -> str:
    value = document.get(key, "")
    if not isinstance(value, str):
        raise InputError(f"{key}: found {short_text(value)}, expected a text")
    return value


def _project(name: str, folder: Path) -> Project | None:
    if not name:
        return None
    from tempstudio.storage import load

    try:
        return load(folder / name)
    except InputError as error:
        raise InputError(f"project: {error}") from None


def _given(document: dict[str, Any]) -> dict[str, Any]:
    """What `base` says, by dotted path."""
    base = document.get("base", {})
    if not isinstance(base, dict):
        raise InputError(f"base: found {short_text(base)}, expected a table")
    given = {
        canonical_path(path, f"base.{path}"): value
        for path, value in flattened(base, lambda value: False).items()
    }
    for path, value in given.items():
        if path in ("machine", "job", "strategies") and not isinstance(value, dict):
            raise InputError(f"base.{path}: found {short_text(value)}, expected a table of fields")
    return given


def _base(
    project: Project | None, given: dict[str, Any], folder: Path
) -> tuple[dict[str, Any], str]:
    """The document of every point without its model, and the model's name ("": the project's)."""
    from tempstudio.core.machine import Wafer
    from tempstudio.core.project import Project
    from tempstudio.core.workload import Workload
    from tempstudio.storage import project_to_document

    known = project or Project(machine=Wafer(), model=Workload("none", (), 1, 1, 1))
    document = project_to_document(known)
    for key in ("model", "runs", "notes", "needs", "app"):
        document.pop(key, None)
    model = "" if project is not None else DEFAULT_MODEL
    for path, value in given.items():
        if path == "model":
            if not isinstance(value, str):
                raise InputError(f"base.model: found {short_text(value)}, expected a name or path")
            model = value
        else:
            put(document, path, value)
    return document, model


def _inherited(
    project: Project | None, base: dict[str, Any], given: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """The project file's options that `base` leaves; gone where it names another strategy."""
    inherited: dict[str, dict[str, Any]] = {}
    for kind in KINDS if project is not None else ():
        choice = getattr(project, kind)
        own = base["strategies"][kind]["options"]
        start = f"strategies.{kind}.options."
        options = {k: own[k] for k, _ in choice.options if f"{start}{k}" not in given}
        if base["strategies"][kind]["name"] == choice.name:
            inherited[kind] = options
            continue
        base["strategies"][kind]["version"] = ""
        for name in options:
            del own[name]
    return inherited


def _reopen(base: dict[str, Any], project: Project | None, paths: list[str]) -> None:
    """Drop degrees of the project file that the sweep upsets, or part of them."""
    parallel = [path for path in paths if path == "parallel" or path.startswith("parallel.")]
    if not parallel:
        if any(path.startswith(head) for path in paths for head in _REOPENING):
            base.pop("parallel", None)
    elif "parallel.dp" not in paths and isinstance(base.get("parallel"), dict):
        base["parallel"].pop("dp", None)  # it takes what remains


def _axes(document: dict[str, Any]) -> tuple[Axis, ...]:
    tables = document.get("axes")
    if not isinstance(tables, dict) or not tables:
        raise InputError(f"axes: found {short_text(tables)}, expected a table of at least one axis")
    axes: dict[str, Axis] = {}
    found = flattened(tables, lambda value: "from" in value or "to" in value)
    for written, value in found.items():
        path = canonical_path(written, f"axes.{written}")
        values = axis_values(value, f"axes.{written}")
        if path.startswith("strategies.") and any(isinstance(item, dict) for item in values):
            path = path.removesuffix(".name")  # strategies with their options
        if path in axes:
            raise InputError(f"axes.{written}: the axis {path} is given twice")
        axes[path] = Axis(path, values)
    for path in axes:
        for other in axes:
            if other.startswith(f"{path}."):
                raise InputError(f"axes.{other}: the axis {path} sets it too, allowed: one of them")
    return tuple(axes.values())


def _model(name: Any, folder: Path, where: str) -> dict[str, Any]:
    from tempstudio.readers import load_model
    from tempstudio.readers.presets import preset_workload

    if not isinstance(name, str):
        raise InputError(f"{where}: found {short_text(name)}, expected a preset's name or a path")
    try:
        if preset_workload(name) is None and (folder / name).exists():
            return _graph(load_model(folder / name))
        return _graph(load_model(name))
    except InputError as error:
        raise InputError(f"{where}: {str(error).removeprefix('model: ')}") from None


def _graph(model: Any) -> dict[str, Any]:
    from tempstudio.core.workload import workload_to_json

    return workload_to_json(model)


def _points(axes: tuple[Axis, ...], sample: Any) -> range | tuple[int, ...]:
    total = 1
    for axis in axes:
        total *= len(axis.values)
    if total > MOST_GRID:
        raise InputError(f"axes: {total:.3g} points, allowed: at most {MOST_GRID:.3g}")
    if sample is None:
        if total > MOST_POINTS:
            raise InputError(
                f"axes: {total:,} points, allowed: at most {MOST_POINTS:,}; take a [sample]"
            )
        return range(total)
    if not isinstance(sample, dict):
        raise InputError(f"sample: found {short_text(sample)}, expected a table with points")
    for key in sample:
        if key not in ("points", "seed"):
            raise InputError(f"sample.{key}: no such key, allowed: points, seed")
    points = _whole(sample.get("points"), "sample.points", 1, min(total, MOST_POINTS))
    seed = _whole(sample.get("seed", 0), "sample.seed", 0, 2**63 - 1)
    import random

    return tuple(sorted(random.Random(seed).sample(range(total), points)))


def _whole(value: Any, where: str, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise InputError(
            f"{where}: found {short_text(value)}, allowed: a whole number from {low:,} to {high:,}"
        )
    return value


def _copy(value: Any) -> Any:
    """A copy of plain data that can be changed."""
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value
