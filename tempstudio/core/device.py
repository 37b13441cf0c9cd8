"""Dies (or GPUs) and links.  Defaults: SPEC 1 (TEMP, HPCA 2026, Table I)."""

from __future__ import annotations

from dataclasses import dataclass

from tempstudio.core.quantities import quantity


@dataclass(frozen=True)
class Die:
    """One compute die (or GPU) with its memory.

    >>> Die().hbm_bytes
    72000000000.0
    """

    flop_per_s: float = quantity(
        1.8e15,
        key="TFLOPS",
        scale=1e12,
        unit="TFLOP/s",
        minimum=1e-6,
        maximum=1e9,
        help="peak compute at 16 bit",
    )
    sram_bytes: float = quantity(
        80e6,
        key="SRAM_MB",
        scale=1e6,
        unit="MB",
        minimum=1e-3,
        maximum=1e9,
        help="on-die memory that holds tiles and stream buffers",
    )
    hbm_bytes: float = quantity(
        72e9,
        key="HBM_GB",
        scale=1e9,
        unit="GB",
        minimum=1e-6,
        maximum=1e9,
        help="memory capacity of the die",
    )
    hbm_bytes_per_s: float = quantity(
        1e12,
        key="HBM_GBps",
        scale=1e9,
        unit="GB/s",
        minimum=1e-6,
        maximum=1e9,
        help="memory bandwidth of the die",
    )
    flop_per_joule: float = quantity(
        2e12,
        key="TFLOPS_per_W",
        scale=1e12,
        unit="TFLOPS/W",
        minimum=1e-6,
        maximum=1e9,
        help="compute efficiency",
    )
    hbm_joule_per_bit: float = quantity(
        6e-12,
        key="HBM_pJ_per_bit",
        scale=1e-12,
        unit="pJ/bit",
        minimum=0,
        maximum=1e9,
        help="energy of a memory access",
    )
    idle_w: float = quantity(
        0.0,
        key="idle_W",
        unit="W",
        minimum=0,
        maximum=1e9,
        help="power drawn by a working die whatever it does",
    )
    peak_efficiency: float = quantity(
        1.0,
        key="peak_efficiency",
        minimum=1e-3,
        maximum=1.0,
        help="share of the peak that a large matrix product reaches, before tile quantisation",
    )
    tile: int = quantity(
        128,
        key="tile",
        unit="elements",
        minimum=1,
        maximum=4096,
        help="edge of the output tile that the matrix units work in",
    )
    compute_units: int = quantity(
        1,
        key="compute_units",
        minimum=1,
        maximum=65536,
        help="units that work on one tile each; a product takes whole rounds of them",
    )
    hbm_efficiency: float = quantity(
        1.0,
        key="HBM_efficiency",
        minimum=1e-3,
        maximum=1.0,
        help="share of the memory bandwidth that streaming through memory reaches",
    )
    exposed_output: float = quantity(
        0.0,
        key="exposed_output",
        minimum=0.0,
        maximum=1.0,
        help="share of writing a product's output that no arithmetic hides",
    )

    communication_units: int = quantity(
        0,
        key="communication_units",
        minimum=0,
        maximum=65536,
        help="compute units that collectives keep busy while they run",
    )

    @property
    def stream_bytes_per_s(self) -> float:
        """The memory bandwidth that streaming reaches."""
        return self.hbm_bytes_per_s * self.hbm_efficiency


@dataclass(frozen=True)
class Link:
    """One directed die-to-die link."""

    bytes_per_s: float = quantity(
        4e12,
        key="GBps",
        scale=1e9,
        unit="GB/s",
        minimum=1e-6,
        maximum=1e9,
        help="bandwidth of one direction",
    )
    latency_s: float = quantity(
        200e-9,
        key="latency_ns",
        scale=1e-9,
        unit="ns",
        minimum=0,
        maximum=1e9,
        help="time a hop adds",
    )
    joule_per_bit: float = quantity(
        5e-12,
        key="pJ_per_bit",
        scale=1e-12,
        unit="pJ/bit",
        minimum=0,
        maximum=1e9,
        help="energy per bit and hop",
    )
    efficiency: float = quantity(
        1.0,
        key="efficiency",
        minimum=1e-3,
        maximum=1.0,
        help="share of the bandwidth that is left for data",
    )

    @property
    def data_bytes_per_s(self) -> float:
        """The bandwidth that data gets."""
        return self.bytes_per_s * self.efficiency


@dataclass(frozen=True)
class WaferJoint:
    """What joins the last column of one wafer to the first of the next; its rows share it."""

    bytes_per_s: float = quantity(
        9e12,
        key="GBps",
        scale=1e9,
        unit="GB/s",
        minimum=1e-6,
        maximum=1e9,
        help="bandwidth of one direction, shared equally by the rows",
    )
    latency_s: float = quantity(
        1e-6,
        key="latency_ns",
        scale=1e-9,
        unit="ns",
        minimum=0,
        maximum=1e9,
        help="time a crossing adds",
    )
