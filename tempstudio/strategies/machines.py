"""Machine presets: wafers of the paper's class, and the GPU clusters they are compared with."""

from __future__ import annotations

from tempstudio.core.machine import Cluster, Die, Link, Machine, Wafer
from tempstudio.hookspecs import hookimpl

SHARED_EDGES = Link(bytes_per_s=1e12)

# The constants of a GPU, one set for all that is computed; docs/validation.md argues each.
#
# Matrix products.  A100: 8,192 cubed of random numbers, long enough for the power limit to bite,
# runs at 230 TFLOPS (M. Li, github.com/mli/transformers-benchmarks, fp16, NVIDIA's 22.07 container)
# and 257 (H. He, "Strangely, matrix multiplications on GPUs run faster when given predictable
# data", bf16); H100: 794.5 at its best shape (S. Bekman, github.com/stas00/ml-engineering,
# compute/accelerator).  What this program counts by itself (waves, output) is taken out again.
# Memory.  A100: 1,616 of 2,039 GB/s in PyTorch's elementwise kernels (M. Li again); H100: 2,903 of
# 3,350 GB/s copied (github.com/aigatech/vpbenchmarking).
# NVLink: 230 of 300 GB/s on an A100, 370 of 450 on an H100 (S. Jeaugey, NVIDIA/nccl-tests issues
# 149 and 212); adapters: 96 of 100 GB/s (issue 119).  Latency: NCCL's own tuning table (2.9,
# src/graph/tuning.cc): 3.4 us a ring step over NVLink and 8.4 us a call, 9.6 us over the network.
# NCCL runs 24 channels, each on a multiprocessor, over an A100's NVLink (nccl-tests issue 100).
A100_PRODUCTS = 0.797
A100_STREAMING = 0.793
H100_PRODUCTS = 0.815
H100_STREAMING = 0.867
ADAPTER_EFFICIENCY = 0.96
NVLINK_STEP_S = 3.4e-6 + 8.4e-6 / 14  # an all-reduce over a node's eight devices takes 14 steps
NETWORK_STEP_S = 9.6e-6

# NVIDIA's A100 80GB SXM data sheet: 312 TFLOPS (bfloat16), 2,039 GB/s, 40 MB of L2 cache, 108
# multiprocessors, 400 W, NVLink 600 GB/s both ways; one 200 Gb/s adapter a device, as on Selene.
A100 = Die(
    flop_per_s=312e12,
    sram_bytes=40e6,
    hbm_bytes=80e9,
    hbm_bytes_per_s=2039e9,
    flop_per_joule=312e12 / 400,
    hbm_joule_per_bit=7e-12,
    peak_efficiency=A100_PRODUCTS,
    compute_units=108,
    hbm_efficiency=A100_STREAMING,
    exposed_output=1.0,
    communication_units=24,
)
# NVIDIA's H100 SXM data sheet: 989 TFLOPS (bfloat16, dense), 3,350 GB/s, 50 MB of L2 cache, 132
# multiprocessors, 700 W, NVLink 900 GB/s both ways; one 400 Gb/s adapter a device.  Its kernels
# write one tile while they compute the next.
H100 = Die(
    flop_per_s=989e12,
    sram_bytes=50e6,
    hbm_bytes=80e9,
    hbm_bytes_per_s=3350e9,
    flop_per_joule=989e12 / 700,
    hbm_joule_per_bit=7e-12,
    peak_efficiency=H100_PRODUCTS,
    compute_units=132,
    hbm_efficiency=H100_STREAMING,
)


def gpu_cluster(device: Die, nvlink: float, nvlink_efficiency: float, adapter: float) -> Cluster:
    """Nodes of eight devices, each with its own adapter; bytes/s of one direction."""
    return Cluster(
        nodes=4,
        devices_per_node=8,
        device=device,
        intra=Link(nvlink, NVLINK_STEP_S, joule_per_bit=8e-12, efficiency=nvlink_efficiency),
        inter=Link(adapter, NETWORK_STEP_S, joule_per_bit=30e-12, efficiency=ADAPTER_EFFICIENCY),
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
        ("a100-4x8", "four nodes of eight A100 80GB", gpu_cluster(A100, 300e9, 230 / 300, 25e9)),
        ("h100-4x8", "four nodes of eight H100", gpu_cluster(H100, 450e9, 370 / 450, 50e9)),
    )
