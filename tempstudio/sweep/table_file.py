"""A sweep's table on disk: CSV always, Parquet where pyarrow is installed."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

CSV, PARQUET = "results.csv", "results.parquet"


def write_tables(folder: Path, names: list[str], rows: list[dict[str, Any]]) -> list[Path]:
    """Write the rows under these columns; the files written.  `InputError` where that fails."""
    from tempstudio.storage.atomic import write_bytes, write_text

    write_text(folder / CSV, csv_text(names, rows))
    written = [folder / CSV]
    content = parquet_bytes(names, rows)
    if content is None:
        (folder / PARQUET).unlink(missing_ok=True)  # of an earlier time: it would be out of date
    else:
        write_bytes(folder / PARQUET, content)
        written.append(folder / PARQUET)
    return written


def csv_text(names: list[str], rows: list[dict[str, Any]]) -> str:
    """Comma-separated values with a header line (RFC 4180, newlines as LF).

    Numbers in full, true and false, nothing where there is no value; lists and tables as JSON.

    >>> print(csv_text(["seed", "fits", "error"], [{"seed": 1, "fits": True}]), end="")
    seed,fits,error
    1,true,
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(row.get(name)) for name in names] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, (bool, list, dict)):
        return json.dumps(value)
    return repr(value) if isinstance(value, float) else value


def parquet_bytes(names: list[str], rows: list[dict[str, Any]]) -> bytes | None:
    """The same as Parquet, None where pyarrow is not installed.

    A column of one kind keeps it; one of several (numbers and texts) becomes text.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        return None
    columns = {name: pyarrow.array(_alike([row.get(name) for row in rows])) for name in names}
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(pyarrow.table(columns), sink)
    return bytes(sink.getvalue())


def _alike(values: list[Any]) -> list[Any]:
    """Values of one kind: all numbers, all true or false, or all texts."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int} or kinds <= {float} or kinds <= {bool} or kinds <= {str}:
        return values
    if kinds <= {int, float}:
        return [None if value is None else float(value) for value in values]
    return [
        value if value is None or isinstance(value, str) else json.dumps(value) for value in values
    ]
