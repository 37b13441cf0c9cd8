"""A verb: write a run as a file, in a format of the program or through a plugin's exporter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tempstudio.core.timeline import timeline_from_arrays
from tempstudio.export.formats import write
from tempstudio.export.shown import ShownRun
from tempstudio.inquiries import held_run
from tempstudio.plugin_guard import write_run
from tempstudio.storage.project_document import project_from_document

if TYPE_CHECKING:
    from tempstudio.worker import Call


def export(call: Call) -> dict[str, Any]:
    """Write the run that is shown: `format` or `exporter`, `path`, `options` -> `path`.

    A format of the program takes `project`, `document` and `timeline` (with its arrays), so that
    the file is what is on screen; an exporter of a plugin takes a whole `Run`, which is built again
    from `project` and `plan`.
    """
    header, path = call.header, Path(str(call.header["path"]))
    if "exporter" in header:
        offer = call.host.find("exporter", str(header["exporter"]))
        run = held_run(call)
        call.progress.step(0.5, f"{offer.name} writes {path.name}")
        write_run(offer, run, path, call.page.entered)
    else:
        shown = ShownRun(
            project=project_from_document(header["project"], "project"),
            timeline=timeline_from_arrays(header["timeline"], call.arrays),
            document=header["document"],
        )
        write(shown, str(header["format"]), path, header.get("options"), call.progress)
    return {"path": str(path)}
