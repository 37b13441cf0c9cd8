"""The five rules of SPEC 4: `verify` sees whatever breaks one."""

from __future__ import annotations

import json

import pytest

from tempstudio.core.streaming import (
    Schedule,
    schedule,
    verify,
)


def altered(s: Schedule, **changes) -> Schedule:
    document = s.to_json() | changes
    return Schedule.from_json(document)


def rounds_of(s: Schedule) -> list[dict]:
    return json.loads(json.dumps(s.to_json()["rounds"]))


@pytest.mark.parametrize(("rows", "cols"), [(1, 6), (2, 3)])
def test_every_single_change_breaks_a_rule(rows: int, cols: int) -> None:
    s = schedule(rows, cols)
    for t in range(s.n_rounds):
        for k in range(len(rounds_of(s)[t]["transfers"])):
            rounds = rounds_of(s)
            source, target, part = rounds[t]["transfers"].pop(k)
            lines = verify(altered(s, rounds=rounds))
            # What is not sent again must have been kept, or is missing.
            assert any("rule 3" in line or "rule 5" in line for line in lines)
            rounds = rounds_of(s)
            rounds[t]["transfers"].append([source, target, (part + 1) % s.n_parts])
            assert any("rule 2" in line for line in verify(altered(s, rounds=rounds)))
        for k in range(s.n_parts):
            rounds = rounds_of(s)
            rounds[t]["compute"].pop(k)
            assert any("rule 4" in line for line in verify(altered(s, rounds=rounds)))


def test_verify_sees_links_that_are_not_there() -> None:
    s = schedule(2, 3)
    assert any("rule 1" in line for line in verify(s, dead_links=[(s.dies[1], s.dies[0])]))
    assert any("rule 1" in line for line in verify(s, links=[(s.dies[0], s.dies[1])]))
    apart = altered(s, dies=[[0, 2 * c] for c in range(6)])
    assert any("not neighbours" in line for line in verify(apart))
    wafers = altered(schedule(1, 2), dies=[[0, 0, 0], [1, 0, 1]])
    assert any("not neighbours" in line for line in verify(wafers))


@pytest.mark.parametrize("key", ["peak_foreign_chunks", "peak_buffer_chunks"])
@pytest.mark.parametrize("by", [-1, 1])
def test_verify_sees_untrue_buffers(key: str, by: int) -> None:
    s = schedule(1, 7)
    lines = verify(altered(s, **{key: s.to_json()[key] + by}))
    assert len(lines) == 1
    assert "rule 5" in lines[0]
    assert key in lines[0]


def test_verify_sees_what_is_malformed() -> None:
    s = schedule(1, 3)
    assert "listed twice" in verify(altered(s, dies=[[0, 0], [0, 1], [0, 0]]))[0]
    rounds = rounds_of(s)
    rounds[0]["transfers"][0][2] = 99
    assert "not there" in verify(altered(s, rounds=rounds))[0]
    rounds = rounds_of(s)
    rounds[0]["compute"][0][1] = 99
    assert "computes part 99" in verify(altered(s, rounds=rounds))[0]


def test_a_part_sent_too_early_is_seen() -> None:
    """Received in round t, it may be used from t + 1 only."""
    s = schedule(1, 3)
    rounds = rounds_of(s)
    rounds[0]["transfers"] += [move for move in rounds[1]["transfers"] if move[0] == 1]
    rounds[1]["transfers"] = []
    lines = verify(altered(s, rounds=rounds))
    assert any(line.startswith("rule 3: round 0: die 1 forwards") for line in lines)


def test_holding_everything_is_told_truthfully() -> None:
    """Eager forwarding that keeps all: floor((n - 1) / 2) + 1 foreign chunks (SPEC 4)."""
    for n in range(3, 12):
        eager = schedule(1, n).to_json()
        rounds = []
        for t in range(n):
            sends = [[i, i - 1, i + t] for i in range(1, n) if i + t < n]
            sends += [[i, i + 1, i - t] for i in range(n - 1) if i - t >= 0]
            rounds.append({"compute": [], "transfers": sends if t < n - 1 else []})
        for i in range(n):
            arrival = sorted((abs(i - j), -j if i < n / 2 else j) for j in range(n))
            for t, (_, signed) in enumerate(arrival):
                rounds[t]["compute"].append([i, abs(signed)])
        middle = (n - 1) // 2 + 1
        document = eager | {"rounds": rounds, "peak_foreign_chunks": middle}
        lines = verify(Schedule.from_json(document))
        assert [line for line in lines if "peak_foreign" in line or "rule 5" not in line] == []
