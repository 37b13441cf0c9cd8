"""The catalogue is plain data, and options come back from it as they went in."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempstudio import catalogue as catalogue_of
from tempstudio.catalogue import (
    cached,
    catalogue,
    keep,
    missing_from,
    needs_of,
    option_fields,
    options_from_pairs,
    options_to_pairs,
    versions_key,
)
from tempstudio.core.errors import InputError
from tempstudio.core.machine import machine_from_json, machine_to_json
from tempstudio.core.project import Project, StrategyChoice
from tempstudio.core.strategy import option
from tempstudio.plugin_host import Host
from tempstudio.readers import load_model


class Order(Enum):
    ROWS = "rows"
    COLUMNS = "columns"


@dataclass(frozen=True)
class Options:
    deep: bool = option(False, help="look deep")
    count: int = option(8, minimum=1, maximum=64, unit="dies")
    limit_s: float = option(0.3, key="limit_ms", scale=1e-3, unit="ms", minimum=0)
    name: str = option("x")
    style: str = option("plain", choices=("plain", "fancy"))
    order: Order = option(Order.ROWS)  # noqa: RUF009 - a field, as the others
    seed: int | None = option(None, minimum=0)
    sizes: tuple[int, ...] = option((2, 4), minimum=1)


def test_fields_say_all_that_a_form_needs() -> None:
    fields = {field["name"]: field for field in option_fields(Options)}
    assert json.loads(json.dumps(fields)) == fields
    assert [field["type"] for field in fields.values()] == [
        "bool",
        "int",
        "float",
        "str",
        "choice",
        "choice",
        "int",
        "list",
    ]
    assert fields["limit_ms"] | {"help": "", "choices": []} == {
        "name": "limit_ms",
        "type": "float",
        "item": "",
        "default": 300.0,
        "optional": False,
        "unit": "ms",
        "minimum": 0,
        "maximum": None,
        "choices": [],
        "help": "",
    }
    assert (
        fields["order"]["choices"] == ["rows", "columns"] and fields["order"]["default"] == "rows"
    )
    assert fields["seed"]["optional"] and fields["seed"]["default"] is None
    assert (fields["sizes"]["item"], fields["sizes"]["default"]) == ("int", [2, 4])


def test_texts_and_values_make_the_same_options() -> None:
    texts = {
        "deep": "yes",
        "count": "16",
        "limit_ms": "50",
        "name": "5",
        "style": "fancy",
        "order": "columns",
        "seed": "3",
        "sizes": "1, 2,3",
    }
    values = {
        "deep": True,
        "count": 16,
        "limit_ms": 50,
        "name": "5",
        "style": "fancy",
        "order": "columns",
        "seed": 3,
        "sizes": [1, 2, 3],
    }
    made = options_from_pairs(Options, texts)
    assert made == options_from_pairs(Options, values)
    assert made == Options(True, 16, 0.05, "5", "fancy", Order.COLUMNS, 3, (1, 2, 3))
    assert options_from_pairs(Options, {"seed": "none"}) == Options()


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("colour", 1, "options: found 'colour', allowed: deep, count, limit_ms"),
        ("deep", "perhaps", "options.deep: found 'perhaps', expected true or false"),
        ("deep", 1, "options.deep: found 1, expected true or false"),
        ("count", "many", "options.count: found 'many', expected a whole number"),
        ("count", 65, "options.count: found 65, allowed from 1 to 64 dies"),
        ("count", "1.5", "options.count: found 1.5, expected a whole number from 1 to 64 dies"),
        ("count", "nan", "options.count"),
        ("limit_ms", -1, "options.limit_ms: found -1, allowed of at least 0 ms"),
        ("limit_ms", "inf", "options.limit_ms"),
        ("style", "grand", "options.style: found 'grand', allowed: plain, fancy"),
        ("order", "none", "options.order: found 'none', allowed: rows, columns"),
        ("sizes", [1, 0], "options.sizes[1]: found 0"),
        ("sizes", [1, "a"], "options.sizes[1]: found 'a'"),
        ("sizes", 3, "options.sizes: found 3, expected a list"),
        ("sizes", "1,b", "options.sizes: found 'b', expected a whole number"),
    ],
)
def test_what_is_wrong_is_one_line_with_the_key(key: str, value: Any, said: str) -> None:
    with pytest.raises(InputError) as caught:
        options_from_pairs(Options, {key: value})
    assert said in str(caught.value) and "\n" not in str(caught.value)


@given(
    st.builds(
        Options,
        deep=st.booleans(),
        count=st.integers(1, 64),
        limit_s=st.floats(0, 1e6),
        name=st.text(),
        style=st.sampled_from(["plain", "fancy"]),
        order=st.sampled_from(Order),
        seed=st.none() | st.integers(0, 2**60),
        sizes=st.lists(st.integers(1)).map(tuple),
    )
)
def test_options_survive_the_project_file(options: Options) -> None:
    pairs = json.loads(json.dumps(options_to_pairs(options)))
    again = options_from_pairs(Options, pairs)
    assert again.limit_s == pytest.approx(options.limit_s, rel=1e-14, abs=1e-300)
    assert options_to_pairs(again) == pairs


def test_the_catalogue_is_complete_and_plain() -> None:
    host = Host(safe_mode=True)
    document = catalogue(host)
    assert json.loads(json.dumps(document)) == document
    for kind in ("partitioner", "mapper", "solver", "reader"):
        assert [offer["name"] for offer in document["kinds"][kind]] == list(host.offers(kind))
        for offer in document["kinds"][kind]:
            assert offer["plugin"] == "tempstudio" and offer["summary"]
            made = host.find(kind, offer["name"]).object.Options
            defaults = {field["name"]: field["default"] for field in offer["options"]}
            assert options_from_pairs(made, defaults) == made()
    for machine in document["machines"]:
        offered = host.machines()[machine["name"]].object
        assert machine_to_json(machine_from_json(machine["machine"])) == machine_to_json(offered)


def test_a_foreign_panel_and_its_plugin_are_listed(install: Callable[..., None]) -> None:
    install(
        "painter",
        "import tempstudio as ts\n@ts.hookimpl\ndef tempstudio_panels():\n"
        "    return [ts.Panel('heat', 'Heat', lambda run, t, s: ts.Figure('Heat'))]",
    )
    document = catalogue(Host())
    (panel,) = [p for p in document["kinds"]["panel"] if p["plugin"] == "painter"]
    assert (panel["name"], panel["title"]) == ("heat", "Heat")


def test_needs_name_foreign_plugins_only(
    install: Callable[..., None], mapper_code: Callable[..., str]
) -> None:
    install("foreign", mapper_code("zigzag"), "4.2")
    document = catalogue(Host())
    project = Project(machine_from_json({}), load_model("llama2-7b"))
    assert needs_of(project, document) == []
    foreign = Project(project.machine, project.model, mapper=StrategyChoice("zigzag"))
    assert needs_of(foreign, document) == [{"plugin": "foreign", "version": "4.2"}]
    lost = Project(project.machine, project.model, mapper=StrategyChoice("gone"))
    assert needs_of(lost, document) == []
    assert missing_from(foreign, document, [{"plugin": "foreign", "version": "4.2"}]) == []
    assert missing_from(lost, document, [{"plugin": "theirs", "version": "1"}]) == [
        "mapper 'gone' is not installed; the file needs theirs 1"
    ]


def test_the_cache_is_by_versions_and_may_be_broken(
    tmp_path: Path, install: Callable[..., None], mapper_code: Callable[..., str]
) -> None:
    folder = tmp_path / "cache"
    before = versions_key()
    assert cached(before, folder) is None
    keep(before, {"format": catalogue_of.FORMAT, "kinds": {"mapper": []}}, folder)
    assert cached(before, folder) == {"format": catalogue_of.FORMAT, "kinds": {"mapper": []}}
    install("foreign", mapper_code("zigzag"))
    after = versions_key()
    assert after != before != versions_key(safe_mode=True)
    keep(after, {"format": catalogue_of.FORMAT, "kinds": {}}, folder)
    assert cached(before, folder) is None  # only the newest is kept
    (path,) = folder.iterdir()
    for content in (b"", b"[]", b'{"format": 0, "kinds": {}}', b"\xff", b"[" * 100_000):
        path.write_bytes(content)
        assert cached(after, folder) is None
    keep("x", {}, tmp_path / "deep" / "folder")
    (tmp_path / "blocked").write_text("")
    keep("x", {}, tmp_path / "blocked")  # cannot be written: done without
