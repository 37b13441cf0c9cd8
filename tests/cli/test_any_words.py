"""Whatever words are typed, the answer is an answer or one line; never a fault."""

from __future__ import annotations

import contextlib
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempstudio.cli import main
from tempstudio.cli.commands import COMMANDS, parser_of

numbers = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(["0", "-0", "1e309", "nan", "inf", "-1e-9", "9" * 400, "0x1", "1_000", "٣"]),
)
meshes = st.builds("{}x{}".format, st.integers(-2, 40), st.integers(-2, 40))
dies = st.builds("{},{}".format, st.integers(-1, 5), st.integers(-1, 5))
pairs = st.builds(
    "{}={}".format, st.sampled_from(["dp", "tp", "pp", "zero", "sp", "x", ""]), numbers
)
words = st.one_of(
    numbers, meshes, dies, pairs, st.text(max_size=12),
    st.sampled_from(["--", "-", "--json", "=", "ring:3", "line:-1", "all-gather", "none", "mfu"]),
)  # fmt: skip
# Commands that answer at once, with what makes `run` do so.
QUICK = {
    "schedule": [],
    "collective": ["--group", "2x2", "--bytes", "1e6"],
    "explain": [],
    "schema": [],
    "model": ["qwen2-0.5b"],
    "run": ["--machine", "1x1", "--model", "qwen2-0.5b", "--batch", "1", "--seq", "16",
            "--parallel", "dp=1"],
}  # fmt: skip


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    """A command and words for it: its own flags with any values, and anything else."""
    name = draw(st.sampled_from(sorted(QUICK)))
    flags = [
        flag
        for action in parser_of(name)._actions
        for flag in action.option_strings
        # These open files or take their time; other tests look after them.
        if flag not in ("--save", "--develop", "--explain", "-h", "--help", "--debug")
    ]
    line = [name, *QUICK[name]]
    for _ in range(draw(st.integers(0, 3))):
        flag = draw(st.sampled_from(flags))
        line += [flag, draw(words)] if draw(st.booleans()) else [draw(words)]
    return line


def outcome(line: list[str]) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(line)
    return status, out.getvalue(), err.getvalue()


def is_small(line: list[str]) -> bool:
    """Whether a machine or a model in it is one that is planned at once."""
    later = line[1 + len(QUICK["run"]) :]
    return line[0] != "run" or not {"--machine", "--wafer", "--parallel", "--model"} & {*later}


@given(command_lines().filter(is_small))
def test_any_words_end_well(line: list[str]) -> None:
    status, out, err = outcome(line)
    assert status in (0, 2, 3), err
    if status:
        lines = err.splitlines()
        assert lines[-1].startswith("tempstudio: ")
        assert "fault of the program" not in err
        assert len(lines) == 1 or status == 3
    if "--json" in line and status != 2:
        json.loads(out)
        assert out.count("\n") == 1


@given(st.lists(words, min_size=1, max_size=3))
def test_any_first_word_is_a_command_a_file_or_refused(line: list[str]) -> None:
    if line[0] in COMMANDS or line[0].startswith("-"):
        return
    status, out, err = outcome(line)
    assert (status, out) == (2, "")
    assert err.startswith("tempstudio: found ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_two_dashes_end_the_flags(name: str) -> None:
    status, _, err = outcome([name, "--", "--json", "--json", "--json", "--json"])
    assert status == 2
    assert err.startswith("tempstudio: ")
