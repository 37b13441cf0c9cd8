"""The two ways in which a question can have no answer."""

from __future__ import annotations


class InputError(ValueError):
    """The input is wrong: one line that says what, where, what was found and what is allowed."""


class NoPlanError(RuntimeError):
    """The input is fine but nothing fits or no plan exists: one line that says why."""
