"""Exporters: a file for any run, the same twice, and one line where it cannot be written."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tempstudio.conformance.check import Broken
from tempstudio.conformance.settings import FAULTY, ONE, WHOLE, small_run
from tempstudio.core.errors import InputError
from tempstudio.core.machine import Machine
from tempstudio.core.parallel import Degrees
from tempstudio.plugin_guard import PluginFault, write_run
from tempstudio.plugin_host import Offer

CASES: tuple[tuple[Machine, Degrees], ...] = (
    (ONE, Degrees()),
    (WHOLE, Degrees(dp=4, tp=4)),
    (FAULTY, Degrees(dp=6, tp=2)),
)


def suffixes(offer: Offer) -> str:
    """It says which files it writes, each as a dot and small letters."""
    named = offer.object.suffixes
    good = [s for s in named if isinstance(s, str) and s.startswith(".") and s == s.lower()]
    if isinstance(named, str) or not named or len(good) != len(named):
        raise Broken(f"suffixes: found {named!r}, expected texts such as '.csv'")
    return ", ".join(named)


def writes(offer: Offer) -> str:
    """A file that is not empty, for a die alone, a whole wafer and one with faults."""
    sizes = [len(_written(offer, machine, degrees)) for machine, degrees in CASES]
    return f"{len(sizes)} runs in {min(sizes):,} to {max(sizes):,} bytes"


def repeats(offer: Offer) -> str:
    """The same run gives the same file."""
    first, second = (_written(offer, *CASES[1]) for _ in range(2))
    if first != second:
        raise Broken("two files of the same run differ")
    return "one run written twice"


def refuses(offer: Offer) -> str:
    """A folder that is not there is one line, not a crash."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "missing", f"run{_suffix(offer)}")
        try:
            write_run(offer, small_run(*CASES[0]), path)
        except InputError as error:
            if "\n" in str(error):
                raise Broken(f"refused with {str(error)!r}, expected one line") from None
            return "refused in one line"
        except PluginFault as fault:
            raise Broken(
                f"a folder that is not there: {fault.message}, expected InputError"
            ) from None
    raise Broken("wrote into a folder that is not there")


def _written(offer: Offer, machine: Machine, degrees: Degrees) -> bytes:
    """All that it wrote: a file, or the files of a folder in order."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, f"run{_suffix(offer)}")
        write_run(offer, small_run(machine, degrees), path)
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        content = b"".join(file.read_bytes() for file in files if file.is_file())
    if not content:
        raise Broken("wrote an empty file")
    return content


def _suffix(offer: Offer) -> str:
    return str(next(iter(offer.object.suffixes), ""))


CHECKS = (
    ("suffixes", "names the files it writes", suffixes),
    ("files", "writes any run", writes),
    ("repeat", "the same run gives the same file", repeats),
    ("no folder", "a place that is not there is one line", refuses),
)
