"""Strict reading of JSON text: whatever the text holds, a document or one clear line.

Pure text to document; whoever opens the file reads at most `MAX_BYTES` + 1 bytes of it.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from tempstudio.core.errors import InputError

MAX_BYTES = 16_000_000
MAX_VALUES = 1_000_000  # with 232 bytes for the smallest object, some 250 MB at the worst
MAX_DEPTH = 64
MAX_DIGITS = 100

_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_NUMBER_OR_STRING = re.compile(rf"{_STRING}|-?(?:[0-9][0-9.eE+-]*|NaN|Infinity)", re.DOTALL)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class _Refused(Exception):
    """A token that the JSON grammar of Python lets through and this project does not."""

    def __init__(self, token: str, reason: str) -> None:
        super().__init__(reason)
        self.token = token
        self.reason = reason


def parse(
    text: str | bytes,
    where: str,
    *,
    max_bytes: int = MAX_BYTES,
    max_values: int = MAX_VALUES,
) -> Any:
    """The document that a JSON text holds.

    `where` (a file's name, say) begins every error.  Refused with `InputError`, in one line with
    line and column where they are known: more than `max_bytes` bytes or `max_values` values,
    anything but UTF-8, broken or cut-off JSON, nesting deeper than 64, a key twice in one object,
    NaN and infinities (also as `1e999`), whole numbers of more than 100 digits, halves of surrogate
    pairs.  Never raises anything else.

    >>> parse('{"hidden_size": 4096}', "config.json")
    {'hidden_size': 4096}
    >>> parse('[1, NaN]', "config.json")
    Traceback (most recent call last):
    tempstudio.core.errors.InputError: config.json: line 1, column 5: NaN is not a number
    """
    text = _decoded(text, where, max_bytes)
    openings = text.count("{") + text.count("[")
    if openings + text.count(",") > max_values:
        raise InputError(f"{where}: more values than the {max_values:,} allowed")
    if not text.strip():
        raise InputError(f"{where}: the text is empty, expected JSON")
    try:
        document = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        raise InputError(
            f"{where}: line {error.lineno}, column {error.colno}: not valid JSON: {_reason(error)}"
        ) from None
    except _Refused as error:
        raise InputError(f"{where}: {_place(text, error)}{error.reason}") from None
    except RecursionError:
        _refuse_depth(text, where)
    if openings > MAX_DEPTH and _too_deep(document):
        _refuse_depth(text, where)
    if _SURROGATE.search(text):
        _check_surrogates(document, where)
    return document


def _decoded(text: str | bytes, where: str, max_bytes: int) -> str:
    try:
        data = text.encode() if isinstance(text, str) else text
    except UnicodeEncodeError as error:
        raise InputError(
            f"{where}: character {error.start + 1} is half of a surrogate pair"
        ) from None
    if len(data) > max_bytes:
        raise InputError(f"{where}: larger than the {max_bytes / 1e6:g} MB allowed")
    try:
        # Some editors begin a file with a byte order mark; it carries nothing.
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise InputError(
            f"{where}: line {line}, column {column}: not UTF-8 text "
            f"(byte 0x{data[error.start]:02x})"
        ) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                token = json.dumps(key)
                shown = token if len(token) <= 60 else token[:56] + '..."'
                raise _Refused(token, f"the key {shown} stands twice in one object")
            seen.add(key)
    return document


def _integer(token: str) -> int:
    if len(token) > MAX_DIGITS:
        digits = len(token.lstrip("-"))
        if digits > MAX_DIGITS:
            raise _Refused(
                token, f"a whole number of {digits:,} digits, allowed: at most {MAX_DIGITS}"
            )
    return int(token)


def _float(token: str) -> float:
    value = float(token)
    if math.isinf(value):
        shown = token if len(token) <= 40 else token[:37] + "..."
        raise _Refused(token, f"{shown} is too large for a number")
    return value


def _constant(token: str) -> NoReturn:
    raise _Refused(token, f"{token} is not a number")


def _reason(error: json.JSONDecodeError) -> str:
    text = error.msg[:1].lower() + error.msg[1:]
    # Python says "Invalid control character at" and "Unterminated string starting at".
    return text.removesuffix(" starting at").removesuffix(" at")


def _place(text: str, error: _Refused) -> str:
    """`line l, column c: ` of the refused token, or nothing where it cannot be told."""
    if error.token.startswith('"'):
        if len(error.token) > 1000:  # a pattern of megabytes takes seconds to compile
            return ""
        found = [match.start() for match in re.finditer(re.escape(error.token) + r"\s*:", text)]
        if len(found) != 2:  # the same key in other objects too: which two are meant is not known
            return ""
        return _line_column(text, found[1])
    for match in _NUMBER_OR_STRING.finditer(text):
        if match.group() == error.token:
            return _line_column(text, match.start())
    return ""


def _line_column(text: str, position: int) -> str:
    line = text.count("\n", 0, position) + 1
    return f"line {line}, column {position - text.rfind(chr(10), 0, position)}: "


def _too_deep(document: Any) -> bool:
    level = [document] if isinstance(document, (dict, list)) else []
    for _ in range(MAX_DEPTH):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return False
    return True


def _refuse_depth(text: str, where: str) -> NoReturn:
    depth, place = 0, ""
    for match in re.finditer(rf"{_STRING}|[\[{{]|[\]}}]", text, re.DOTALL):
        sign = match.group()
        depth += (sign in "[{") - (sign in "]}") if len(sign) == 1 else 0
        if depth > MAX_DEPTH:
            place = _line_column(text, match.start())
            break
    raise InputError(f"{where}: {place}nested deeper than the {MAX_DEPTH} levels allowed")


def _check_surrogates(document: Any, where: str) -> None:
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InputError(f"{where}: a text holds half of a surrogate pair") from None
