"""Verbs that try the lanes without a simulator; loaded by worker processes under test."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np

from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.machine import Wafer
from tempstudio.core.parallel import Degrees
from tempstudio.core.partition import Partition
from tempstudio.plugin_guard import GuardedMapper
from tempstudio.worker import Call


def echo(call: Call) -> dict[str, Any]:
    call.send("plan", {"final": True}, {name: array * 2 for name, array in call.arrays.items()})
    return {"text": call.header["text"], "pid": os.getpid()}


def map_with(call: Call) -> dict[str, Any]:
    """Have a plugin's mapper place four ranks on a 2 x 3 wafer with a dead die."""
    offer = call.host.find("mapper", call.header["mapper"])
    mapper = GuardedMapper(offer, call.page.entered)
    machine = Wafer(rows=2, cols=3, dead_dies=((1, 2),))
    partition = Partition(Degrees(dp=4), (), 1)
    mapping = mapper.map(
        partition, machine, offer.object.Options(), np.random.default_rng(0), call.progress
    )
    return {"placement": [int(die) for die in mapping.placement], "value": mapping.notes}


def plans(call: Call) -> dict[str, Any]:
    """A search: better plans until told to stop, deaf to that if so asked."""
    for i in range(call.header["count"]):
        call.send("plan", {"value": i, "final": False}, {"x": np.full(1000, i)})
    call.page.write("some-plugin", "solve")
    while call.header["deaf"]:
        time.sleep(0.001)
    while True:
        call.progress.step(0.5, "searching")
        time.sleep(0.001)


def refuse(call: Call) -> dict[str, Any]:
    raise {"input": InputError, "noplan": NoPlanError}[call.header["kind"]]("one line")


def bare(call: Call) -> dict[str, Any]:
    """Break the rules of the protocol from outside any plugin."""
    os.write(call._desk._socket.fileno(), b"\xff" * 64)
    time.sleep(60)
    return {}


def nan(call: Call) -> dict[str, Any]:
    return {"step_time_s": float("nan")}


def host(call: Call) -> dict[str, Any]:
    return {
        "plugins": {plugin.name: plugin.state for plugin in call.host.plugins},
        "mappers": sorted(call.host.mappers()),
        "failures": [str(failure) for failure in call.host.failures],
    }


VERBS = {
    "echo": echo,
    "map": map_with,
    "plans": plans,
    "refuse": refuse,
    "bare": bare,
    "nan": nan,
    "host": host,
}
