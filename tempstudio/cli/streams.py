"""stdout for the answer and nothing else; stderr for the rest."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from tempstudio.cli.answer import Answer
from tempstudio.core.errors import InputError
from tempstudio.scene.format import THIN_SPACE

# For terminals whose character set has no such signs.
_PLAIN = str.maketrans({"−": "-", "–": "-", "×": "x", "µ": "u", "→": "->"})


@contextmanager
def reserved_stdout() -> Iterator[TextIO]:
    """The real stdout, for the answer alone: whatever else writes to it meanwhile goes to stderr.

    That holds for plugins that print and for libraries that write to file descriptor 1 themselves.
    """
    stdout = sys.stdout
    if stdout is None:  # closed by the caller: there is nobody to tell
        yield io.StringIO()
        return
    kept = _moved_aside(stdout)
    sys.stdout = sys.stderr
    try:
        yield stdout if kept is None else kept
    finally:
        sys.stdout = stdout
        if kept is not None:
            with suppress(OSError):
                os.dup2(kept.fileno(), stdout.fileno())
            with suppress(OSError):
                kept.close()


def _moved_aside(stdout: TextIO) -> TextIO | None:
    """A copy of the real stdout, descriptor 1 leading to stderr; None where it is no such file."""
    try:
        descriptor = stdout.fileno()
        stdout.flush()
        copy = os.dup(descriptor)
    except (OSError, ValueError):
        return None
    try:
        os.dup2(2, descriptor)
    except OSError:  # stderr is closed
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), descriptor)
    return open(copy, "w", encoding=stdout.encoding, errors="surrogateescape")


def write_answer(answer: Answer, as_json: bool, out: TextIO) -> None:
    """Print the document or the text, and flush; `BrokenPipeError` where nobody listens any more.

    `InputError` where stdout cannot be written for another reason (a full disk).
    """
    text = json_text(answer.document) if as_json else answer.lines().rstrip("\n")
    if not text:
        return
    try:
        out.write(readable(text, out) + "\n")
        out.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        from tempstudio.storage.atomic import saying

        raise InputError(f"stdout: not written: {saying(error)}") from None


def json_text(document: Any) -> str:
    """A document as one line of plain ASCII."""
    return json.dumps(document, allow_nan=False)


def readable(text: str, out: TextIO) -> str:
    """A text as this stream can show it: plain spaces, no sign that its character set lacks."""
    text = text.replace(THIN_SPACE, " ")
    encoding = getattr(out, "encoding", None) or "utf-8"
    try:
        text.encode(encoding, "surrogateescape")
    except UnicodeEncodeError:
        text = text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
    return text


def complain(line: str) -> None:
    """One line on stderr, whatever the text holds."""
    with suppress(OSError, ValueError, AttributeError):
        print(f"tempstudio: {' '.join(line.replace(THIN_SPACE, ' ').split())}", file=sys.stderr)
        sys.stderr.flush()


def hush() -> None:
    """Let the interpreter's last flush go nowhere: the reader of stdout has gone."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
