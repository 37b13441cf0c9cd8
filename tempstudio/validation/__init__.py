"""Published figures beside computed ones: what `tempstudio validate` shows.

Cases are JSON files (`data/` holds those that come with the program, with their sources).  What a
case is about its fields tell; what is held against it the program's own code computes: readers,
memory, collectives, network, routing, and whole runs on the GPU cluster.
"""

from __future__ import annotations

from tempstudio.validation.report import Report, validate
from tempstudio.validation.row import Row

__all__ = ["Report", "Row", "validate"]
