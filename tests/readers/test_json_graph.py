"""The project's own JSON graph as a file: broken in any way, it ends in one line."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from tempstudio.core.errors import InputError
from tempstudio.core.workload import MOST_NAME, Block, Operator, Workload, workload_to_json
from tempstudio.core.workload_json import workload_from_json
from tempstudio.readers import load_model

GRAPHS = [workload_to_json(load_model(name)) for name in ("mixtral-8x7b", "opt-6.7b", "falcon-7b")]
VALUES: list[Any] = [
    None, 0, 1, -1, 10**9, 10**10, 10**60, 1.5, True, "", "a", "a\nb", "x" * 5000, [], {}, [1],
    ["a\nb"], "input", "experts", "linear", "attention", "column",
]  # fmt: skip


def containers(document: Any) -> list[Any]:
    """Every object and list of a document."""
    if not isinstance(document, (dict, list)):
        return []
    inside = document.values() if isinstance(document, dict) else document
    return [document, *(found for child in inside for found in containers(child))]


def mutated(rng: random.Random) -> Any:
    graph = copy.deepcopy(rng.choice(GRAPHS))
    for _ in range(rng.randint(1, 3)):
        place = rng.choice(containers(graph))
        if isinstance(place, dict):
            key = rng.choice([*place, "heads", "experts", "active_experts", "inputs"])
            if rng.random() < 0.25:
                place.pop(key, None)
            else:
                place[key] = rng.choice(VALUES)
        elif place:
            index = rng.randrange(len(place))
            place[index : index + rng.randint(0, 1)] = [rng.choice([*VALUES, place[0]])]
    return graph


def test_mutated_graphs_end_in_a_model_or_one_line(tmp_path: Path) -> None:
    rng = random.Random(8)
    file = tmp_path / "graph.json"
    read = refused = 0
    for _ in range(300):
        file.write_text(json.dumps(mutated(rng)))
        try:
            model = load_model(file)
        except InputError as error:
            assert "\n" not in str(error)
            refused += 1
        else:
            assert workload_from_json(workload_to_json(model)) == model
            assert model.parameters >= 0
            read += 1
    assert read > 20
    assert refused > 150


@pytest.mark.parametrize("name", ["", "a\nb", "a\x1bb", "x" * (MOST_NAME + 1)])
def test_names_are_one_line(name: str) -> None:
    with pytest.raises(InputError, match=r"^model\.blocks\.layers: found the name .* printable"):
        Block("layers", (Operator(name, "norm"),))
    with pytest.raises(InputError, match=r"^model\.blocks: found the name"):
        Block(name, (Operator("norm", "norm"),))
    with pytest.raises(InputError, match=r"^model: found the name"):
        Workload(name, (Block("layers", (Operator("norm", "norm"),)),), 1, 1, 1)


def test_a_long_file_name_still_makes_a_model(tmp_path: Path) -> None:
    file = tmp_path / ("m" * 200 + ".json")
    file.write_text(
        json.dumps(
            {"model_type": "bloom", "hidden_size": 8, "n_layer": 1, "n_head": 2, "vocab_size": 10}
        )
    )
    assert load_model(file).name == "m" * MOST_NAME
