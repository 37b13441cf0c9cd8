"""The journal of a sweep: every row as soon as it is there, so that nothing is run twice."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any

from tempstudio.core.errors import InputError

NAME = "journal.jsonl"
FORMAT = "tempstudio-sweep"
VERSION = 1


class Journal:
    """An open journal: one JSON line for the sweep, then one a row, each flushed to the disk.

    A line that was cut off by a crash is dropped when the journal is opened again.
    """

    def __init__(self, folder: Path, sweep: str, resume: bool) -> None:
        self.path = folder / NAME
        self.rows: dict[int, dict[str, Any]] = {}
        from tempstudio.storage.atomic import saying

        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        except OSError as error:
            raise InputError(f"--out: {self.path}: {saying(error)}") from None
        try:
            self._begin(folder, sweep, resume)
        except OSError as error:
            self.close()
            raise InputError(f"--out: {self.path}: {saying(error)}") from None
        except BaseException:
            self.close()
            raise

    def _begin(self, folder: Path, sweep: str, resume: bool) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(f"--out: {folder}: another sweep is writing there") from None
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        lines = [_line(line, self.path) for line in whole.splitlines()]
        if not lines:
            os.ftruncate(self._file, 0)
            self._append({"format": FORMAT, "version": VERSION, "sweep": sweep})
            return
        head = lines[0]
        if head.get("format") != FORMAT or head.get("version") != VERSION:
            raise InputError(f"{self.path}: not a journal of this version of the program")
        if not resume:
            raise InputError(
                f"--out: {folder} holds the results of a sweep; --resume goes on with it, "
                "or choose another folder"
            )
        if head.get("sweep") != sweep:
            raise InputError(
                f"--resume: {folder} holds the results of another sweep (or this one has been "
                "changed since), allowed: another folder with --out"
            )
        os.ftruncate(self._file, len(whole))
        self.rows = {line["point"]: line["cells"] for line in lines[1:]}

    def add(self, point: int, cells: dict[str, Any]) -> None:
        """Keep a row; `InputError` where the disk does not take it."""
        self.rows[point] = cells
        try:
            self._append({"point": point, "cells": cells})
        except OSError as error:
            from tempstudio.storage.atomic import saying

            raise InputError(f"{self.path}: not written: {saying(error)}") from None

    def _append(self, line: dict[str, Any]) -> None:
        data = (json.dumps(line, allow_nan=False) + "\n").encode()
        while data:
            data = data[os.write(self._file, data) :]
        os.fsync(self._file)

    def close(self) -> None:
        """Let go of the file and its lock."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _line(line: bytes, path: Path) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except ValueError:
        document = None
    known = isinstance(document, dict)
    row = known and isinstance(document.get("point"), int) and "cells" in document
    if not row and not (known and "format" in document):
        raise InputError(f"{path}: a line of the journal is broken; remove it and run again")
    assert isinstance(document, dict)
    return document
