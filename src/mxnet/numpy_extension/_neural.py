"""Neural functions of `mx.npx` whose arguments differ from the operator's, or that check them first."""

from __future__ import annotations

from typing import Any

from mxnet.numpy_extension._invoke import invoke_op
from mxnet.operators.neural import activation as _activation
from mxnet.operators.neural import batch_normalization as _batch_normalization
from mxnet.operators.neural import convolution as _convolution
from mxnet.operators.neural import dense as _dense
from mxnet.operators.neural import dropout as _dropout
from mxnet.operators.neural import normalization as _normalization
from mxnet.operators.neural import pooling as _pooling

__all__ = [
    "activation",
    "batch_norm",
    "convolution",
    "deconvolution",
    "dropout",
    "embedding",
    "fully_connected",
    "group_norm",
    "layer_norm",
    "leaky_relu",
    "pooling",
]


def activation(data: Any, act_type: str = "relu", out: Any = None) -> Any:
    """Apply an activation function to every element.

    Parameters
    ----------
    data : ndarray
    act_type : {'relu', 'sigmoid', 'log_sigmoid', 'mish', 'tanh', 'softrelu', 'softsign'}
    out : ndarray, optional
        Where to write the result.

    Raises
    ------
    MXNetError
        For another `act_type`.
    """
    return invoke_op(_activation.activation, (data,), {"act_type": act_type}, out)


def leaky_relu(
    data: Any,
    gamma: Any = None,
    act_type: str = "leaky",
    slope: float = 0.25,
    lower_bound: float = 0.125,
    upper_bound: float = 0.334,
    out: Any = None,
) -> Any:
    """Rectifiers that keep something of the negative elements.

    Parameters
    ----------
    data : ndarray
    gamma : ndarray, optional
        Slopes of 'prelu': one, or one for each channel.
    act_type : {'leaky', 'prelu', 'elu', 'selu', 'gelu', 'gelu_tanh', 'rrelu'}
        'gelu' computes the error function.
    slope : float, default 0.25
        Slope of 'leaky', scale of 'elu'.
    lower_bound, upper_bound : float
        Range of 'rrelu''s slopes, drawn for each element when training; else their mean is the slope.
    out : ndarray, optional
        Where to write the result.
    """
    attributes = {
        "act_type": act_type,
        "slope": slope,
        "lower_bound": lower_bound,
        "upper_bound": upper_bound,
    }
    return invoke_op(_activation.leaky_relu, (data, gamma), attributes, out)


def fully_connected(
    x: Any,
    weight: Any,
    bias: Any = None,
    num_hidden: int | None = None,
    no_bias: bool = True,
    flatten: bool = True,
    out: Any = None,
) -> Any:
    """``x @ weight.T + bias``.

    Parameters
    ----------
    x : ndarray
    weight : ndarray
        Of shape (num_hidden, features).
    bias : ndarray, optional
        Of shape (num_hidden,); added with ``no_bias=False`` only.
    num_hidden : int
        Size of the last dimension of the result.
    no_bias : bool, default True
    flatten : bool, default True
        Join all dimensions of `x` but the first; otherwise only the last one is multiplied.
    out : ndarray, optional
        Where to write the result.

    Raises
    ------
    AssertionError
        If `num_hidden` is missing, or `bias` while it is asked for.
    MXNetError
        If shapes or types do not fit.
    """
    if num_hidden is None:
        raise AssertionError("fully_connected: please provide the number of hidden nodes, num_hidden")
    if not no_bias and bias is None:
        raise AssertionError("fully_connected: using bias (no_bias=False), but bias is missing")
    attributes = {"num_hidden": num_hidden, "no_bias": no_bias, "flatten": flatten}
    return invoke_op(_dense.fully_connected, (x, weight, None if no_bias else bias), attributes, out)


