"""Machine presets: wafers of the paper's class, and the GPU clusters they are compared with."""

from __future__ import annotations

from tempstudio.core.machine import Cluster, Die, Link, Machine, Wafer
from tempstudio.hookspecs import hookimpl

SHARED_EDGES = Link(bytes_per_s=1e12)

# NVIDIA's A100 80GB SXM data sheet: 312 TFLOPS (bfloat16), 2,039 GB/s, 40 MB of L2 cache, 400 W,
# NVLink 600 GB/s both ways; one 200 Gb/s adapter a device, as on Selene.
A100 = Die(
    flop_per_s=312e12,
    sram_bytes=40e6,
    hbm_bytes=80e9,
    hbm_bytes_per_s=2039e9,
    flop_per_joule=312e12 / 400,
    hbm_joule_per_bit=7e-12,
)
# NVIDIA's H100 SXM data sheet: 989 TFLOPS (bfloat16, dense), 3,350 GB/s, 50 MB of L2 cache, 700 W,
# NVLink 900 GB/s both ways; one 400 Gb/s adapter a device.
H100 = Die(
    flop_per_s=989e12,
    sram_bytes=50e6,
    hbm_bytes=80e9,
    hbm_bytes_per_s=3350e9,
    flop_per_joule=989e12 / 700,
    hbm_joule_per_bit=7e-12,
)


def _cluster(device: Die, nvlink: float, adapter: float, nodes: int) -> Cluster:
    return Cluster(
        nodes=nodes,
        devices_per_node=8,
        device=device,
        intra=Link(bytes_per_s=nvlink, latency_s=2e-6, joule_per_bit=8e-12),
        inter=Link(bytes_per_s=adapter, latency_s=5e-6, joule_per_bit=30e-12),
    )


@hookimpl
def tempstudio_machines() -> tuple[tuple[str, str, Machine], ...]:
    """Wafers from 4 x 8 to 80 x 95, a chain, and A100 and H100 nodes."""
    return (
        ("wafer-6x8", "48 dies, 4 TB/s a link (the default)", Wafer(rows=6, cols=8)),
        ("wafer-4x8", "32 dies, 4 TB/s a link", Wafer(rows=4, cols=8)),
        (
            "wafer-6x8-shared-edges",
            "48 dies whose four edges share 4 TB/s",
            Wafer(rows=6, cols=8, link=SHARED_EDGES),
        ),
        ("wafer-8x8", "64 dies, for scaling studies", Wafer(rows=8, cols=8)),
        ("wafer-12x16", "192 dies, for scaling studies", Wafer(rows=12, cols=16)),
        ("wafer-80x95", "7,600 dies, for scaling studies", Wafer(rows=80, cols=95)),
        ("wafer-2x6x8", "two 6 x 8 wafers in a chain", Wafer(rows=6, cols=8, wafers=2)),
        ("a100-4x8", "four nodes of eight A100 80GB", _cluster(A100, 300e9, 25e9, 4)),
        ("h100-4x8", "four nodes of eight H100", _cluster(H100, 450e9, 50e9, 4)),
    )
