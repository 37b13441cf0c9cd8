"""Readers: a file that is none of theirs is refused in one line, whatever it holds."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tempstudio.conformance.check import Broken
from tempstudio.conformance.settings import ONE, SMALL_JOB, built_in, check_score
from tempstudio.core.errors import InputError
from tempstudio.core.parallel import Degrees
from tempstudio.core.problem import Problem
from tempstudio.core.project import Project
from tempstudio.core.workload import workload_to_json
from tempstudio.core.workload_json import workload_from_json
from tempstudio.plugin_guard import read_model
from tempstudio.plugin_host import Offer

BROKEN_FILES = {
    "an empty file": b"",
    "a line of text": b"no model\n",
    "bytes that are no text": bytes(range(256)),
    "an empty object": b"{}",
    "a list": b"[1, 2, 3]",
    "JSON cut short": b'{"name": "model", "blocks": [{"na',
    "brackets within brackets": b"[" * 20_000,
    "a number with ten thousand digits": b'{"hidden_size": ' + b"9" * 10_000 + b"}",
}


def refuses(offer: Offer) -> str:
    """Broken files, a folder and a missing file each end in one line of `InputError`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for what, content in BROKEN_FILES.items():
            path = folder / "model"
            path.write_bytes(content)
            _is_refused(offer, path, what)
        _is_refused(offer, folder, "a folder without a model")
        _is_refused(offer, folder / "missing", "a file that does not exist")
    return f"{len(BROKEN_FILES) + 2} broken files refused in one line each"


def check_model(reader: object, path: Path) -> None:
    """For a reader's own tests: a good file gives the same model twice, and it can be trained."""
    from tempstudio.plugin_host.offers import Plugin, checked_offer

    offer = checked_offer("reader", reader, Plugin("under-test", "0"))
    first, second = (read_model(offer, path) for _ in range(2))
    if first != second:
        raise Broken(f"{path.name}: read twice, the models differ")
    if workload_from_json(workload_to_json(first), path.name) != first:
        raise Broken(f"{path.name}: the model does not survive a project file")
    partitioner, mapper = built_in("partitioner", "megatron1"), built_in("mapper", "sequential")
    task = Problem(
        Project(machine=ONE, model=first, job=SMALL_JOB),
        partitioner.object,
        mapper.object,
        partitioner.object.Options(),
        mapper.object.Options(),
    )
    check_score(task.score(task.build(Degrees())), path.name)


def _is_refused(offer: Offer, path: Path, what: str) -> None:
    try:
        read_model(offer, path)
    except InputError as error:
        if "\n" in str(error) or not str(error).strip():
            raise Broken(f"{what}: refused with {str(error)!r}, expected one line") from None
        return
    raise Broken(f"{what} was read as a model")


CHECKS = (("broken files", "what is no model is refused in one line", refuses),)