def convolution(
    data: Any = None,
    weight: Any = None,
    bias: Any = None,
    kernel: Any = None,
    stride: Any = None,
    dilate: Any = None,
    pad: Any = None,
    num_filter: int = 1,
    num_group: int = 1,
    workspace: int = 1024,
    no_bias: bool = False,
    cudnn_tune: str | None = None,
    cudnn_off: bool = False,
    layout: str | None = None,
) -> Any:
    """Convolution over one, two or three spatial dimensions.

    Parameters
    ----------
    data : ndarray
        Of shape (batch, channels, \\*spatial), or as `layout` says.
    weight : ndarray
        Of shape (num_filter, channels / num_group, \\*kernel), its dimensions ordered as those of `data`.
    bias : ndarray, optional
        Of shape (num_filter,); needed unless `no_bias`.
    kernel : tuple of int
    stride, dilate, pad : tuple of int, optional
        Default 1, 1 and 0 in each dimension.
    num_filter, num_group : int
        Output channels, and groups that do not see each other.
    layout : str, optional
        'NCW', 'NCHW', 'NCDHW' (the default), 'NWC', 'NHWC' or 'NDHWC'.

    Raises
    ------
    AssertionError
        If `data`, `weight` or `kernel` is missing, or `bias` does not fit `no_bias`.
    MXNetError
        If shapes or types do not fit.
    """
    _check_given("convolution", data=data, weight=weight, kernel=kernel)
    _check_bias("convolution", bias, no_bias)
    attributes = {
        "kernel": kernel,
        "stride": stride or (),
        "dilate": dilate or (),
        "pad": pad or (),
        "num_filter": num_filter,
        "num_group": num_group,
        "workspace": workspace,
        "no_bias": no_bias,
        "cudnn_tune": cudnn_tune,
        "cudnn_off": cudnn_off,
        "layout": layout,
    }
    return invoke_op(_convolution.convolution, (data, weight, bias), attributes)


def deconvolution(
    data: Any = None,
    weight: Any = None,
    bias: Any = None,
    kernel: Any = None,
    stride: Any = None,
    dilate: Any = None,
    pad: Any = None,
    adj: Any = None,
    target_shape: Any = None,
    num_filter: int = 1,
    num_group: int = 1,
    workspace: int = 1024,
    no_bias: bool = False,
    cudnn_tune: str | None = None,
    cudnn_off: bool = False,
    layout: str | None = None,
) -> Any:
    """Transposed convolution over one, two or three spatial dimensions.

    Parameters
    ----------
    data, bias, kernel, stride, dilate, pad, num_filter, num_group, layout
        As in `convolution`.
    weight : ndarray
        Of shape (channels, num_filter / num_group, \\*kernel).
    adj : tuple of int, optional
        Added to the size of the result on one side; smaller than `stride`. Default 0.
    target_shape : tuple of int, optional
        Spatial shape of the result, in place of `pad` and `adj`.

    Raises
    ------
    AssertionError
        If `data`, `weight` or `kernel` is missing, or `bias` does not fit `no_bias`.
    MXNetError
        If shapes or types do not fit.
    """
    _check_given("deconvolution", data=data, weight=weight, kernel=kernel)
    _check_bias("deconvolution", bias, no_bias)
    attributes = {
        "kernel": kernel,
        "stride": stride or (),
        "dilate": dilate or (),
        "pad": pad or (),
        "adj": adj or (),
        "target_shape": target_shape,
        "num_filter": num_filter,
        "num_group": num_group,
        "workspace": workspace,
        "no_bias": no_bias,
        "cudnn_tune": cudnn_tune,
        "cudnn_off": cudnn_off,
        "layout": layout,
    }
    return invoke_op(_convolution.deconvolution, (data, weight, bias), attributes)


