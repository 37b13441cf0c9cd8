"""Formulas as papers print them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempstudio.core.errors import InputError
from tempstudio.validation.formula import evaluate

SIZES = {"s": 2048.0, "b": 4.0, "h": 6144.0, "a": 64.0, "t": 8.0, "ffn": 24576.0, "L": 3.0}
s, b, h, a, t, ffn = (SIZES[name] for name in ("s", "b", "h", "a", "t", "ffn"))


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("sbh(34+5as/h)", s * b * h * (34 + 5 * a * s / h)),
        ("sbh(10+24/t+5as/(ht))", s * b * h * (10 + 24 / t + 5 * a * s / (h * t))),
        ("34sbh/t", 34 * s * b * h / t),
        ("sbh(18+4 ffn/h)/t  (=34sbh/t for ffn=4h)", s * b * h * (18 + 4 * ffn / h) / t),
        ("2 - 3 - 4", -5.0),
        ("8/4/2", 1.0),
    ],
)
def test_products_may_go_without_saying(formula: str, value: float) -> None:
    assert evaluate(formula, SIZES, "here") == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    "wrong", ["", "s+", "(s", "s)", "x", "1/(s-s)", "s**2", "9" * 300, "(" * 150]
)
def test_what_is_no_formula_is_told_in_one_line(wrong: str) -> None:
    with pytest.raises(InputError) as caught:
        evaluate(wrong, SIZES, "here")
    assert str(caught.value).startswith("here: ")
    assert "\n" not in str(caught.value)


@given(st.text(alphabet="sbh0123456789.+-*/() ", max_size=40))
def test_any_text_is_a_number_or_an_error(text: str) -> None:
    try:
        value = evaluate(text, SIZES, "here")
    except InputError as error:
        assert str(error).startswith("here: ")
    else:
        assert isinstance(value, float)
