"""Results as a table: what a sweep wrote comes back, filters are read, points are opened."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempstudio.core.errors import InputError
from tempstudio.sweep import run_sweep
from tempstudio.sweep.kept_sweep import kept_sweep, project_at
from tempstudio.sweep.point_run import project_of
from tempstudio.sweep.result_table import ResultTable, read_results
from tempstudio.sweep.row_filter import matching
from tests.sweep.conftest import AXES, MakeSweep

CSV = """point,machine.rows,fits,step_time_s,strategies.mapper.name,error
0,2,true,0.5,gemini,
1,4,false,,sequential,"no plan, too bad"
2,4,true,0.25,traffic-conscious,
"""


@pytest.fixture
def table(tmp_path: Path) -> ResultTable:
    (tmp_path / "any.csv").write_text(CSV)
    return read_results(tmp_path / "any.csv")


def test_columns_are_numbers_flags_or_texts(table: ResultTable) -> None:
    assert table.rows == 3 and not table.opens
    assert set(table.numbers) == {"point", "machine.rows", "fits", "step_time_s"}
    assert table.flags == {"fits"}
    assert table.text("fits", 1) == "no" and table.text("step_time_s", 1) == ""
    assert table.text("error", 1) == "no plan, too bad"


@pytest.mark.parametrize(
    ("expression", "rows"),
    [
        ("", [0, 1, 2]),
        ("fits", [0, 2]),
        ("not fits", [1]),
        ("step_time_s < 0.3", [2]),
        ("step_time_s >= 0.25 and rows == 4", [2]),
        ("0.2 < step_time_s <= 0.5", [0, 2]),
        ("step_time_s != 0.5", [2]),
        ('mapper == "gemini" or rows * 2 > 7', [0, 1, 2]),
        ('strategies.mapper.name == "gemini"', [0]),
        ('"ge" in name', [0]),
        ('"ti" not in name', [0, 2]),
        ("step_time_s / 0 > 1", []),
        ("-step_time_s < -0.3", [0]),
        ("fits == true and point > 0", [2]),
    ],
)
def test_a_filter_keeps_the_rows_it_names(
    table: ResultTable, expression: str, rows: list[int]
) -> None:
    assert np.flatnonzero(matching(table, expression)).tolist() == rows


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("fits and", "cannot be read"),
        ("nothing > 1", "found 'nothing', allowed: point, machine.rows"),
        ("error", "a text alone"),
        ('step_time_s < "x"', "a text is compared with a number"),
        ("error + 1 > 2", "only numbers"),
        ("__import__('os').system('true')", "cannot be read"),
        ("[1 for _ in (1,)]", "cannot be read"),
        ("point is 1", "cannot be read"),
        ("1" * 501, "longer than"),
        ("(" * 400, "cannot be read"),
    ],
)
def test_what_is_no_filter_is_told_in_one_line(
    table: ResultTable, expression: str, said: str
) -> None:
    with pytest.raises(InputError) as caught:
        matching(table, expression)
    assert said in str(caught.value) and "\n" not in str(caught.value)


@given(st.text(max_size=40))
def test_any_text_is_a_filter_or_is_refused(expression: str) -> None:
    column = {"a": np.array([1.0, np.nan])}
    table = ResultTable(Path("x"), ("a",), column, {}, frozenset(), 2, False)
    try:
        found = matching(table, expression)
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert found.shape == (2,) and found.dtype == bool


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no header line"),
        ("a,a\n1,2\n", "the same name"),
        ("a,b\n1\n", "line 2: found 1 cells, expected 2"),
        ("a\n\x00\n", ""),
    ],
)
def test_a_broken_table_is_told_in_one_line(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "broken.csv"
    path.write_text(content)
    if not said:
        read_results(path)  # odd, but a table
        return
    with pytest.raises(InputError, match=said):
        read_results(path)


def test_a_sweep_s_folder_comes_back_and_opens_its_points(make: MakeSweep, tmp_path: Path) -> None:
    sweep = make(AXES)
    outcome = run_sweep(sweep, tmp_path / "out")
    table = read_results(tmp_path / "out")
    assert table.opens and table.names == outcome.names and table.rows == len(outcome.rows)
    for row, cells in enumerate(outcome.rows):
        if cells["step_time_s"] is not None:
            assert table.numbers["step_time_s"][row] == cells["step_time_s"]
    assert kept_sweep(tmp_path / "out") == sweep
    for point in sweep.points:
        project = project_at(tmp_path / "out", point)
        assert project.fingerprint == project_of(sweep.document(point)).fingerprint
    with pytest.raises(InputError, match="found point 99"):
        project_at(tmp_path / "out", 99)
    (tmp_path / "out" / "sweep.json").write_text("[]")
    with pytest.raises(InputError, match="not a sweep kept"):
        project_at(tmp_path / "out", 0)
