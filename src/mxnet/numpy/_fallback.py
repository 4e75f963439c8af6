"""Functions that NumPy computes: the arrays are copied to the CPU and the results back to their device.

They have no gradient.
"""

from __future__ import annotations

__all__: list[str] = []
