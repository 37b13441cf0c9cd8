"""`compare`: every partitioner with every mapper, searched alike, and what its table says."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Run


def test_a_comparison_has_a_row_for_every_pair(cli: Run, tiny: list[str]) -> None:
    small = [*tiny, "--machine", "1x2"]
    outcome = cli("compare", "--safe-mode", *small, "--json")
    assert (outcome.status, outcome.err) == (0, "")
    rows = outcome.document["rows"]
    offered = cli("plugins", "--safe-mode", "--json").document["kinds"]
    wanted = {(p["name"], m["name"]) for p in offered["partitioner"] for m in offered["mapper"]}
    assert {(r["strategy"]["partitioner"], r["strategy"]["mapper"]) for r in rows} == wanted
    assert len(rows) == len(wanted)
    assert {row["strategy"]["solver"] for row in rows} == {"dual-level"}
    times = [row["step_time_s"] for row in rows if row["fits"]]
    assert times == sorted(times)
    best = cli("run", *small, "--json").document
    same = next(r for r in rows if r["strategy"] == best["strategy"])
    assert same["step_time_s"] == best["step_time_s"]


def test_a_comparison_searches_for_every_rival_what_the_project_fixes_for_one(
    cli: Run, tiny: list[str]
) -> None:
    cli("run", *tiny, "--parallel", "stream=4", "--save", "p.tempstudio")
    rows = cli(
        "compare", "--safe-mode", "p.tempstudio", "--mapper", "sequential", "--json"
    ).document["rows"]
    assert all(row["fits"] for row in rows)
    fixed = cli(
        "compare",
        "--safe-mode",
        *tiny,
        "--parallel",
        "stream=4",
        "--mapper",
        "sequential",
        "--json",
    )
    by_name = {row["strategy"]["partitioner"]: row for row in fixed.document["rows"]}
    assert by_name["tspp"]["fits"]
    assert "stream" in by_name["megatron1"]["error"]
    assert fixed.status == 0


def test_a_comparison_in_which_nothing_fits_ends_with_3(cli: Run, tiny: list[str]) -> None:
    outcome = cli("compare", "--safe-mode", *tiny, "--mapper", "sequential", "--parallel", "dp=1",
        "--set", "machine.die.HBM_GB=0.001", "--json",
    )  # fmt: skip
    assert outcome.status == 3
    assert outcome.complaint == "no row fits"
    assert not any(row["fits"] for row in outcome.document["rows"])


def test_people_read_the_comparison_as_a_table(cli: Run, tiny: list[str]) -> None:
    lines = cli("compare", "--safe-mode", *tiny, "--mapper", "sequential").out.splitlines()
    assert lines[0].split()[:3] == ["partitioner", "mapper", "step"]
    assert {line.split()[0] for line in lines[2:6]} == {"tspp", "megatron1", "megatron3", "fsdp"}


def test_a_reason_that_many_rows_share_is_told_once(cli: Run, tiny: list[str]) -> None:
    done = cli("compare", *tiny, "--wafers", "9", "--mapper", "sequential")
    assert done.status == 3
    assert done.out.count("allowed: at least 9, as each wafer holds a pipeline stage") == 1
    assert " more: no plan: layers of the model: found " in done.out
