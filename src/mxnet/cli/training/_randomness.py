"""Seeding every random generator of a process."""

from __future__ import annotations

import random

import numpy as np
import torch

import mxnet as mx

__all__ = ["seed_all"]


def seed_all(seed: int, rank: int) -> None:
    """Seed Python, NumPy, torch and `mx.random`; processes of one run draw different numbers."""
    first, second, third, fourth = np.random.SeedSequence([seed, rank]).generate_state(4).tolist()
    random.seed(first)
    np.random.seed(second)
    torch.manual_seed(third)
    mx.random.seed(fourth)
