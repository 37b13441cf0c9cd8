"""The journal: whole lines only, one writer, one sweep."""

from __future__ import annotations

from pathlib import Path

import pytest

import tempstudio as ts
from tempstudio.sweep.journal import NAME, Journal


def test_rows_come_back(tmp_path: Path) -> None:
    with Journal(tmp_path / "new" / "out", "hash", resume=False) as journal:
        journal.add(3, {"fits": True})
        journal.add(1, {"fits": False, "error": "Größe"})
    with Journal(tmp_path / "new" / "out", "hash", resume=True) as journal:
        assert journal.rows == {3: {"fits": True}, 1: {"fits": False, "error": "Größe"}}


@pytest.mark.parametrize("cut", range(1, 30, 4))
def test_a_line_that_was_cut_off_is_dropped(tmp_path: Path, cut: int) -> None:
    with Journal(tmp_path, "hash", resume=False) as journal:
        journal.add(0, {"fits": True})
        journal.add(1, {"fits": True})
    path = tmp_path / NAME
    path.write_bytes(path.read_bytes()[:-cut])
    with Journal(tmp_path, "hash", resume=True) as journal:
        assert journal.rows == {0: {"fits": True}}
        journal.add(2, {"fits": False})
    with Journal(tmp_path, "hash", resume=True) as journal:
        assert sorted(journal.rows) == [0, 2]


def test_a_head_that_was_cut_off_is_no_journal_yet(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('{"format": "temp')
    with Journal(tmp_path, "hash", resume=False) as journal:
        journal.add(0, {})
    with Journal(tmp_path, "hash", resume=True) as journal:
        assert journal.rows == {0: {}}


def test_it_is_only_gone_on_with_on_purpose_and_with_its_own_sweep(tmp_path: Path) -> None:
    with Journal(tmp_path, "hash", resume=True) as journal:
        journal.add(0, {})
    with pytest.raises(ts.InputError, match="--resume goes on with it"):
        Journal(tmp_path, "hash", resume=False)
    with pytest.raises(ts.InputError, match="holds the results of another sweep"):
        Journal(tmp_path, "other", resume=True)


def test_two_never_write_into_one_folder(tmp_path: Path) -> None:
    with (
        Journal(tmp_path, "hash", resume=False),
        pytest.raises(ts.InputError, match="another sweep is writing there"),
    ):
        Journal(tmp_path, "hash", resume=True)
    Journal(tmp_path, "hash", resume=True).close()


@pytest.mark.parametrize("text", ["no journal\n", "[]\n", '{"format": "x"}\n', '{"point": 1}\n'])
def test_what_is_no_journal_is_refused_and_left_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)
    with pytest.raises(ts.InputError, match="journal"):
        Journal(tmp_path, "hash", resume=True)
    assert (tmp_path / NAME).read_text() == text


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ts.InputError, match="--out: "):
        Journal(tmp_path / "file" / "out", "hash", resume=False)
