"""`schedule`, `model`, `collective`, `explain` and `schema`: documents and texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tempstudio import glossary
from tempstudio.storage.schema import schema_names

if TYPE_CHECKING:
    from tests.cli.conftest import Run

SCHEDULE_KEYS = {
    "orchestration", "dies", "split", "rounds", "peak_foreign_chunks", "peak_buffer_chunks",
    "transfers",
}  # fmt: skip


def held_wrongly(document: dict[str, Any]) -> list[str]:
    """What of SPEC 4's rules 1 to 4 a schedule document breaks, read with the document's words."""
    dies, split = document["dies"], document["split"]
    held = [{die * split + piece for piece in range(split)} for die in range(len(dies))]
    computed: list[list[int]] = [[] for _ in dies]
    wrong = []
    for round_ in document["rounds"]:
        crossed = set()
        for die, part in round_["compute"]:
            computed[die].append(part)
            wrong += [f"die {die} lacks {part}"] * (part not in held[die])
        arriving = []
        for source, target, part in round_["transfers"]:
            a, b = dies[source], dies[target]
            wrong += [f"{a} and {b} are apart"] * (abs(a[0] - b[0]) + abs(a[1] - b[1]) != 1)
            wrong += [f"{source}>{target} twice"] * ((source, target) in crossed)
            wrong += [f"die {source} lacks {part}"] * (part not in held[source])
            crossed.add((source, target))
            arriving.append((target, part))
        for die, part in arriving:
            held[die].add(part)
    parts = list(range(len(dies) * split))
    return wrong + [
        f"die {d} computes not all" for d, c in enumerate(computed) if sorted(c) != parts
    ]


@pytest.mark.parametrize(
    ("words", "orchestration", "split"),
    [(["2x4"], "ring", 2), (["1x5"], "relay", 1), (["3x3"], "relay", 1), (["1x1"], "relay", 1),
     (["3x3", "--dead", "1,1"], "ring", 2),
     (["2x4", "--dead", "0,3", "--dead-link", "0,0-0,1"], "relay", 1)],
)  # fmt: skip
def test_a_schedule_obeys_the_rules(
    cli: Run, words: list[str], orchestration: str, split: int
) -> None:
    outcome = cli("schedule", *words, "--json")
    assert (outcome.status, outcome.err) == (0, "")
    document = outcome.document
    assert set(document) == SCHEDULE_KEYS
    assert (document["orchestration"], document["split"]) == (orchestration, split)
    assert held_wrongly(document) == []
    assert len(document["rounds"]) == len(document["dies"])
    sent = sum(len(round_["transfers"]) for round_ in document["rounds"])
    assert sent == document["transfers"]


def test_people_read_the_rounds(cli: Run) -> None:
    text = cli("schedule", "1x3").out
    assert text.startswith("relay of 3 dies: 0,0 0,1 0,2\n")
    assert "3 rounds, 6 transfers of a chunk" in text
    assert cli("schedule", "1x1").out.startswith("relay of 1 die: 0,0\n1 round, 0 transfers")
    assert text.count("  round ") == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [(["2x2", "--dead", "0,1", "--dead", "1,0"], "cut off"),
     (["1x3", "--dead-link", "0,0-0,1"], "cut off"),
     (["3x3", "--dead", "0,1", "--dead", "1,2"], "neither a cycle nor a path"),
     (["1x1", "--dead", "0,0"], "no die")],
)  # fmt: skip
def test_a_group_without_cycle_or_path_is_status_3_with_the_reason(
    cli: Run, words: list[str], said: str
) -> None:
    outcome = cli("schedule", *words, "--json")
    assert outcome.status == 3
    assert said in outcome.complaint
    assert outcome.document == {"fits": False, "error": outcome.complaint}


def test_the_model_document(cli: Run) -> None:
    document = cli("model", "llama2-7b", "--seq", "4096", "--json").document
    assert document["name"] == "llama2-7b"
    assert document["parameters"] == document["active_parameters"] == 6_738_415_616
    assert document["layers"] == 32
    rows = document["operators"]
    assert all({"name", "kind", "shape", "flop", "parameters", "repeat"} <= set(r) for r in rows)
    assert sum(row["parameters"] * row["repeat"] for row in rows) == 6_738_415_616
    assert sum(row["flop"] * row["repeat"] for row in rows) == document["flop"]


def test_half_the_sequence_is_less_than_half_the_work(cli: Run) -> None:
    whole, half = (
        cli("model", "llama2-7b", "--seq", str(n), "--json").document["flop"] for n in (4096, 2048)
    )
    assert half < whole / 2  # attention grows with the square


def test_a_model_from_a_folder_and_by_its_name_are_one(cli: Run, tmp_path: Path) -> None:
    from tempstudio.resources import asset

    config = json.loads(asset("presets", "models", "llama3-8b.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config))
    read, named = (cli("model", x, "--json").document for x in (tmp_path, "llama3-8b"))
    assert read["operators"] == named["operators"]
    text = cli("model", tmp_path / "config.json").out
    assert f"{named['parameters']:,} parameters" in text
    assert "attention.qkv" in text


@pytest.mark.parametrize("op", ["all-reduce", "all-gather", "reduce-scatter", "all-to-all"])
@pytest.mark.parametrize("group", ["2x4", "ring:5", "line:3", "1x1"])
def test_a_collective_never_beats_its_bound(cli: Run, op: str, group: str) -> None:
    document = cli("collective", op, "--group", group, "--bytes", "1e9", "--json").document
    assert {"time_s", "bound_s", "algorithm", "steps"} <= set(document)
    assert document["time_s"] >= document["bound_s"] * (1 - 1e-9)


def test_a_named_algorithm_is_used_and_the_best_is_no_slower(cli: Run) -> None:
    words = ["collective", "all-reduce", "--group", "ring:8", "--bytes", "1e9", "--json"]
    best = cli(*words).document
    ring = cli(*words, "--algorithm", "ring").document
    assert (ring["algorithm"], ring["steps"]) == ("ring", 14)
    assert best["time_s"] <= ring["time_s"]
    fast = cli(*words, "--algorithm", "ring", "--link-bandwidth", "8e12", "--latency", "0")
    slow = cli(*words, "--algorithm", "ring", "--link-bandwidth", "4e12", "--latency", "0")
    assert slow.document["time_s"] == pytest.approx(2 * fast.document["time_s"])
    assert "14 steps" in cli(*words[:-1], "--algorithm", "ring").out


def test_every_term_can_be_explained(cli: Run) -> None:
    terms = cli("explain", "--json").document["terms"]
    assert terms == [entry.term for entry in glossary.entries()]
    assert cli("explain").out.splitlines() == terms
    for term in terms[:: max(1, len(terms) // 10)]:
        entry = cli("explain", *term.split(), "--json").document
        assert entry["term"] == term
        assert entry["sentence"] in cli("explain", *term.split()).out


@pytest.mark.parametrize("name", schema_names())
def test_every_schema_is_printed_whole(cli: Run, name: str) -> None:
    document = cli("schema", name, "--json").document
    assert document["$schema"].startswith("https://json-schema.org/")
    assert json.loads(cli("schema", name).out) == document
