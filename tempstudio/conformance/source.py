"""What to check: the things that an installed plugin, a package's folder or a file offers."""

from __future__ import annotations

import importlib
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tempstudio.core.errors import InputError
from tempstudio.hookspecs import ENTRY_POINT_GROUP
from tempstudio.plugin_host import Failure, Host, Offer

CHECKED = ("partitioner", "mapper", "solver", "reader", "exporter", "panel")


@dataclass(frozen=True)
class Source:
    """A plugin's name, what it offers of the kinds that can be checked, and what did not load."""

    plugin: str
    offers: tuple[Offer, ...]
    failures: tuple[Failure, ...]


def find(target: str) -> Source:
    """What `target` offers: a file or folder, or the name of a plugin or of one thing of it.

    A folder with a `pyproject.toml` is a package, installed or not: the modules that its entry
    points name are imported from its `src`, or from itself.  Runs its code.
    """
    path = Path(target)
    if path.exists():
        return _of_package(path) if (path / "pyproject.toml").is_file() else _of_file(path)
    host = Host().load()
    offers = [offer for kind in CHECKED for offer in host.offers(kind).values()]
    chosen = [offer for offer in offers if target in (offer.plugin.name, offer.name)]
    failures = [failure for failure in host.failures if failure.plugin == target]
    if not chosen and not failures:
        names = sorted({offer.plugin.name for offer in offers})
        raise InputError(
            f"plugins check: found {target[:60]!r}, which is no file, folder or strategy; "
            f"plugins: {', '.join(names)}"
        )
    return Source(chosen[0].plugin.name if chosen else target, tuple(chosen), tuple(failures))


def _of_file(path: Path) -> Source:
    from tempstudio.plugin_files import read

    name = f"file:{read(path).name}"
    return _from(Host(folders=(), develop=[path]), name)


def _of_package(folder: Path) -> Source:
    """Each module is run from its files as they are, whatever version of it is installed."""
    table = _project(folder / "pyproject.toml")
    modules = table.get("entry-points", {}).get(ENTRY_POINT_GROUP, {})
    if not isinstance(modules, dict) or not modules:
        raise InputError(
            f"{folder / 'pyproject.toml'}: project.entry-points: "
            f"nothing in the group {ENTRY_POINT_GROUP!r}"
        )
    places = list(_places(folder, modules))
    for root, name in places:
        if str(root) not in sys.path:
            sys.path.insert(0, str(root))
        for loaded in [m for m in sys.modules if m == name or m.startswith(f"{name}.")]:
            del sys.modules[loaded]
    importlib.invalidate_caches()
    paths = [_file(root / name) for root, name in places]
    host = Host(folders=(), develop=paths, disabled=[str(table.get("name", ""))])
    found = [_from(host, f"file:{path.stem}") for path in paths]
    return Source(
        str(table.get("name", folder.name)),
        tuple(offer for source in found for offer in source.offers),
        tuple(failure for source in found for failure in source.failures),
    )


def _project(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("project")
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(table, dict):
        raise InputError(f"{path}: has no table 'project'")
    return table


def _places(folder: Path, modules: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """(folder on the import path, top module) of each entry point."""
    for key, value in modules.items():
        module = str(value).partition(":")[0].strip()
        for root in (folder / "src", folder):
            if _file(root / module).exists():
                yield root.resolve(), module
                break
        else:
            raise InputError(
                f"{folder / 'pyproject.toml'}: entry point {key}: no module {module!r} in "
                f"{folder / 'src'} or {folder}"
            )


def _file(path: Path) -> Path:
    """The folder of a package, or the file of a module."""
    return path if (path / "__init__.py").is_file() else path.with_name(f"{path.name}.py")


def _from(host: Host, name: str) -> Source:
    host.load()
    offers = [
        offer
        for kind in CHECKED
        for offer in host.offers(kind).values()
        if offer.plugin.name == name
    ]
    failures = [failure for failure in host.failures if failure.plugin == name]
    return Source(name, tuple(offers), tuple(failures))
