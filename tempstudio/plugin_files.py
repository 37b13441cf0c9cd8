"""Plugins that are one .py file or one package folder, run only with the user's consent.

Consent is for the sha256 over the sorted paths and bytes of all files, kept in the user's own
state, never in a project.  The bytes that are hashed are the bytes that run: a folder is read once
into memory and imported from there.
"""

from __future__ import annotations

import hashlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from tempstudio.core.errors import InputError

PREFIX = "tempstudio_file_plugins"
MOST_BYTES = 20_000_000
MOST_FILES = 2_000
_IGNORED = ("__pycache__", ".git", ".mypy_cache", ".pytest_cache", ".ruff_cache")


@dataclass(frozen=True)
class FilePlugin:
    """A plugin found in a folder, read whole: its name, place, files and their digest."""

    name: str
    path: Path
    digest: str
    files: dict[str, bytes] = field(repr=False, compare=False)

    @property
    def bytes(self) -> int:
        """Bytes of all its files."""
        return sum(len(content) for content in self.files.values())

    @property
    def beginning(self) -> str:
        """The first lines of its main file, for the person who is asked to trust it."""
        return "\n".join(_main(self).decode(errors="replace").splitlines()[:40])

    def load(self) -> ModuleType:
        """Import it from the bytes that were hashed."""
        package = f"{PREFIX}.{self.name}_{self.digest[:12]}"
        _install_finder().plugins[package] = self
        return importlib.import_module(package)


def user_folder() -> Path:
    """The user's own plugins folder."""
    from platformdirs import user_data_path

    return user_data_path("tempstudio", appauthor=False) / "plugins"


def found(folders: Iterable[Path]) -> list[FilePlugin]:
    """All plugins in these folders, trusted or not; what cannot be read is passed over."""
    plugins = []
    for folder in folders:
        if not folder.is_dir():
            continue
        for path in sorted(folder.iterdir()):
            is_file = path.suffix == ".py" and path.is_file() and path.stem != "__init__"
            if is_file or (path / "__init__.py").is_file():
                try:
                    plugins.append(read(path))
                except InputError:
                    continue
    return plugins


def read(path: Path) -> FilePlugin:
    """Read a file or folder plugin whole; `InputError` where that cannot be done.

    The folder of a package that pip could install stands for its one module.
    """
    path = module_of(path)
    name = path.stem if path.suffix == ".py" else path.name
    if not name.isidentifier():
        raise InputError(f"{path}: found the name {name!r}, allowed: letters, digits and _")
    try:
        files = _contents(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    if "__init__.py" not in files:
        raise InputError(f"{path}: expected a .py file or a folder with an __init__.py")
    return FilePlugin(name, path.resolve(), digest_of(files), files)


def module_of(path: Path) -> Path:
    """A package's own folder inside one with a `pyproject.toml`, anything else itself."""
    if (path / "__init__.py").is_file() or not (path / "pyproject.toml").is_file():
        return path
    inside = [*path.glob("src/*/__init__.py"), *path.glob("*/__init__.py")]
    modules = [file.parent for file in inside if file.parent.name not in ("tests", "test")]
    return modules[0] if len(modules) == 1 else path


def _contents(path: Path) -> dict[str, bytes]:
    if path.is_file():
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{path}: larger than the {MOST_BYTES / 1e6:g} MB allowed")
        return {"__init__.py": path.read_bytes()}
    files: dict[str, bytes] = {}
    total = 0
    for file in sorted(path.rglob("*")):
        relative = file.relative_to(path)
        if any(part in _IGNORED for part in relative.parts) or not file.is_file():
            continue
        total += file.stat().st_size
        if total > MOST_BYTES or len(files) >= MOST_FILES:
            raise InputError(
                f"{path}: more than {MOST_FILES} files or {MOST_BYTES / 1e6:g} MB, "
                "expected the folder of one plugin"
            )
        files[relative.as_posix()] = file.read_bytes()
    return files


def digest_of(files: dict[str, bytes]) -> str:
    """sha256 over the sorted paths and bytes.

    >>> digest_of({"a.py": b"1"}) != digest_of({"a.py1": b""})
    True
    """
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        encoded = name.encode()
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def agreed(trust_file: Path | None = None) -> dict[str, dict[str, Any]]:
    """All that the user has agreed to: {"path", "date"} by digest."""
    try:
        document = json.loads((trust_file or _trust_path()).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}  # consent that cannot be read is no consent
    if not isinstance(document, dict):
        return {}
    return {key: entry for key, entry in document.items() if isinstance(entry, dict)}


def is_trusted(plugin: FilePlugin, trust_file: Path | None = None) -> bool:
    """Whether the user has agreed to exactly these bytes."""
    return plugin.digest in agreed(trust_file)


def trust(plugin: FilePlugin, trust_file: Path | None = None) -> None:
    """Remember the user's consent to exactly these bytes."""
    entries = agreed(trust_file)
    entries[plugin.digest] = {
        "path": str(plugin.path),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    _write(entries, trust_file)


def revoke(path: Path, trust_file: Path | None = None) -> int:
    """Forget every consent given for this path; returns how many there were."""
    entries = agreed(trust_file)
    place = str(path.resolve())
    kept = {digest: entry for digest, entry in entries.items() if entry.get("path") != place}
    _write(kept, trust_file)
    return len(entries) - len(kept)


def _write(entries: dict[str, dict[str, Any]], trust_file: Path | None) -> None:
    from tempstudio.storage.atomic import write_text

    path = trust_file or _trust_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(entries, indent=1, sort_keys=True) + "\n")


def _trust_path() -> Path:
    from platformdirs import user_state_path

    return user_state_path("tempstudio", appauthor=False) / "trusted-plugins.json"


def _main(plugin: FilePlugin) -> bytes:
    return plugin.files["__init__.py"]


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules of file plugins among the bytes that were hashed."""

    def __init__(self) -> None:
        self.plugins: dict[str, FilePlugin] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname == PREFIX:
            spec = importlib.machinery.ModuleSpec(PREFIX, None, is_package=True)
            spec.submodule_search_locations = []
            return spec
        package = ".".join(fullname.split(".")[:2])
        plugin = self.plugins.get(package)
        if plugin is None:
            return None
        stem = "/".join(fullname.split(".")[2:])
        for name in [f"{stem}.py", f"{stem}/__init__.py"] if stem else ["__init__.py"]:
            if name in plugin.files:
                loader = _Loader(plugin, name)
                is_package = name.endswith("__init__.py")
                return importlib.util.spec_from_loader(fullname, loader, is_package=is_package)
        return None


class _Loader(importlib.abc.InspectLoader):
    def __init__(self, plugin: FilePlugin, name: str) -> None:
        self._plugin, self._name = plugin, name

    def get_source(self, fullname: str) -> str:
        return importlib.util.decode_source(self._plugin.files[self._name])

    def get_code(self, fullname: str) -> CodeType:
        place = self._plugin.path
        shown = place / self._name if place.suffix != ".py" else place
        return compile(self._plugin.files[self._name], str(shown), "exec", dont_inherit=True)

    def is_package(self, fullname: str) -> bool:
        return self._name.endswith("__init__.py")


def _install_finder() -> _Finder:
    for finder in sys.meta_path:
        if isinstance(finder, _Finder):
            return finder
    finder = _Finder()
    sys.meta_path.append(finder)
    return finder
