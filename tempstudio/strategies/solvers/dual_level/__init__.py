"""The dual-level solver (SPEC 9): `solver` has the order of its levels."""

from tempstudio.strategies.solvers.dual_level.solver import DualLevel, DualLevelOptions

__all__ = ["DualLevel", "DualLevelOptions"]
