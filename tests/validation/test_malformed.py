"""Broken files and cases: one line each, and nothing else."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tempstudio.core.errors import InputError
from tempstudio.validation import validate
from tempstudio.validation.case import Case
from tempstudio.validation.kinds import case_rows

FILES = {
    "nothing": "",
    "no json": "{cases",
    "a list": "[]",
    "no cases": '{"about": "x"}',
    "cases no list": '{"cases": {}}',
    "a case no object": '{"cases": [3]}',
    "unknown fields": '{"cases": [{"id": "x", "colour": "red"}]}',
    "published no object": '{"cases": [{"published": 3}]}',
    "no inputs": '{"cases": [{"inputs": {}, "expected": 3}]}',
    "unknown unit": '{"cases": [{"inputs": {"params": 3}, "expected": 3, "unit": "stone"}]}',
    "heads do not divide": json.dumps(
        {
            "cases": [
                {
                    "inputs": {"s": 8, "b": 1, "h": 90, "a": 3, "t": 2},
                    "formula": "34sbh/t",
                    "expected": 1,
                    "unit": "bytes",
                }
            ]
        }
    ),
    "mesh cut in two": json.dumps(
        {
            "cases": [
                {
                    "rows": 1,
                    "cols": 2,
                    "demands": [[0, 1, 1.0]],
                    "dead_links": [[0, 1], [1, 0]],
                    "lp_min_max_link_load": 1.0,
                }
            ]
        }
    ),
    "demand outside": json.dumps(
        {"cases": [{"rows": 2, "cols": 2, "demands": [[0, 9, 1]], "lp_min_max_link_load": 1}]}
    ),
    "no such algorithm": json.dumps(
        {
            "cases": [
                {
                    "op": "all-reduce",
                    "algorithm": "magic",
                    "n": 4,
                    "topology": "ring",
                    "bytes_total": 1,
                    "link_B_per_s": 1,
                    "expected_s": 1,
                }
            ]
        }
    ),
    "more devices than a cluster has": json.dumps(
        {
            "cases": [
                {
                    "model": {"layers": 2, "hidden": 64, "heads": 4, "seq": 64},
                    "parallel": {"tp": 8, "pp": 2, "gpus": 8},
                    "global_batch": 8,
                    "published": {"tflops_per_gpu": 1},
                    "source": "x",
                }
            ]
        }
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_one_line_for_a_broken_file(name: str, tmp_path: Path) -> None:
    file = tmp_path / "cases.json"
    file.write_text(FILES[name])
    with pytest.raises(InputError) as caught:
        validate([file])
    line = str(caught.value)
    assert line.startswith("cases.json")
    assert "\n" not in line
    assert len(line) < 400


def test_one_line_for_a_missing_file_and_an_empty_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(InputError, match="no such file"):
            validate([path])


JUNK: list[Any] = [None, True, -1, 0, 1e300, 0.5, "", "x", "1/0", [], [1], [[1, 2]], {}, {"a": 1}]


def _spoilt(document: Any, dice: random.Random) -> Any:
    """The document with one of its values, at any depth, replaced by something else or left out."""
    if isinstance(document, dict) and document and dice.random() < 0.9:
        key = dice.choice(sorted(document))
        if dice.random() < 0.15:
            return {k: v for k, v in document.items() if k != key}
        return {**document, key: _spoilt(document[key], dice)}
    if isinstance(document, list) and document and dice.random() < 0.5:
        place = dice.randrange(len(document))
        return [*document[:place], _spoilt(document[place], dice), *document[place + 1 :]]
    return dice.choice(JUNK)


@pytest.mark.parametrize("seed", range(12))
def test_a_spoilt_case_gives_rows_or_one_line(
    seed: int, cases_of: Callable[[str], list[Case]]
) -> None:
    dice = random.Random(seed)
    names = ("memory_cases.json", "collective_cases.json", "network_cases.json", "hf_configs")
    for name in names:
        for case in dice.sample(cases_of(name), 4):
            _rows_or_one_line(Case(_spoilt(case.document, dice), "cases.json: cases[0]"))


@pytest.mark.fuzz
def test_thousands_of_spoilt_cases(cases_of: Callable[[str], list[Case]]) -> None:
    dice = random.Random(7)
    names = ("memory_cases.json", "collective_cases.json", "routing_cases.json", "hf_configs")
    cases = [case for name in names for case in cases_of(name)]
    for _ in range(3000):
        case = dice.choice(cases)
        _rows_or_one_line(Case(_spoilt(case.document, dice), "cases.json: cases[0]"))


@pytest.mark.fuzz
def test_hundreds_of_spoilt_training_runs() -> None:
    document = {
        "id": "x",
        "model": {"layers": 4, "hidden": 256, "heads": 4, "vocab": 512, "seq": 128},
        "parallel": {"tp": 2, "pp": 2, "gpus": 8, "dp": 2, "interleave": 2},
        "global_batch": 16,
        "microbatch": 2,
        "recompute": "full",
        "published": {"tflops_per_gpu": 100.0, "iter_s": 0.05, "days_300B_tokens": 3},
        "source": "Somebody arXiv:2104.00001",
    }
    dice = random.Random(11)
    for _ in range(400):
        _rows_or_one_line(Case(_spoilt(document, dice), "cases.json: cases[0]"))


def _rows_or_one_line(case: Case) -> None:
    if not isinstance(case.document, dict):
        return  # the file's reader refuses it
    try:
        for row in case_rows(case):
            json.dumps(row.document())
    except InputError as error:
        assert "\n" not in str(error)