def pooling(
    data: Any = None,
    kernel: Any = None,
    stride: Any = None,
    pad: Any = None,
    pool_type: str = "max",
    pooling_convention: str = "valid",
    global_pool: bool = False,
    cudnn_off: bool = False,
    p_value: int | None = None,
    count_include_pad: bool | None = None,
    layout: str | None = None,
    out: Any = None,
) -> Any:
    """Pool windows of one, two or three spatial dimensions.

    Parameters
    ----------
    data : ndarray
        Of shape (batch, channels, \\*spatial), or as `layout` says.
    kernel : tuple of int
        Size of a window; needed with `global_pool` too, though not used then.
    stride, pad : tuple of int, optional
        Default 1 and 0 in each dimension.
    pool_type : {'max', 'avg', 'sum', 'lp'}
    pooling_convention : {'valid', 'full', 'same'}
        Number of windows: rounded down, rounded up, or one for each `stride` elements.
    global_pool : bool, default False
        One window over everything.
    p_value : {1, 2, 3}, optional
        Power of 'lp'.
    count_include_pad : bool, optional
        Whether 'avg' counts the padding as zeros; default it does.
    layout : str, optional
        'NCW', 'NCHW', 'NCDHW' (the default), 'NWC', 'NHWC' or 'NDHWC'.
    out : ndarray, optional
        Where to write the result.

    Raises
    ------
    AssertionError
        If `data` or `kernel` is missing.
    MXNetError
        If the shape of `data` does not fit, or `kernel` is larger than the padded data.
    """
    _check_given("pooling", data=data, kernel=kernel)
    attributes = {
        "kernel": kernel,
        "stride": stride or (),
        "pad": pad or (),
        "pool_type": pool_type,
        "pooling_convention": pooling_convention,
        "global_pool": global_pool,
        "cudnn_off": cudnn_off,
        "p_value": p_value,
        "count_include_pad": count_include_pad,
        "layout": layout,
    }
    return invoke_op(_pooling.pooling, (data,), attributes, out)


def batch_norm(
    x: Any,
    gamma: Any,
    beta: Any,
    running_mean: Any,
    running_var: Any,
    eps: float = 1e-3,
    momentum: float = 0.9,
    fix_gamma: bool = True,
    use_global_stats: bool = False,
    output_mean_var: bool = False,
    axis: int = 1,
    cudnn_off: bool = False,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
    out: Any = None,
) -> Any:
    """Normalize each channel, then scale by `gamma` and shift by `beta`.

    When training the batch's mean and (biased) variance are used, and ``running = running * momentum +
    batch * (1 - momentum)`` is written; otherwise the running ones are used.

    Parameters
    ----------
    x : ndarray
    gamma, beta, running_mean, running_var : ndarray
        Of shape (channels,).
    eps : float, default 0.001
        Added to the variance.
    momentum : float, default 0.9
    fix_gamma : bool, default True
        Take one for every gamma, with no gradient; training writes the ones to `gamma`.
    use_global_stats : bool, default False
        Use the running statistics even when training.
    output_mean_var : bool, default False
        Return the mean and the inverse standard deviation too.
    axis : int, default 1
        Dimension of the channels.
    out : ndarray, optional
        Where to write the result.

    Raises
    ------
    MXNetError
        If shapes or types do not fit.
    """
    attributes = {
        "eps": eps,
        "momentum": momentum,
        "fix_gamma": fix_gamma,
        "use_global_stats": use_global_stats,
        "output_mean_var": output_mean_var,
        "axis": axis,
    }
    inputs = (x, gamma, beta, running_mean, running_var)
    return invoke_op(_batch_normalization.batch_norm, inputs, attributes, out)


def dropout(
    data: Any, p: float = 0.5, mode: str = "training", axes: Any = None, cudnn_off: bool = False, out: Any = None
) -> Any:
    """Set elements to zero with probability `p` and scale the others by ``1 / (1 - p)``.

    Parameters
    ----------
    data : ndarray
    p : float, default 0.5
    mode : {'training', 'always'}
        Whether to do so only in training mode (`autograd.record`, `autograd.train_mode`), or always.
    axes : tuple of int, optional
        Dimensions along which one draw holds for all elements.
    out : ndarray, optional
        Where to write the result.

    Raises
    ------
    MXNetError
        If `p` is not between 0 and 1.
    """
    return invoke_op(_dropout.dropout, (data,), {"p": p, "mode": mode, "axes": () if axes is None else axes}, out)


