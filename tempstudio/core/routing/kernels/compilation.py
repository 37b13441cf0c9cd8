"""`numba.njit` with its cache on disk; numba takes 0.5 s to import."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])

_FILES = [path.stat() for path in Path(__file__).parent.glob("*.py")]
STAMP = max(file.st_mtime for file in _FILES), sum(file.st_size for file in _FILES)


def compiled(function: Function) -> Function:
    """The function compiled, and compiled anew when any file of this folder has changed.

    numba by itself looks at the function's own file only, not at those that it calls into.
    """
    dispatcher = numba.njit(cache=True, error_model="numpy")(function)
    index = getattr(getattr(dispatcher, "_cache", None), "_cache_file", None)
    if index is not None:
        index._source_stamp = STAMP
    return cast(Function, dispatcher)
