"""Points are run once, kept at once, and run again only where something has changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tempstudio.core.errors import InputError
from tempstudio.core.progress import Cancelled, Progress
from tempstudio.studies import execution
from tempstudio.studies.evaluation import find_studies, read_section
from tempstudio.studies.measurements.meshes import faulty_mesh
from tempstudio.studies.setting import QUICK
from tempstudio.studies.study import CallTable, Study, SweepTable, Told
from tempstudio.studies.tables import read_csv

CALLS: list[int] = []
SWEEP = {
    "base": {
        "model": "qwen2-0.5b",
        "machine": {"rows": 2, "cols": 2},
        "job": {"global_batch": 4, "seq_len": 128},
    },
    "axes": {"parallel.stream": [1, 2]},
}


def squared(number: int) -> dict[str, Any]:
    CALLS.append(number)
    return {"square": number**2}


def study(*tables: CallTable | SweepTable) -> Study:
    return Study("s", "S", "?", "m", lambda setting: tables, lambda s, t: Told((), (), ()))


def calls(count: int, name: str = "squares") -> CallTable:
    return CallTable(name, squared, tuple({"number": i} for i in range(count)))


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    CALLS.clear()
    yield
    CALLS.clear()


def run(made: Study, folder: Path, progress: Progress | None = None) -> dict[str, str]:
    return execution.run_study(made, QUICK, folder, 0, progress or Progress())


def test_an_interrupted_table_goes_on_where_it_was(tmp_path: Path) -> None:
    def stop(fraction: float, caption: str) -> None:
        if fraction > 0.3:
            raise Cancelled

    whole = study(calls(5))
    with pytest.raises(Cancelled):
        run(whole, tmp_path, Progress(stop))
    assert CALLS == [0, 1]
    text = run(whole, tmp_path)["squares"]
    assert CALLS == [0, 1, 2, 3, 4]
    assert read_csv(text) == [{"number": i, "square": i * i} for i in range(5)]
    assert run(whole, tmp_path)["squares"] == text
    assert len(CALLS) == 5


def test_other_points_or_another_program_run_afresh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(study(calls(2)), tmp_path)
    run(study(calls(3)), tmp_path)
    assert CALLS == [0, 1, 0, 1, 2]
    monkeypatch.setattr(execution, "_source_hash", lambda: "another program")
    run(study(calls(3)), tmp_path)
    assert CALLS == [0, 1, 0, 1, 2, 0, 1, 2]


def test_the_fingerprint_knows_points_name_and_source(monkeypatch: pytest.MonkeyPatch) -> None:
    tables: list[CallTable | SweepTable] = [
        calls(2),
        calls(3),
        calls(2, "other"),
        SweepTable("sweep", (SWEEP,)),
        SweepTable("sweep", ({**SWEEP, "axes": {"parallel.stream": [1]}},)),
    ]
    prints = [execution.fingerprint(table) for table in tables]
    assert len(set(prints)) == len(prints)
    assert prints == [execution.fingerprint(table) for table in tables]
    monkeypatch.setattr(execution, "_source_hash", lambda: "another program")
    assert execution.fingerprint(tables[0]) != prints[0]


def test_a_sweep_keeps_its_rows(tmp_path: Path) -> None:
    made = study(SweepTable("sweep", (SWEEP,)))
    first = read_csv(run(made, tmp_path)["sweep"])
    assert [(row["point"], row["stream"], row["dp"]) for row in first] == [(0, 1, 4), (1, 2, 2)]
    assert all(row["step_time_s"] > 0 for row in first)
    journal = tmp_path / "sweep" / "journal.jsonl"
    *kept, _ = journal.read_text().splitlines()
    journal.write_text("\n".join(kept) + "\n")
    again = read_csv(run(made, tmp_path)["sweep"])
    assert again[0]["wall_s"] == first[0]["wall_s"]  # not run again
    drop = [{k: v for k, v in row.items() if k != "wall_s"} for row in (first[1], again[1])]
    assert drop[0] == drop[1]


def test_several_sweeps_make_one_table(tmp_path: Path) -> None:
    other = {**SWEEP, "axes": {"job.global_batch": [2]}}
    text = run(study(SweepTable("both", (SWEEP, other))), tmp_path)["both"]
    rows = read_csv(text)
    assert [row["point"] for row in rows] == [0, 1, 2]
    assert [row["job.global_batch"] for row in rows] == [None, None, 2]
    assert [row["parallel.stream"] for row in rows] == [1, 2, None]
    assert run(study(SweepTable("both", (SWEEP, other))), tmp_path)["both"] == text


def test_a_journal_that_is_no_journal_is_told_in_one_line(tmp_path: Path) -> None:
    made = study(calls(1))
    run(made, tmp_path)
    (tmp_path / "squares" / "journal.jsonl").write_text(json.dumps({"format": "else"}) + "\n")
    with pytest.raises(InputError, match=r"journal\.jsonl: not a journal"):
        run(made, tmp_path)


def test_a_study_by_a_wrong_name_and_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="STUDY: found 'nothing', allowed: "):
        find_studies(["nothing"])
    with pytest.raises(InputError, match=r"squares\.csv: no such table; run the study s first"):
        read_section(study(calls(1)), QUICK, tmp_path)


@pytest.mark.parametrize("fresh", [False, True])
def test_calls_side_by_side_give_what_calls_one_by_one_give(tmp_path: Path, fresh: bool) -> None:
    points = tuple(
        {"rows": 3, "cols": 4, "kind": kind, "rate": 0.2, "seed": seed}
        for kind in ("die", "link")
        for seed in range(2)
    )
    made = study(CallTable("meshes", faulty_mesh, points, fresh))
    apart = execution.run_study(made, QUICK, tmp_path / "apart", 2, Progress())
    assert apart == run(made, tmp_path / "here")
    assert len(read_csv(apart["meshes"])) == 4
