"""Which of two runs is better, and why, in words: from their documents alone (SURFACE.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tempstudio.scene.format import byte_count, joules, percent, seconds, si

PARTS = {
    "compute": "compute",
    "exposed": "exposed communication",
    "bubble": "pipeline bubble",
    "optimizer": "optimizer step",
}
EQUAL = 1e-6  # relative: closer than this is the same
NEAR = 0.005  # closer than this is told as nearly the same


@dataclass(frozen=True)
class Verdict:
    """The winner in a sentence and why in another; `winner` 0 or 1, None where neither is."""

    winner: int | None
    sentence: str
    reason: str


def verdict(names: tuple[str, str], first: dict[str, Any], second: dict[str, Any]) -> Verdict:
    """A plan that fits beats one that does not; then the shorter step does.

    >>> run = {"fits": True, "step_time_s": 0.5, "time_s": {"compute": 0.5}, "per_operator": []}
    >>> run |= {"memory_bytes": {"peak": 1e9}, "energy_j": {"total": 9.0}}
    >>> slow = run | {"step_time_s": 0.6, "time_s": {"compute": 0.5, "exposed": 0.1}}
    >>> verdict(("A", "B"), run, slow).sentence
    'A is 20.0\u2009% faster than B: 500\u2009ms a step against 600\u2009ms'
    """
    both = (first, second)
    models = [run.get("model", {}).get("name") for run in both]
    if models[0] != models[1]:
        return _of_other_models(names, both)
    if first["fits"] != second["fits"]:
        return _only_one_fits(names, both)
    if not first["fits"]:
        return _none_fits(names, both)
    if _tokens(first) != _tokens(second):
        return _by_the_second(names, both)
    steps = [float(run["step_time_s"]) for run in both]
    if abs(steps[0] - steps[1]) <= EQUAL * max(steps):
        sentence = f"{names[0]} and {names[1]} both take {seconds(steps[0])} a step"
        return Verdict(None, sentence, _besides(names, both, None))
    fast = 0 if steps[0] < steps[1] else 1
    gain = steps[1 - fast] / steps[fast] - 1  # of throughput: the work of a step is the same
    sentence = (
        f"{names[fast]} is {percent(gain)} faster than {names[1 - fast]}: "
        f"{seconds(steps[fast])} a step against {seconds(steps[1 - fast])}"
    )
    return Verdict(fast, sentence, _reason(names, both, fast))


def _tokens(run: dict[str, Any]) -> int:
    job = run.get("job", {})
    return int(job.get("global_batch", 0)) * int(job.get("seq_len", 0))


def _of_other_models(names: tuple[str, str], both: tuple[dict[str, Any], ...]) -> Verdict:
    """Nobody wins: the models are not the same."""
    each = [
        f"{name} trains {run.get('model', {}).get('name')} at {_rate(run)}"
        for name, run in zip(names, both, strict=True)
    ]
    return Verdict(None, ", ".join(each), "Their models differ: neither is the faster plan.")


def _by_the_second(names: tuple[str, str], both: tuple[dict[str, Any], ...]) -> Verdict:
    """The winner where a step of one is not the work of a step of the other."""
    rates = [float(run["tokens_per_s"]) for run in both]
    fast = 0 if rates[0] > rates[1] else 1
    sentence = (
        f"{names[fast]} trains {percent(rates[fast] / rates[1 - fast] - 1)} more tokens a second "
        f"than {names[1 - fast]}: {_rate(both[fast])} against {_rate(both[1 - fast])}"
    )
    work = [f"{_tokens(run):,}" for run in both]
    reason = f"A step of {names[0]} is {work[0]} tokens, one of {names[1]} {work[1]}."
    return Verdict(fast, sentence, reason)


def _rate(run: dict[str, Any]) -> str:
    return si(float(run["tokens_per_s"]), "tokens/s")


def _only_one_fits(names: tuple[str, str], both: tuple[dict[str, Any], ...]) -> Verdict:
    fits = 0 if both[0]["fits"] else 1
    return Verdict(
        fits,
        f"{names[fits]} fits, {names[1 - fits]} does not",
        f"{names[1 - fits]} {_overflow(both[1 - fits])}.",
    )


def _none_fits(names: tuple[str, str], both: tuple[dict[str, Any], ...]) -> Verdict:
    reason = "; ".join(f"{n} {_overflow(run)}" for n, run in zip(names, both, strict=True))
    return Verdict(None, "Neither fits", f"{reason}.")


def _overflow(run: dict[str, Any]) -> str:
    memory = run["memory_bytes"]
    die = ",".join(str(number) for number in memory.get("peak_die", ()))
    where = f" on die {die}" if die else ""
    return f"needs {byte_count(memory['peak'])} of {byte_count(memory['capacity'])}{where}"


def _reason(names: tuple[str, str], both: tuple[dict[str, Any], ...], fast: int) -> str:
    """What part of the time differs most, and which operator most of that."""
    quick, slow = both[fast], both[1 - fast]
    saved = {
        part: float(slow["time_s"].get(part, 0.0)) - float(quick["time_s"].get(part, 0.0))
        for part in PARTS
    }
    total = float(slow["step_time_s"]) - float(quick["step_time_s"])
    part = max(saved, key=lambda key: saved[key])
    text = f"{names[fast]} spends {seconds(saved[part])} less on {PARTS[part]}"
    text += _chiefly(quick, slow, part)
    lost = min(saved, key=lambda key: saved[key])
    if saved[lost] < -NEAR * float(slow["step_time_s"]):
        text += f", and {seconds(-saved[lost])} more on {PARTS[lost]}"
    elif saved[part] < total * 0.999:
        others = [p for p in saved if p != part and saved[p] > 0.1 * total]
        if others:
            more = max(others, key=lambda key: saved[key])
            text += f", and {seconds(saved[more])} less on {PARTS[more]}"
    return f"{text}. {_besides(names, both, fast)}".strip()


def _chiefly(quick: dict[str, Any], slow: dict[str, Any], part: str) -> str:
    """The operator that makes most of the difference in compute or exposed communication."""
    if part not in ("compute", "exposed"):
        return ""
    key = f"{part}_s"
    before = {row["name"]: float(row[key]) for row in quick.get("per_operator", ())}
    after = {row["name"]: float(row[key]) for row in slow.get("per_operator", ())}
    gains = {name: after[name] - before.get(name, 0.0) for name in after}
    if not gains:
        return ""
    name = max(gains, key=lambda operator: gains[operator])
    return f", most of it in {name} ({seconds(gains[name])})" if gains[name] > 0 else ""


def _besides(names: tuple[str, str], both: tuple[dict[str, Any], ...], winner: int | None) -> str:
    """Memory and energy, where they differ."""
    who = 1 if winner is None else winner
    mine, other = both[who], both[1 - who]
    found = []
    for text, values in (
        (byte_count, [float(run["memory_bytes"]["peak"]) for run in (mine, other)]),
        (joules, [float(run["energy_j"]["total"]) for run in (mine, other)]),
    ):
        a, b = values
        if abs(a - b) > NEAR * max(a, b):
            noun = "memory on its fullest die" if text is byte_count else "energy a step"
            found.append(f"{text(a)} instead of {text(b)} of {noun}")
    return f"{names[who]} takes {' and '.join(found)}." if found else ""
