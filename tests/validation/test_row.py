"""How published and computed figures are compared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempstudio.validation.groups import ITERATIONS, LIMITS, SHARDED, group_documents
from tempstudio.validation.report import Report
from tempstudio.validation.row import ABOVE, AT_LEAST, AT_MOST, Row

amounts = st.floats(1e-9, 1e12)


def row(published: object, computed: object, **more: object) -> Row:
    return Row("case", "kind", published, computed, "a paper", **more)  # type: ignore[arg-type]


@given(amounts, st.floats(-0.5, 0.5))
def test_a_row_holds_where_its_error_is_within_the_tolerance(value: float, error: float) -> None:
    tolerance = 0.1
    got = row(value, value * (1 + error), rel_tol=tolerance)
    assert got.error == pytest.approx(error, abs=1e-9)
    if abs(abs(error) - tolerance) > 1e-6:
        assert got.passed is (abs(error) < tolerance)


@given(amounts, st.floats(0.0, 2.0))
def test_a_bound_may_not_be_beaten(bound: float, above: float) -> None:
    computed = bound * (1 + above)
    assert row(bound, computed, rel_tol=0.0, sense=AT_LEAST).passed is True
    assert row(computed, bound * 0.99, rel_tol=0.05, sense=ABOVE).passed is False
    if abs(above - 0.05) > 1e-6:
        assert row(bound, computed, rel_tol=0.05, sense=ABOVE).passed is (above < 0.05)
        assert row(bound, computed, rel_tol=0.05, sense=AT_MOST).passed is (above < 0.05)
    assert row(bound, bound / 2, rel_tol=0.0, sense=AT_MOST).passed is True


def test_texts_and_truths_must_be_equal_and_nothing_is_held_without_a_tolerance() -> None:
    assert row(True, True, rel_tol=0.0).passed is True
    assert row(True, False, rel_tol=0.0).passed is False
    assert row(1.0, None, rel_tol=0.1).passed is False
    assert row(1.0, 5.0).passed is None
    assert row(1.0, float("nan"), rel_tol=0.1).passed is False
    assert row(0, 0, rel_tol=0.0).passed is True
    assert row(0, 1, rel_tol=0.0).passed is False


def test_a_group_is_held_to_its_mean() -> None:
    limit = LIMITS[ITERATIONS].mean
    for errors, holds in (((limit / 2, -limit), True), ((limit * 2, -limit), False)):
        rows = [row(1.0, 1 + error, group=ITERATIONS) for error in errors]
        (found,) = group_documents(rows)
        assert found["mean_error"] == pytest.approx(sum(map(abs, errors)) / 2)
        assert found["pass"] is holds
        assert Report(tuple(rows)).passed is holds


def test_a_group_with_a_trend_must_rise_and_fall_as_measured() -> None:
    measured = (140.0, 90.0, 45.0)
    for computed, holds in (((150.0, 92.0, 44.0), True), ((100.0, 101.0, 44.0), False)):
        pairs = zip(measured, computed, strict=True)
        (found,) = group_documents([row(a, b, group=SHARDED) for a, b in pairs])
        assert found["trend"] is holds
        assert found["pass"] is holds


def test_one_failure_is_enough() -> None:
    good, bad = row(1.0, 1.0, rel_tol=0.1), row(1.0, 2.0, rel_tol=0.1)
    assert Report((good, row(1.0, 9.0))).passed
    report = Report((good, bad))
    assert not report.passed
    summary = report.summary()
    assert (summary["rows"], summary["passed"], summary["failed"]) == (2, 1, 1)
    assert report.document()["rows"][1]["pass"] is False
