"""Nothing that a file can contain breaks the program: a result or one clear line, soon."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.fuzz.formats import FORMATS
from tests.fuzz.shard import Figures, spoiled, tried, warm_up

ROOT = Path(__file__).resolve().parents[2]
FILES = 100_000
MOST_S, MOST_MB = 2.0, 500


def test_five_hundred_broken_files() -> None:
    warm_up()
    figures = tried(spoiled(seed=20260101, count=500), "seed 20260101")
    assert figures.files == 500 and figures.longest_s < MOST_S
    for format_ in FORMATS:  # the mutations are neither harmless nor hopeless
        assert figures.accepted[format_.name] and figures.refused[format_.name], format_.name


@pytest.mark.fuzz
@pytest.mark.timeout(7200)
def test_a_hundred_thousand_broken_files() -> None:
    cores = os.cpu_count() or 1
    command = [sys.executable, "-m", "tests.fuzz.shard"]
    shards = [
        subprocess.Popen(
            [*command, str(shard), str(cores), str(FILES // cores + 1)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for shard in range(cores)
    ]
    figures = Figures()
    for shard in shards:
        out, err = shard.communicate()
        assert shard.returncode == 0, err[-4000:]
        found = json.loads(out)
        counts = {key: Counter(found.pop(key)) for key in ("accepted", "refused")}
        figures.join(Figures(**counts, **found))
    print(f"\nfuzz: {figures.files:,} broken files on {cores} cores")
    for format_ in FORMATS:
        accepted, refused = figures.accepted[format_.name], figures.refused[format_.name]
        print(f"  {format_.name:9} {accepted:7,} accepted {refused:7,} refused in one line")
    print(
        f"  longest {figures.longest_s:.3f} s of processor time ({figures.longest}); "
        f"most memory {figures.most_mb:.0f} MB"
    )
    assert figures.files >= FILES
    assert figures.longest_s < MOST_S and figures.most_mb < MOST_MB
