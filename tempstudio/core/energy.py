"""Joules of a step (SPEC 7)."""

from __future__ import annotations

from tempstudio.core.machine import Machine

BITS = 8


def step_energy_j(
    machine: Machine,
    flop: float,
    link_joule_bits: float,
    hbm_bytes: float,
    step_time_s: float,
) -> dict[str, float]:
    """Energy by kind: compute, d2d, hbm, idle, total.

    `link_joule_bits` is the sum over links of bytes x energy per bit (bytes x hops x e_d2d / bit).
    """
    die = machine.die
    energy = {
        "compute": flop / die.flop_per_joule,
        "d2d": link_joule_bits * BITS,
        "hbm": hbm_bytes * BITS * die.hbm_joule_per_bit,
        "idle": die.idle_w * machine.alive_count * step_time_s,
    }
    energy["total"] = sum(energy.values())
    return energy
