"""Settings outlive whatever happens to their file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempstudio.storage.settings import MOST_RECENT, Settings


def test_values_are_kept_by_type(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "deep" / "settings.json")
    assert settings.set("zoom", 1.25) and settings.set("live", False) and settings.set("zoomed", 2)
    again = Settings(settings.path)
    assert again.get("zoom", 1.0) == 1.25 and again.get("live", True) is False
    assert again.get("zoomed", 1.0) == 2.0
    assert again.get("zoom", "text") == "text"  # of another type: as if never set
    assert again.get("live", 1) == 1
    assert again.get("missing", [1]) == [1]


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff", b"[" * 100_000, b'"x"'])
def test_a_broken_file_is_put_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    settings = Settings(path)
    assert settings.get("theme", "system") == "system"
    assert path.with_suffix(".broken").read_bytes() == content
    settings.set("theme", "dark")
    assert Settings(path).get("theme", "") == "dark"


def test_what_cannot_be_written_holds_for_the_session(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = Settings(tmp_path / "file" / "settings.json")
    assert settings.set("theme", "dark") is False
    assert settings.get("theme", "") == "dark"


def test_recent_files(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.json")
    paths = [tmp_path / f"{i}.tempstudio" for i in range(MOST_RECENT + 3)]
    for path in paths:
        path.write_text("")
        settings.add_recent(path)
    settings.add_recent(paths[-2])
    recent = Settings(settings.path).recent_files()
    assert recent[:2] == [paths[-2], paths[-1]] and len(recent) == MOST_RECENT
    paths[-1].unlink()
    assert paths[-1] not in settings.recent_files()
    settings.set("recent_files", [3, None, "a\0b", str(paths[-2])])
    assert settings.recent_files() == [paths[-2]]
    settings.forget_recent()
    assert settings.recent_files() == []


@given(
    value=st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.lists(st.integers()),
    default=st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just([]),
)
def test_what_comes_out_has_the_defaults_type(
    tmp_path_factory: Any, value: Any, default: Any
) -> None:
    settings = Settings(tmp_path_factory.mktemp("s") / "settings.json")
    settings._values["key"] = value
    assert type(settings.get("key", default)) is type(default)
