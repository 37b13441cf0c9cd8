"""Files of cases: what they hold, told by their structure and never by their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tempstudio.core.errors import InputError
from tempstudio.core.json_text import parse
from tempstudio.core.quantities import short_text
from tempstudio.readers.text_file import printable, read_capped
from tempstudio.validation.case import Case
from tempstudio.validation.data_files import own_files

MOST_FILES = 1000
MOST_CASES = 10_000


def read_cases(paths: Sequence[Path]) -> list[Case]:
    """The cases of some files and folders, those that come with the program where none is named.

    Raises `InputError` with one line for a file that holds none or is broken.
    """
    files = [file for path in paths for file in _files(path)] if paths else own_files()
    cases = [case for file in files for case in _of_file(file)]
    if len(cases) > MOST_CASES:
        raise InputError(f"{len(cases)} cases, allowed: at most {MOST_CASES}")
    return cases


def _files(path: Path) -> list[Path]:
    """A file, or the JSON files in a folder and the folders in it."""
    where = printable(path)
    try:
        if path.is_file():
            return [path]
        found = sorted(path.rglob("*.json"))[: MOST_FILES + 1] if path.is_dir() else []
    except (OSError, ValueError) as error:
        raise InputError(f"{where}: cannot be read: {error}") from None
    if not found:
        raise InputError(f"{where}: there is no such file, and no folder with JSON files in it")
    if len(found) > MOST_FILES:
        raise InputError(f"{where}: more than {MOST_FILES} JSON files")
    return found


def _of_file(file: Path) -> list[Case]:
    where = printable(file.name)
    document = parse(read_capped(file), where)
    if not isinstance(document, dict):
        raise InputError(f"{where}: found {short_text(document)}, expected an object")
    if "model_type" in document:
        return [Case({"id": printable(file.stem), **document}, where)]
    cases = document.get("cases")
    if not isinstance(cases, list):
        raise InputError(
            f"{where}: cases: found {short_text(cases) if 'cases' in document else 'nothing'}, "
            "expected a list of cases (or a Hugging Face configuration with model_type)"
        )
    found = list(_numbered(cases, where, _source(document)))
    return [replace(case, siblings=found) for case in found]


def _source(document: Mapping[str, Any]) -> str:
    """What a file says of all its cases."""
    for key in ("source", "derivation", "about"):
        if isinstance(document.get(key), str):
            return str(document[key])
    return ""


def _numbered(cases: Sequence[Any], where: str, source: str) -> Iterator[Case]:
    for number, case in enumerate(cases):
        place = f"{where}: cases[{number}]"
        if not isinstance(case, dict):
            raise InputError(f"{place}: found {short_text(case)}, expected an object")
        name = case.get("id", case.get("name"))
        shown = f" ({printable(name)[:60]})" if isinstance(name, str) else ""
        yield Case(case, place + shown, (), source)
