"""A table as text: tabs for editors, HTML for spreadsheets and documents."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QAbstractItemModel, QModelIndex, Qt
from PySide6.QtWidgets import QTableView, QTreeView

ROLE = Qt.ItemDataRole


def table_text(view: QTableView | QTreeView) -> tuple[str, str, int]:
    """(text with tabs, HTML, number of rows) of the chosen rows, or of all; heads come first."""
    lines, count = table_lines(view)
    text = "\n".join("\t".join(line) for line in lines) + "\n"
    cells = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in lines
    )
    return text, f"<table>{cells}</table>", count


def table_lines(view: QTableView | QTreeView) -> tuple[list[list[str]], int]:
    """(heads where there are any and rows, number of rows) of the chosen rows, or of all."""
    model = view.model()
    columns = [c for c in range(model.columnCount()) if not view.isColumnHidden(c)]
    chosen = sorted(
        {index.siblingAtColumn(0) for index in view.selectionModel().selectedIndexes()},
        key=_place,
    )
    if len(chosen) < 2:  # one is only where the focus is
        chosen = list(_all_rows(view, model, QModelIndex()))
    heads = [
        _shown(model.headerData(c, Qt.Orientation.Horizontal, ROLE.DisplayRole)) for c in columns
    ]
    rows = [
        [_shown(index.siblingAtColumn(c).data(ROLE.DisplayRole)) for c in columns]
        for index in chosen
    ]
    return ([heads] if any(heads) else []) + rows, len(rows)


def _place(index: QModelIndex) -> tuple[int, ...]:
    """Rows from the root down to an index: the order in which they stand."""
    places: list[int] = []
    while index.isValid():
        places.append(index.row())
        index = index.parent()
    return tuple(reversed(places))


def _all_rows(
    view: QTableView | QTreeView, model: QAbstractItemModel, parent: QModelIndex
) -> list[QModelIndex]:
    """Every row that can be seen; what is folded in a tree stays folded."""
    found: list[QModelIndex] = []
    for row in range(model.rowCount(parent)):
        index = model.index(row, 0, parent)
        found.append(index)
        if isinstance(view, QTreeView) and view.isExpanded(index):
            found += _all_rows(view, model, index)
    return found


def _shown(value: object) -> str:
    return " ".join(str(value).split()) if value is not None else ""
