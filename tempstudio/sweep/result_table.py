"""A sweep's results as columns: read from a folder or any CSV with a header line."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.errors import InputError
from tempstudio.sweep.kept_sweep import NAME as KEPT
from tempstudio.sweep.table_file import CSV

FloatArray = NDArray[np.float64]

MOST_BYTES = 200_000_000
MOST_ROWS = 200_000


@dataclass(frozen=True, eq=False)
class ResultTable:
    """Columns by name: numbers [rows] (nan where there is none) or texts.

    True and false are the numbers 1 and 0; `flags` are the columns that hold nothing else.
    `opens` says whether the folder tells how to open a point.
    """

    path: Path
    names: tuple[str, ...]
    numbers: dict[str, FloatArray]
    texts: dict[str, tuple[str, ...]]
    flags: frozenset[str]
    rows: int
    opens: bool

    def text(self, name: str, row: int) -> str:
        """A cell as it stands in the file, more or less."""
        if name in self.texts:
            return self.texts[name][row]
        value = float(self.numbers[name][row])
        if np.isnan(value):
            return ""
        if name in self.flags:
            return "yes" if value else "no"
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.4g}"


def read_results(path: Path) -> ResultTable:
    """The table in a sweep's folder, or in a CSV; `InputError` in one line."""
    file = path / CSV if path.is_dir() else path
    try:
        if file.stat().st_size > MOST_BYTES:
            raise InputError(f"{file}: larger than the {MOST_BYTES / 1e6:g} MB allowed")
        content = file.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError)
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise InputError(f"{file}: {'no such file' if missing else reason.lower()}") from None
    try:
        lines = list(csv.reader(io.StringIO(content, newline="")))
    except csv.Error as error:
        raise InputError(f"{file}: not a CSV: {error}") from None
    if not lines or not any(cell.strip() for cell in lines[0]):
        raise InputError(f"{file}: no header line, expected the columns' names")
    return _table(file, lines)


def _table(file: Path, lines: list[list[str]]) -> ResultTable:
    names, rows = tuple(name.strip() for name in lines[0]), [row for row in lines[1:] if row]
    if len(set(names)) != len(names) or not all(names):
        raise InputError(f"{file}: two columns have the same name, or one has none")
    if len(rows) > MOST_ROWS:
        raise InputError(f"{file}: {len(rows):,} rows, allowed: at most {MOST_ROWS:,}")
    for number, row in enumerate(rows, 2):
        if len(row) != len(names):
            raise InputError(
                f"{file}, line {number}: found {len(row)} cells, expected {len(names)}"
            )
    numbers: dict[str, FloatArray] = {}
    texts: dict[str, tuple[str, ...]] = {}
    flags = set()
    for place, name in enumerate(names):
        cells = [row[place] for row in rows]
        said = {cell for cell in cells if cell}
        if said and said <= {"true", "false"}:
            flags.add(name)
            numbers[name] = np.array(
                [np.nan if not cell else float(cell == "true") for cell in cells]
            )
            continue
        found = _numbers(cells)
        if found is not None and said:
            numbers[name] = found
        else:
            texts[name] = tuple(cells)
    opens = (file.parent / KEPT).is_file() and "point" in numbers
    return ResultTable(file, names, numbers, texts, frozenset(flags), len(rows), opens)


def _numbers(cells: list[str]) -> FloatArray | None:
    try:
        return np.array([float(cell) if cell else np.nan for cell in cells], dtype=np.float64)
    except ValueError:
        return None
