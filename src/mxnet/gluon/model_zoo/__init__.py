"""Networks ready to be trained or loaded: `vision` builds them, `model_store` finds their published parameters."""

from mxnet.gluon.model_zoo import model_store, vision

__all__ = ["model_store", "vision"]
