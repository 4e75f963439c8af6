"""`Block`, `HybridBlock` and `SymbolBlock`: what every layer and network is."""

from __future__ import annotations

from mxnet.gluon._block import Block
from mxnet.gluon._hybrid_block import HybridBlock
from mxnet.gluon._symbol_block import SymbolBlock

__all__ = ["Block", "HybridBlock", "SymbolBlock"]
