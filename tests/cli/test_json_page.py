"""docs/json.md tells the keys that `--json` prints, all of them and no others."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Run

ROOT = Path(__file__).resolve().parents[2]


def told_keys(section: str) -> dict[str, set[str]]:
    """Keys of a table of docs/json.md, and the words in code beside each."""
    page = (ROOT / "docs" / "json.md").read_text()
    part = page.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    rows = [line.split(" | ", 1) for line in part.splitlines() if line.startswith("| `")]
    return {
        key: set(re.findall(r"`(\w+)`", text))
        for keys, text in rows
        for key in re.findall(r"`(\w+)`", keys)
    }


def test_the_keys_of_a_run_are_those_that_are_told(cli: Run, tiny: list[str]) -> None:
    run = cli("run", *tiny, "--parallel", "stream=2,dp=2", "--explain", "--json").document
    told = told_keys("run")
    explanation = run.pop("explanation")
    assert set(told) == set(run)
    for key, value in run.items():
        row = value[0] if isinstance(value, list) and value else value
        if isinstance(row, dict) and key != "parallel":
            assert set(row) <= told[key], key
    assert set(run["parallel"]) == told["parallel"]
    page = (ROOT / "docs" / "json.md").read_text()
    assert all(f"`{key}`" in page for key in (*explanation, *explanation["operators"][0]))


def test_the_keys_of_other_documents_are_those_that_are_told(cli: Run) -> None:
    page = (ROOT / "docs" / "json.md").read_text()
    assert set(told_keys("schedule")) == set(cli("schedule", "2x2", "--json").document)
    words = ["collective", "all-gather", "--group", "2x2", "--bytes", "1", "--json"]
    assert set(told_keys("collective")) == set(cli(*words).document)
    model = cli("model", "mixtral-8x7b", "--json").document
    others = [model, *model["operators"], cli("explain", "mfu", "--json").document,
              cli("doctor", "--json").document]  # fmt: skip
    flow = {"source": [0, 0], "target": [0, 1], "bytes": 1}
    Path("flows.json").write_text(json.dumps({"machine": {"rows": 1, "cols": 2}, "flows": [flow]}))
    others.append(cli("route", "flows.json", "--json").document)
    plain = {"tempstudio", "python", "system"}  # "versions"
    for document in others:
        assert [key for key in document if f"`{key}`" not in page and key not in plain] == []