def embedding(
    data: Any,
    weight: Any,
    input_dim: int | None = None,
    output_dim: int | None = None,
    dtype: Any = "float32",
    sparse_grad: bool = False,
    out: Any = None,
) -> Any:
    """The rows of `weight` that `data` counts.

    Parameters
    ----------
    data : ndarray
        Row numbers, of any type; those out of range count as the nearest row.
    weight : ndarray
        Of shape (input_dim, output_dim).
    input_dim, output_dim : int
    dtype, sparse_grad
        Accepted as in MXNet: the result has the type of `weight`, the gradient is dense.
    out : ndarray, optional
        Where to write the result.

    Raises
    ------
    TypeError
        If `input_dim` or `output_dim` is missing.
    AssertionError
        If one of them is not positive.
    MXNetError
        If `weight` has another shape.
    """
    if input_dim is None or output_dim is None:
        raise TypeError("embedding() needs input_dim and output_dim, the shape of weight")
    if input_dim < 1 or output_dim < 1:
        raise AssertionError(f"embedding: input_dim={input_dim} and output_dim={output_dim} must be positive")
    attributes = {"input_dim": input_dim, "output_dim": output_dim, "dtype": dtype}
    return invoke_op(_dense.embedding, (data, weight), attributes, out)


def layer_norm(
    data: Any = None,
    gamma: Any = None,
    beta: Any = None,
    axis: int | None = None,
    eps: float | None = None,
    output_mean_var: bool | None = None,
) -> Any:
    """Normalize along one axis by its own mean and variance, then scale by `gamma` and shift by `beta`.

    Parameters
    ----------
    data : ndarray
    gamma, beta : ndarray
        Of shape (size of the axis,).
    axis : int, default -1
    eps : float, default 1e-5
        Added to the variance.
    output_mean_var : bool, default False
        Return the mean and the standard deviation too.

    Raises
    ------
    MXNetError
        If shapes or types do not fit.
    """
    attributes = {"axis": axis, "eps": eps, "output_mean_var": output_mean_var}
    given = {name: value for name, value in attributes.items() if value is not None}
    return invoke_op(_normalization.layer_norm, (data, gamma, beta), given)


def group_norm(
    data: Any, gamma: Any, beta: Any, num_groups: int = 1, eps: float = 1e-3, output_mean_var: bool = False
) -> Any:
    """Normalize groups of channels by their own mean and variance, then scale and shift each channel.

    Parameters
    ----------
    data : ndarray
        Of shape (batch, channels, \\*spatial).
    gamma, beta : ndarray
        Of shape (channels,).
    num_groups : int, default 1
        Divides the number of channels.
    eps : float, default 0.001
        Added to the variance.
    output_mean_var : bool, default False
        Return the mean and the standard deviation of each group too.

    Raises
    ------
    MXNetError
        If shapes or types do not fit.
    """
    attributes = {"num_groups": num_groups, "eps": eps, "output_mean_var": output_mean_var}
    return invoke_op(_normalization.group_norm, (data, gamma, beta), attributes)


def _check_given(where: str, **arguments: Any) -> None:
    missing = [name for name, value in arguments.items() if value is None]
    if missing:
        raise AssertionError(f"{where}: missing {' and '.join(missing)}")


def _check_bias(where: str, bias: Any, no_bias: bool) -> None:
    if no_bias and bias is not None:
        raise AssertionError(f"{where}: using no bias (no_bias=True), but bias is given")
    if not no_bias and bias is None:
        raise AssertionError(f"{where}: using bias (no_bias=False), but bias is missing")
