"""One shard of the fuzz run: `python -m tests.fuzz.shard SEED COUNT` prints its figures as JSON."""

from __future__ import annotations

import faulthandler
import json
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.fuzz.formats import FORMATS, REFUSALS, Format
from tests.fuzz.mutations import garbled, restructured

STUCK_S = 120.0
MOST_LINE = 2000  # a list of all that is allowed may be long


@dataclass
class Figures:
    """How many files of each format were accepted and refused, and the most that one took.

    `longest_s` is processor time: the machine's other work is not the reader's.
    """

    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    longest_s: float = 0.0
    longest: str = ""
    most_mb: float = 0.0

    @property
    def files(self) -> int:
        """All files tried."""
        return self.accepted.total() + self.refused.total()

    def join(self, other: Figures) -> None:
        """Add another shard's."""
        self.accepted += other.accepted
        self.refused += other.refused
        self.most_mb = max(self.most_mb, other.most_mb)
        if other.longest_s > self.longest_s:
            self.longest_s, self.longest = other.longest_s, other.longest


def spoiled(seed: int, count: int) -> Iterator[tuple[Format, bytes]]:
    """So many broken files of all formats."""
    rng = random.Random(seed)
    shares = [format_.share for format_ in FORMATS]
    for _ in range(count):
        (format_,) = rng.choices(FORMATS, shares)
        document = rng.choice(format_.documents)
        if rng.random() < 0.6:
            yield format_, format_.text(restructured(document, rng))
        else:
            yield format_, garbled(format_.text(document), rng)


def cut_off(shard: int, shards: int) -> Iterator[tuple[Format, bytes]]:
    """Every format's files cut off at each byte; every so many-th of them."""
    number = 0
    for format_ in FORMATS:
        for document in format_.documents[:3]:
            text = format_.text(document)
            for length in range(len(text)):
                number += 1
                if number % shards == shard:
                    yield format_, text[:length]


def tried(files: Iterator[tuple[Format, bytes]], what: str) -> Figures:
    """Read each; anything but a result or one clear line raises, with the file's text."""
    figures = Figures()
    for number, (format_, content) in enumerate(files):
        started = time.process_time()
        try:
            format_.read(content)
            figures.accepted[format_.name] += 1
        except REFUSALS as error:
            figures.refused[format_.name] += 1
            line = str(error)
            if not line.strip() or not line.isprintable() or len(line) > MOST_LINE:
                raise AssertionError(f"{what}, file {number}: not one line: {line!r}") from None
        except Exception as error:
            text = f"{what}, file {number}, {format_.name}: {content[:2000]!r}"
            raise AssertionError(text) from error
        took_s = time.process_time() - started
        if took_s > figures.longest_s:
            figures.longest_s, figures.longest = took_s, f"{format_.name}, {what}, {number}"
    figures.most_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return figures


def warm_up() -> None:
    """Whatever is loaded and compiled once is not the first file's to pay for."""
    for format_ in FORMATS:
        format_.read(format_.text(format_.documents[0]))


def main(arguments: list[str]) -> None:
    """Try one shard of the broken files and of the files cut off."""
    shard, shards, count = map(int, arguments)
    faulthandler.dump_traceback_later(STUCK_S + count / 20, exit=True)
    warm_up()
    figures = tried(spoiled(shard, count), f"seed {shard}")
    figures.join(tried(cut_off(shard, shards), f"cut off, shard {shard} of {shards}"))
    print(json.dumps(vars(figures)))


if __name__ == "__main__":
    main(sys.argv[1:])
