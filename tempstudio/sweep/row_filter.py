"""Which rows a person wants to see: an expression over the columns, read and never executed."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.errors import InputError
from tempstudio.sweep.result_table import ResultTable

MOST_CHARACTERS = 500
EXAMPLE = 'fits and step_time_s < 0.5 and mapper == "gemini"'

_COMPARED: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_COMPUTED: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def matching(table: ResultTable, expression: str) -> NDArray[np.bool_]:
    """Rows of a table for which an expression holds [rows]; all of them for "".

    Numbers, texts in quotes and columns by name are compared with `< <= > >= == !=`, a text also
    with `in` (a part of it); comparisons are joined with `and`, `or`, `not`.  A value that is not
    there fails every comparison.  Raises `InputError` in one line.
    """
    text = expression.strip()
    if not text:
        return np.ones(table.rows, dtype=bool)
    if len(text) > MOST_CHARACTERS:
        raise InputError(f"filter: longer than {MOST_CHARACTERS} characters")
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InputError(f"filter: cannot be read, expected such as {EXAMPLE}") from None
    with np.errstate(all="ignore"):
        found = _truth(tree.body, table)
    return np.broadcast_to(np.asarray(found, dtype=bool), (table.rows,))


def _truth(node: ast.expr, table: ResultTable) -> Any:
    if isinstance(node, ast.BoolOp):
        parts = [_truth(part, table) for part in node.values]
        join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        found = parts[0]
        for part in parts[1:]:
            found = join(found, part)
        return found
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return np.logical_not(_truth(node.operand, table))
    if isinstance(node, ast.Compare):
        return _compared(node, table)
    value = _value(node, table)
    if isinstance(value, str) or (isinstance(value, np.ndarray) and value.dtype.kind == "U"):
        raise InputError("filter: a text alone is neither true nor false, compare it with one")
    return np.nan_to_num(np.asarray(value, dtype=float)) != 0


def _compared(node: ast.Compare, table: ResultTable) -> Any:
    values = [_value(part, table) for part in (node.left, *node.comparators)]
    found: Any = True
    for how, left, right in zip(node.ops, values[:-1], values[1:], strict=True):
        found = np.logical_and(found, _pair(how, left, right))
    return found


def _pair(how: ast.cmpop, left: Any, right: Any) -> Any:
    texts = [isinstance(v, str) or np.asarray(v).dtype.kind == "U" for v in (left, right)]
    if isinstance(how, (ast.In, ast.NotIn)):
        if not isinstance(left, str) or not all(texts):
            raise InputError('filter: `in` is for texts, such as "llama" in model')
        inside = np.char.find(np.asarray(right), left) >= 0
        return ~inside if isinstance(how, ast.NotIn) else inside
    if texts[0] != texts[1]:
        raise InputError("filter: a text is compared with a number")
    compare = _COMPARED.get(type(how))
    if compare is None:
        raise InputError(f"filter: cannot be read, expected such as {EXAMPLE}")
    if all(texts):
        return compare(np.asarray(left), np.asarray(right))
    known = np.isfinite(np.asarray(left, float)) & np.isfinite(np.asarray(right, float))
    return np.logical_and(known, compare(left, right))


def _value(node: ast.expr, table: ResultTable) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float, str)):
        return node.value if isinstance(node.value, str) else float(node.value)
    if isinstance(node, (ast.Name, ast.Attribute)):
        return _column(_dotted(node), table)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_number(node.operand, table)
    if isinstance(node, ast.BinOp) and type(node.op) in _COMPUTED:
        compute = _COMPUTED[type(node.op)]
        return compute(_number(node.left, table), _number(node.right, table))
    raise InputError(f"filter: cannot be read, expected such as {EXAMPLE}")


def _number(node: ast.expr, table: ResultTable) -> Any:
    value = _value(node, table)
    if isinstance(value, str) or np.asarray(value).dtype.kind == "U":
        raise InputError("filter: only numbers can be computed with")
    return np.asarray(value, dtype=float)


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Name):
        return {"true": "True", "false": "False"}.get(node.id, node.id)
    raise InputError(f"filter: cannot be read, expected such as {EXAMPLE}")


def _column(name: str, table: ResultTable) -> Any:
    if name in ("True", "False"):
        return float(name == "True")
    # The last part of a dotted name will do where it is the only one of its kind.
    matches = [n for n in table.names if n == name] or [
        n for n in table.names if name in n.split(".")
    ]
    if len(matches) != 1:
        allowed = ", ".join(table.names[:12]) + (", ..." if len(table.names) > 12 else "")
        problem = "could be any of " + ", ".join(matches) if matches else f"allowed: {allowed}"
        raise InputError(f"filter: found {name!r}, {problem}")
    if matches[0] in table.numbers:
        return table.numbers[matches[0]]
    return np.array(table.texts[matches[0]], dtype=str)
