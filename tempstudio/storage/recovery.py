"""Work that was not saved survives a crash: snapshots, and who is still alive to own them.

Each running window has a *session*: a file that it holds locked for as long as it lives, and
beside it the latest snapshot of its project.  The system lets go of the lock when the process ends,
however it ends, so a snapshot whose lock is free is an orphan and is offered; a live window's never
is.  The model, the large part that seldom changes, is written once per hash.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tempstudio.core.decisions import Decisions, decisions_from_json, decisions_to_json
from tempstudio.core.errors import InputError
from tempstudio.core.json_text import parse
from tempstudio.core.project import Project, model_hash
from tempstudio.core.workload import workload_to_json
from tempstudio.storage.atomic import write_text
from tempstudio.storage.project_document import project_from_document, project_to_document

_MODEL_KEPT_S = 24 * 3600.0


def recovery_folder() -> Path:
    """Where sessions of this user are kept."""
    from platformdirs import user_state_path

    return user_state_path("tempstudio", appauthor=False) / "recovery"


class Session:
    """This window's claim to its snapshot, held until `close` or the end of the process."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or recovery_folder()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.id = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        # Locked before it gets the name that others look for.
        fresh = self.folder / f"{self.id}.new"
        self._descriptor: int | None = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        fresh.replace(self._lock)

    @property
    def _lock(self) -> Path:
        return self.folder / f"{self.id}.lock"

    @property
    def _snapshot(self) -> Path:
        return self.folder / f"{self.id}.json"

    def opened(self, path: Path | None) -> None:
        """Note which file this window works on, so that others can tell."""
        if self._descriptor is not None:
            text = json.dumps(str(path.absolute()) if path else None).encode()
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, text, 0)

    def write(
        self,
        project: Project,
        path: Path | None,
        title: str = "",
        decided: Decisions | None = None,
    ) -> None:
        """Keep the project as it is now, and what its plan has decided.

        `InputError` in one line where that fails.

        Takes milliseconds of disk time: call it off the event loop.
        """
        if self._descriptor is None:
            raise InputError("recovery: the session is closed")
        key = model_hash(project.model)
        model = self.folder / f"model-{key}.json"
        if not model.exists():
            write_text(model, json.dumps(workload_to_json(project.model)))
        document = project_to_document(replace(project, extra=""))
        del document["model"]
        snapshot = {
            "path": str(path.absolute()) if path else None,
            "title": title or (path.stem if path else "untitled"),
            "saved_at": time.time(),
            "model": key,
            "document": document,
            "extra": project.extra,
            "decided": decisions_to_json(decided) if decided is not None else None,
        }
        write_text(self._snapshot, json.dumps(snapshot))

    def clear(self) -> None:
        """Drop the snapshot: the work is safe in its file (or thrown away on purpose)."""
        with contextlib.suppress(OSError):
            self._snapshot.unlink(missing_ok=True)

    def close(self) -> None:
        """End the session in good order: nothing is left to recover."""
        if self._descriptor is None:
            return
        self.clear()
        with contextlib.suppress(OSError):
            self._lock.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = None
        _sweep_models(self.folder)


@dataclass(frozen=True)
class Snapshot:
    """Unsaved work of a window that ended without closing.

    `saved_at` is when the snapshot was taken, `file_date` when the project's file was last written
    (None: never saved, or gone).  Both in the user's time zone.
    """

    id: str
    title: str
    path: Path | None
    saved_at: datetime
    file_date: datetime | None
    folder: Path
    _document: dict[str, Any]
    _model: str
    _extra: str
    decided: Decisions | None = None

    def load(self) -> Project:
        """The work; nothing on disk changes."""
        graph = _read(self.folder / f"model-{self._model}.json")
        project = project_from_document({**self._document, "model": graph}, self.title)
        return replace(project, extra=self._extra)

    def discard(self) -> None:
        """Forget it for good."""
        for suffix in (".json", ".lock"):
            with contextlib.suppress(OSError):
                (self.folder / f"{self.id}{suffix}").unlink(missing_ok=True)


def orphaned_snapshots(folder: Path | None = None) -> list[Snapshot]:
    """Unsaved work of windows that live no longer, the latest first; unreadable ones left out."""
    folder = folder or recovery_folder()
    found = []
    for lock in sorted(folder.glob("*.lock")):
        if _is_held(lock):
            continue
        snapshot = _snapshot(folder, lock.stem)
        if snapshot is not None:
            found.append(snapshot)
        elif not (folder / f"{lock.stem}.json").exists():
            with contextlib.suppress(OSError):
                lock.unlink()  # it ended with nothing unsaved
    return sorted(found, key=lambda snapshot: snapshot.saved_at, reverse=True)


def opened_elsewhere(path: Path, own: Session | None = None, folder: Path | None = None) -> bool:
    """Whether another live window works on this file."""
    folder = folder or (own.folder if own else recovery_folder())
    place = os.path.realpath(path)
    for lock in folder.glob("*.lock"):
        if (own is not None and lock.stem == own.id) or not _is_held(lock):
            continue
        try:
            noted = json.loads(lock.read_text(encoding="utf-8") or "null")
        except (OSError, ValueError):
            continue
        if isinstance(noted, str) and os.path.realpath(noted) == place:
            return True
    return False


def _is_held(lock: Path) -> bool:
    """Whether a living process holds this session's lock."""
    try:
        descriptor = os.open(lock, os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError:
        return True  # not ours to look at: leave it alone
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _snapshot(folder: Path, id_: str) -> Snapshot | None:
    try:
        document = _read(folder / f"{id_}.json")
        path = Path(document["path"]) if document["path"] else None
        return Snapshot(
            id=id_,
            title=str(document["title"]),
            path=path,
            saved_at=_date(float(document["saved_at"])),
            file_date=_file_date(path),
            folder=folder,
            _document=dict(document["document"]),
            _model="".join(filter(str.isalnum, document["model"])),
            _extra=str(document["extra"]),
            decided=_decided(document.get("decided")),
        )
    except (InputError, KeyError, TypeError, ValueError, OverflowError, OSError):
        return None


def _decided(document: Any) -> Decisions | None:
    return decisions_from_json(document, "decided") if isinstance(document, dict) else None


def _read(path: Path) -> dict[str, Any]:
    try:
        document = parse(path.read_bytes(), path.name)
    except OSError as error:
        raise InputError(f"{path.name}: {error.strerror}") from None
    if not isinstance(document, dict):
        raise InputError(f"{path.name}: expected an object")
    return document


def _file_date(path: Path | None) -> datetime | None:
    try:
        return _date(path.stat().st_mtime) if path else None
    except (OSError, ValueError):
        return None


def _date(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds).astimezone()


def _sweep_models(folder: Path) -> None:
    """Remove models that no snapshot has named for a day."""
    with contextlib.suppress(OSError):
        named = "".join(path.read_text(errors="replace") for path in folder.glob("2*.json"))
        for model in folder.glob("model-*.json"):
            old = time.time() - model.stat().st_mtime > _MODEL_KEPT_S
            if old and model.stem.removeprefix("model-") not in named:
                model.unlink()
