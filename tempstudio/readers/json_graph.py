"""The project's own JSON graph: what `workload_to_json` writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tempstudio.core.json_text import parse
from tempstudio.core.workload import Workload
from tempstudio.core.workload_json import workload_from_json
from tempstudio.readers.text_file import model_file, printable, read_capped


@dataclass(frozen=True)
class Options:
    """Everything is told by the file."""


class JsonGraphReader:
    """An operator graph, operator by operator."""

    name = "json-graph"
    summary = "TempStudio's own operator graph as JSON"
    version = "1.0"
    Options = Options

    def read(self, path: Path) -> Workload:
        """The model; `InputError` with one line that names the key that is wrong."""
        where = printable(path)
        return workload_from_json(parse(read_capped(model_file(path)), where), where)
