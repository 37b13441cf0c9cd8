"""What training software of a time did and did not do, told by the month of the paper.

Megatron-LM's own history is the source (github.com/NVIDIA/Megatron-LM): in 2021 its linear layers
(megatron/mpu/layers.py at aed2f75e) reduce over the tensor-parallel group before the weight's
gradient is computed; by the spring of 2022 (the same file at 02bb1f5c) these run side by side.
Gradients of all micro-batches were summed in 16 bit by a kernel of their own, and reduced over the
replicas after the last backward (megatron/model/distributed.py), until 2023; so long stages also
waited for each activation that they sent (megatron/p2p_communication.py waits for every request).
"""

from __future__ import annotations

from dataclasses import dataclass

from tempstudio.validation.training import Options

HIDES_TENSOR = "2202"  # year and month, as in arXiv's numbers
HIDES_GRADIENTS = "2307"


@dataclass(frozen=True)
class Software:
    """What was hidden behind what, and in how many bytes gradients were summed."""

    hide_tensor: bool
    hide_gradients: bool
    gradient_bytes: float
    recompute: str

    @property
    def megatron(self) -> Options:
        """Options of the megatron partitioners."""
        return (
            ("fused_accumulation", self.hide_tensor),
            ("hide_gradients", self.hide_gradients),
            ("hide_tensor", self.hide_tensor),
            ("overlap_sends", self.hide_gradients),
        )

    @property
    def sharded(self) -> Options:
        """Options of the fsdp partitioner: early ZeRO-3 used one flat ring for each parameter."""
        return () if self.hide_tensor else (("collectives", "ring"),)


def software_of(month: str) -> Software:
    """The software of a paper's month ("2104"); the present one where the month is not known.

    >>> software_of("2104").hide_tensor, software_of("2205").hide_tensor
    (False, True)
    """
    if month and month < HIDES_TENSOR:
        return Software(False, False, 2.0, "full")
    if month and month < HIDES_GRADIENTS:
        return Software(True, False, 4.0, "selective")
    return Software(True, True, 4.0, "none")
