"""The window's side of the worker processes: two lanes, one warm spare, no threads, no Qt.

Strategies run in worker processes only (ARCHITECTURE rule 5).  `Lanes` starts them, hands them
requests, takes their answers, and outlives whatever a plugin does in them::

    lanes = Lanes(on_message, WorkerSettings())     # starts the first worker at once
    number = lanes.live.submit("run", {"project": document, "options": {"replan": True}})
    lanes.search.submit("run", {"project": document, "options": {}})
    lanes.search.cancel()
    lanes.live.state                                # "idle" | "starting" | "busy" | "cancelling"
    lanes.close()                                   # kills every worker

**Driving it.**  Nothing here blocks and nothing happens by itself: call `lanes.poll()` when
`lanes.fileno()` becomes readable and `lanes.wait_s()` seconds after the last call (None: not
needed).  In Qt that is one `QSocketNotifier(lanes.fileno(), Read)` and one single-shot `QTimer`,
both connected to::

    def turn(self):
        self.lanes.poll()                           # calls on_message, in this thread
        wait = self.lanes.wait_s()
        if wait is not None: self.timer.start(round(wait * 1000))

and run once after every `submit` and `cancel`.  Without an event loop, `lanes.wait(number)` polls
until that request has ended.

**Lanes.**  *live*: the newest request wins; the one before is told to stop and, 150 ms later,
killed.  *search*: one request runs and one waits; a newer waiting one replaces the older.
`cancel()` asks the worker to stop, kills it 150 ms later and drops what waits.  After a kill the
warm spare steps in.

**Messages.**  `on_message(message)` receives `Message(lane, id, type, header, arrays)`.  Of every
request, identified by the `id` that `submit` returned, these arrive in order:

=========== ==================================================================================
`progress`  `{"fraction": 0..1, "caption"}`; at most some 30 a second
`plan`      the best answer so far.  `{"document": run document of SURFACE.md, "timeline": header,
            "final": bool, "plan": {...}}` and the arrays of the timeline: rebuild it with
            `timeline_from_arrays(message.header["timeline"], message.arrays)`
`stalled`   `{"plugin", "hook", "seconds", "message"}`: a plugin has not reported for 1.5 s.  Not an
            end: offer Cancel.  `resumed` follows when it does
`done`      the end: the verb's result
`failed`    the end: `{"kind": "input" | "noplan" | "fault" | "cancelled", "message": one line,
            "plugin", "hook", "traceback"}`; plugin and hook are "" where no plugin is to blame
=========== ==================================================================================

Exactly one of `done` and `failed` ends each request, whatever happens; nothing of it arrives later.
A superseded request ends with kind "cancelled".  Messages that belong to no request have id 0:

=============== ==============================================================================
`catalogue`     `{"catalogue": {...}}`: what the plugins offer (tempstudio.catalogue), sent when a
                worker has loaded them and it differs from the last one sent
`plugin_failed` `{"plugin", "hook", "message", "traceback"}`: a plugin crashed or hung a worker
                while it was being loaded.  It is left out until `lanes.reload()`
`log`           `{"text"}`: what plugins printed
=============== ==============================================================================

**Verbs** (tempstudio.verbs): `run {project, options {replan, budget_s}}`, `catalogue {}`,
`read_model {path}`, `compare {project, ...}`, `figure {panel, ...}`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Message:
    """One message of a worker, or of `Lanes` about one; see the module's text for the types."""

    lane: str
    id: int
    type: str
    header: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)

    @property
    def ends(self) -> bool:
        """Whether this is the last message of its request."""
        return self.type in ("done", "failed")


@dataclass(frozen=True)
class WorkerSettings:
    """How workers are started.  Limits are seconds and bytes.

    `stall_s` is the silence after which a plugin is named, `import_limit_s` how long one may take
    to load before it is left out, `cancel_limit_s` the grace before a cancelled worker is killed.
    `verbs` names the module whose `VERBS` the workers answer.
    """

    memory_bytes: int = 8_000_000_000
    safe_mode: bool = False
    disabled: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    stall_s: float = 1.5
    import_limit_s: float = 20.0
    cancel_limit_s: float = 0.15
    spare_delay_s: float = 2.0
    verbs: str = "tempstudio.verbs"
