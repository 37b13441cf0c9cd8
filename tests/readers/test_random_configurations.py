"""Random small configurations of every family: counts, graphs and reports hold for all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tempstudio.core.json_text import parse
from tempstudio.core.model_report import describe_model
from tempstudio.core.workload import Workload, workload_to_json
from tempstudio.core.workload_json import workload_from_json
from tempstudio.readers import workload_from_config
from tempstudio.readers.hugging_face import FAMILIES as READERS
from tests.readers.random_families import FAMILIES, Config

ANY = st.one_of([strategy for strategy, _ in FAMILIES.values()])
WORKLOADS = ANY.map(lambda config: workload_from_config(config, "config.json"))


def test_every_family_is_here() -> None:
    older_names = {"RefinedWeb", "RefinedWebModel"}
    assert set(FAMILIES) == set(READERS) - older_names


@pytest.mark.parametrize("kind", FAMILIES)
@settings(max_examples=30)
@given(data=st.data())
def test_parameters_equal_the_formula(kind: str, data: st.DataObject) -> None:
    strategy, count = FAMILIES[kind]
    config = data.draw(strategy)
    assert workload_from_config(config, "config.json").parameters == count(config)


@given(WORKLOADS)
def test_a_graph_written_is_read_back_equal(workload: Workload) -> None:
    text = json.dumps(workload_to_json(workload))
    assert workload_from_json(parse(text, "graph.json"), "graph.json") == workload


@given(ANY, st.dictionaries(st.text().map(lambda key: f"_{key}"), st.integers() | st.text()))
def test_unknown_fields_change_nothing(config: Config, extra: dict[str, Any]) -> None:
    extra.pop("_remove_final_layer_norm", None)  # the one underscore that OPT means
    plain = workload_from_config(config, "config.json")
    more = {**extra, "torch_dtype": "bfloat16", "transformers_version": None, **config}
    assert workload_from_config(more, "config.json") == plain


@given(WORKLOADS)
def test_features_fit_from_operator_to_operator(workload: Workload) -> None:
    """Products and norms take just what their input gives, latent attention's slices apart."""
    for block in workload.blocks:
        width = {operator.name: operator.out_features for operator in block.operators}
        for operator in block.operators:
            if operator.name in ("attention.kv_norm", "attention.query_norm", "attention.key_norm"):
                continue
            if operator.kind in ("linear", "router", "norm", "loss"):
                source = operator.inputs[0]
                given_width = workload.hidden if source == "input" else width[source]
                assert operator.in_features == given_width, operator
            if operator.kind == "elementwise" and operator.function.endswith("add"):
                for name in operator.inputs:
                    source_width = workload.hidden if name == "input" else width[name]
                    assert source_width == operator.out_features
        if block.name != "head":
            assert block.operators[-1].out_features == workload.hidden


@given(WORKLOADS)
def test_every_operator_but_the_last_is_used(workload: Workload) -> None:
    for block in workload.blocks:
        used = {name for operator in block.operators for name in operator.inputs}
        assert {operator.name for operator in block.operators[:-1]} <= used
        assert block.name == "embedding" or "input" in used


@given(WORKLOADS, st.integers(1, 10_000))
def test_report_adds_up(workload: Workload, seq_len: int) -> None:
    report = describe_model(workload, seq_len)
    rows = report["operators"]
    assert sum(row["parameters"] * row["repeat"] for row in rows) == report["parameters"]
    assert sum(row["flop"] * row["repeat"] for row in rows) == report["flop"]
    assert report["active_parameters"] <= report["parameters"]
    assert json.loads(json.dumps(report)) == report
    # 2 FLOP a weight and token in every product, and 4 s h for the two products of attention.
    heads = [op for block in workload.blocks for op in block.operators * block.repeat if op.heads]
    scores = sum(2 * op.heads * (op.head_dim + op.value_dim) for op in heads) * seq_len
    products = sum(
        row["repeat"] * row["shape"][-2] * row["shape"][-1] * row.get("active_experts", 1)
        for row in rows
        if row["kind"] in ("linear", "router", "experts")
    )
    assert report["flop"] == seq_len * (2 * products + scores)
