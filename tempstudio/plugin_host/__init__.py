"""Plugins of this process: what they are, what they offer, and how each is asked in turn."""

from __future__ import annotations

from tempstudio.plugin_host.host import EXAMPLE_KEYWORD, Host, Watch, shared_host
from tempstudio.plugin_host.offers import HOOKS, OWN, Failure, Offer, Plugin, one_line, trace_of

__all__ = [
    "EXAMPLE_KEYWORD",
    "HOOKS",
    "OWN",
    "Failure",
    "Host",
    "Offer",
    "Plugin",
    "Watch",
    "one_line",
    "shared_host",
    "trace_of",
]
