"""The model document: FLOP from first principles, for one sequence."""

from __future__ import annotations

import pytest

from tempstudio.core.errors import InputError
from tempstudio.core.model_report import describe_model
from tempstudio.core.workload import Block, Operator, Workload

ROUTER = Operator(
    "router", "router", in_features=8, out_features=4, parameters=32, experts=4, active_experts=2
)
EXPERTS = Operator(
    "experts",
    "experts",
    inputs=("input", "router"),
    in_features=8,
    out_features=16,
    parameters=4 * 8 * 16,
    experts=4,
    active_experts=2,
)
CORE = Operator("core", "attention", heads=4, kv_heads=2, head_dim=3, value_dim=5)
MODEL = Workload("tiny", (Block("layers", (ROUTER, EXPERTS, CORE), 3),), 8, 16, max_seq_len=10)


def test_flop_of_each_kind() -> None:
    router, experts, core = describe_model(MODEL, seq_len=7)["operators"]
    assert router["flop"] == 2 * 7 * 8 * 4  # every token sees every expert's score once
    assert experts["flop"] == 2 * 7 * 8 * 16 * 2  # and visits two experts
    assert core["flop"] == 2 * 7 * 7 * 4 * (3 + 5)  # scores over 3, values over 5 features
    assert experts["shape"] == [4, 8, 16]
    assert [row["repeat"] for row in (router, experts, core)] == [3, 3, 3]


def test_active_parameters() -> None:
    report = describe_model(MODEL)
    assert report["parameters"] == 3 * (32 + 512)
    assert report["active_parameters"] == 3 * (32 + 256)
    assert report["layers"] == 3


def test_the_sequence_is_the_longest_unless_told() -> None:
    assert describe_model(MODEL) == describe_model(MODEL, MODEL.max_seq_len)
    assert describe_model(MODEL)["seq_len"] == 10


@pytest.mark.parametrize("seq_len", [0, -1, 1.5, True, "4096", 10**9])
def test_absurd_sequences(seq_len: object) -> None:
    with pytest.raises(
        InputError, match=r"^seq_len: found .*, expected a whole number from 1"
    ) as e:
        describe_model(MODEL, seq_len)  # type: ignore[arg-type]
    assert len(str(e.value)) < 200


def test_a_sequence_of_more_digits_than_python_prints() -> None:
    with pytest.raises(InputError, match="more than 40 digits"):
        describe_model(MODEL, 10**5000)
