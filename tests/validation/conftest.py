"""The cases that come with the program, as the tests of all kinds need them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tempstudio.validation.case import Case
from tempstudio.validation.case_files import read_cases
from tempstudio.validation.data_files import FOLDER


@pytest.fixture(scope="session")
def cases_of() -> Callable[[str], list[Case]]:
    """The cases of one of the program's files or folders."""
    return lambda name: read_cases([FOLDER / name])


@pytest.fixture(scope="session")
def case_with() -> Callable[..., Case]:
    """A case of these fields, by itself."""

    def make(**fields: Any) -> Case:
        return Case(fields, "cases.json: cases[0]")

    return make
