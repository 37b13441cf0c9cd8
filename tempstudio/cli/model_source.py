"""A model by preset or file, also through the readers that plugins bring."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tempstudio.core.errors import InputError
from tempstudio.core.workload import Workload

if TYPE_CHECKING:
    from tempstudio.plugin_host import Host


def load_model(source: str, host: Callable[[], Host], flag: str = "model") -> Workload:
    """The model; plugins are asked only about a file that the built-in readers refuse.

    `flag` is what an error calls the place where `source` was given.
    """
    from tempstudio.readers import load_model as load_known

    try:
        return load_known(source)
    except InputError as error:
        text = str(error)
        refused = InputError(flag + text.removeprefix("model") if text[:6] == "model:" else text)
    if _is_file(source):
        from tempstudio.plugin_guard import read_foreign

        found = read_foreign(Path(source), host())
        if found is not None:
            return found[0]
    raise refused from None


def _is_file(source: str) -> bool:
    try:
        return Path(source).is_file()
    except (OSError, ValueError):
        return False
