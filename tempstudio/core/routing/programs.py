"""Linear programs over columns: exact shares of the routes found so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.routing.columns import Columns

OVERLOAD = 1000.0  # price of exceeding the cap by its whole, in shortest byte-hops of all flows


@dataclass(frozen=True, slots=True)
class Shares:
    """A solution: `share` [columns] of its flow that each carries; `level`: overload or load.

    `price` [links] and `worth` [flows] are its duals: a route whose prices add to less than its
    flow's worth would improve it.
    """

    share: NDArray[np.float64]
    level: float
    price: NDArray[np.float64]
    worth: NDArray[np.float64]


def least_load(columns: Columns) -> Shares:
    """The shares of least maximum load, which is `level`."""
    rows = _rows(columns, 1.0)
    answer = _solve(
        np.append(np.zeros(len(columns)), 1.0),
        rows,
        np.zeros(len(rows.loaded)),
        np.full(len(columns) + 1, np.inf),
    )
    return _with_duals(columns, rows, answer, 0.0, 1.0)


def least_byte_hops(
    columns: Columns,
    cap: float,
    extra: NDArray[np.float64] | None = None,
    barred: NDArray[np.bool_] | None = None,
) -> Shares:
    """The shares of fewest byte-hops with no load above `cap`; `level` is the unavoidable excess.

    The excess is a share of the cap.  `extra` [columns]: added to the hops of each column;
    `barred` [columns]: columns that may not be used.
    """
    rows = _rows(columns, cap)
    total = _shortest_byte_hops(columns)
    hops = columns.hops if extra is None else columns.hops + extra
    cost = np.append(columns.amount * hops / total, OVERLOAD)
    most = np.full(len(cost), np.inf)
    if barred is not None:
        most[:-1][barred] = 0.0
    answer = _solve(cost, rows, np.ones(len(rows.loaded)), most)
    return _with_duals(columns, rows, answer, 1.0, total)


@dataclass(frozen=True, slots=True)
class _Rows:
    """`load` [loaded links x columns] over capacity and cap, `flow` [flows x columns]."""

    load: Any
    flow: Any
    loaded: NDArray[np.int32]
    scale: NDArray[np.float64]


def _rows(columns: Columns, cap: float) -> _Rows:
    from scipy import sparse

    draft = columns.draft
    column = np.repeat(np.arange(len(columns)), columns.hops)
    loaded, row = np.unique(columns.link, return_inverse=True)
    scale = draft.net.capacity[loaded] * cap
    load = sparse.csr_matrix(
        (columns.amount[column] / scale[row], (row, column)), shape=(len(loaded), len(columns))
    )
    flow = sparse.csr_matrix(
        (np.ones(len(columns)), (columns.flow, np.arange(len(columns)))),
        shape=(len(draft.demand), len(columns)),
    )
    return _Rows(load, flow, loaded, scale)


def _solve(
    cost: NDArray[np.float64], rows: _Rows, room: NDArray[np.float64], most: NDArray[np.float64]
) -> Any:
    """Least cost of the shares and of the level that all loads stay below, beyond `room`."""
    from scipy import sparse
    from scipy.optimize import linprog

    links, flows = len(rows.loaded), rows.flow.shape[0]
    level = sparse.csr_matrix(-np.ones((links, 1)))
    answer = linprog(
        cost,
        A_ub=sparse.hstack([rows.load, level], format="csr"),
        b_ub=room,
        A_eq=sparse.hstack([rows.flow, sparse.csr_matrix((flows, 1))], format="csr"),
        b_eq=np.ones(flows),
        bounds=np.stack([np.zeros(len(most)), most], axis=1),
        method="highs-ds",
    )
    if answer.status != 0:
        raise RuntimeError(f"HiGHS found no shares for the routes: {answer.message}")
    return answer


def _with_duals(columns: Columns, rows: _Rows, answer: Any, hop: float, total: float) -> Shares:
    draft = columns.draft
    price = np.full(len(draft.net.tail), hop)
    price[rows.loaded] -= answer.ineqlin.marginals * total / rows.scale
    worth = answer.eqlin.marginals * total / draft.flows.amount
    return Shares(answer.x[:-1], float(answer.x[-1]), price, worth)


def _shortest_byte_hops(columns: Columns) -> float:
    flows = columns.draft.flows
    return float(flows.amount @ np.maximum.reduceat(flows.hops, flows.first[:-1]))
