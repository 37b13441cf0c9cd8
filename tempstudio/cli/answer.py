"""What a command has to say: a document for scripts, a text for people, and an exit status."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

DONE, FAULT, WRONG_INPUT, NO_PLAN, INTERRUPTED = 0, 1, 2, 3, 130


@dataclass(frozen=True)
class Answer:
    """What a command returns; the dispatcher prints it, so that a command itself prints nothing.

    `document` is what `--json` prints, `text` what a person reads otherwise (a function where it
    takes work), `status` the exit status, `complaint` one line for stderr and `notes` more such.
    """

    document: Any
    text: str | Callable[[], str] = ""
    status: int = DONE
    complaint: str = ""
    notes: tuple[str, ...] = ()

    def lines(self) -> str:
        """The text for people."""
        return self.text if isinstance(self.text, str) else self.text()
