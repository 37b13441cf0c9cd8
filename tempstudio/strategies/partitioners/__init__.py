"""The built-in partitioners: TSPP, Megatron with and without split norms, fully sharded data."""

from __future__ import annotations

from tempstudio.hookspecs import hookimpl
from tempstudio.strategies.partitioners.fsdp import FullySharded
from tempstudio.strategies.partitioners.megatron import Megatron1, Megatron3
from tempstudio.strategies.partitioners.tspp import TensorStream


@hookimpl
def tempstudio_partitioners() -> tuple[object, ...]:
    """TSPP and its rivals."""
    return TensorStream(), Megatron1(), Megatron3(), FullySharded()
