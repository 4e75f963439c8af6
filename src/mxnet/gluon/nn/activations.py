"""Activation layers."""

from __future__ import annotations

from typing import Any

from mxnet import initializer
from mxnet.gluon.block import HybridBlock
from mxnet.gluon.nn._layer import OperatorLayer
from mxnet.gluon.parameter import Parameter
from mxnet.ndarray._array import Array

__all__ = ["ELU", "GELU", "SELU", "Activation", "LeakyReLU", "PReLU", "SiLU", "Swish"]


class Activation(OperatorLayer):
    """An activation by name.

    Parameters
    ----------
    activation : {'relu', 'sigmoid', 'log_sigmoid', 'mish', 'tanh', 'softrelu', 'softsign'}

    Raises
    ------
    MXNetError
        For another name.
    """

    def __init__(self, activation: str) -> None:
        super().__init__()
        self._act_type = activation
        self._set_operator("Activation", act_type=activation)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._act_type})"


class LeakyReLU(OperatorLayer):
    """``x`` where positive, ``alpha * x`` elsewhere (Maas et al. 2013).

    Raises
    ------
    AssertionError
        If `alpha` is negative.
    """

    def __init__(self, alpha: float) -> None:
        super().__init__()
        if alpha < 0:
            raise AssertionError(f"Slope coefficient for LeakyReLU must be no less than 0, not {alpha}.")
        self._alpha = alpha
        self._set_operator("LeakyReLU", act_type="leaky", slope=alpha)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._alpha})"


class PReLU(OperatorLayer):
    """`LeakyReLU` with learned slopes (He et al. 2015).

    Parameters
    ----------
    alpha_initializer : Initializer, default ``Constant(0.25)``
    in_channels : int, default 1
        Number of slopes: one for all, or one for each channel (axis 1).
    """

    def __init__(self, alpha_initializer: Any = None, in_channels: int = 1) -> None:
        super().__init__()
        self._set_operator("LeakyReLU", act_type="prelu")
        init = initializer.Constant(0.25) if alpha_initializer is None else alpha_initializer
        self.alpha = Parameter("alpha", shape=(in_channels,), init=init)

    def forward(self, x: Array) -> Any:
        return self._run(x, self.alpha.data_for(x))


class ELU(OperatorLayer):
    """``x`` where positive, ``alpha * (exp(x) - 1)`` elsewhere (Clevert et al. 2016)."""

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__()
        self._set_operator("LeakyReLU", act_type="elu", slope=alpha)


class SELU(OperatorLayer):
    """The scaled ELU that normalizes itself (Klambauer et al. 2017)."""

    def __init__(self) -> None:
        super().__init__()
        self._set_operator("LeakyReLU", act_type="selu")


class GELU(OperatorLayer):
    """``x * Φ(x)``, with the error function (Hendrycks and Gimpel 2016)."""

    def __init__(self) -> None:
        super().__init__()
        self._set_operator("LeakyReLU", act_type="gelu")


class Swish(HybridBlock):
    """``x * sigmoid(beta * x)`` (Ramachandran et al. 2017)."""

    def __init__(self, beta: float = 1.0) -> None:
        super().__init__()
        self._beta = beta

    def forward(self, x: Array) -> Any:
        from mxnet import numpy_extension as npx

        return x * npx.sigmoid(x if self._beta == 1.0 else self._beta * x)


class SiLU(Swish):
    """``x * sigmoid(x)``."""

    def __init__(self) -> None:
        super().__init__(1.0)
