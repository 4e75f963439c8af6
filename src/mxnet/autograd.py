"""Recording operators and computing gradients, on torch's autograd.

Nothing is recorded outside `record()`, and torch's own grad mode is left as it is outside of it. All modes are
per thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any

import torch

from mxnet._modes import modes
from mxnet._nested import container
from mxnet.base import MXNetError
from mxnet.ndarray._array import Array, read, refuse_tracing
from mxnet.ndarray._gradients import clock, deliveries_beyond, graph_is_gone, node_of, nodes_beyond
from mxnet.ndarray.ndarray import GRADIENT_REQUESTS

__all__ = [
    "Function",
    "backward",
    "grad",
    "is_recording",
    "is_training",
    "mark_variables",
    "pause",
    "predict_mode",
    "record",
    "set_recording",
    "set_training",
    "train_mode",
]


class _Scope:
    """Sets the recording and training modes of this thread for a ``with`` block."""

    def __init__(self, recording: bool | None, training: bool | None) -> None:
        self._recording = recording
        self._training = training
        self._before: list[tuple[bool, bool, bool]] = []

    def __enter__(self) -> None:
        self._before.append((modes.recording, modes.training, torch.is_grad_enabled()))
        if self._recording is not None:
            modes.recording = self._recording
        if self._training is not None:
            modes.training = self._training
        if modes.recording:
            torch.set_grad_enabled(True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        modes.recording, modes.training, enabled = self._before.pop()
        torch.set_grad_enabled(enabled)


def record(train_mode: bool = True) -> _Scope:
    """A ``with`` block whose operators are recorded for `backward`.

    Parameters
    ----------
    train_mode : bool, default True
        Whether layers such as Dropout and BatchNorm behave as in training.

    Examples
    --------
    >>> x = mx.np.array([1.0, 2.0])
    >>> x.attach_grad()
    >>> with mx.autograd.record():
    ...     y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    array([2., 4.])
    """
    return _Scope(True, train_mode)


def pause(train_mode: bool = False) -> _Scope:
    """A ``with`` block inside `record` whose operators are not recorded."""
    return _Scope(False, train_mode)


def train_mode() -> _Scope:
    """A ``with`` block in which layers behave as in training; recording stays as it is."""
    return _Scope(None, True)


def predict_mode() -> _Scope:
    """A ``with`` block in which layers behave as in prediction; recording stays as it is."""
    return _Scope(None, False)


def is_recording() -> bool:
    """Whether this thread records."""
    return modes.recording


def is_training() -> bool:
    """Whether layers behave as in training in this thread."""
    return modes.training


def set_recording(is_recording: bool) -> bool:
    """Switch recording on or off in this thread; returns what it was. `record` and `pause` do it for a block."""
    before, modes.recording = modes.recording, bool(is_recording)
    return before


def set_training(train_mode: bool) -> bool:
    """Switch training mode on or off in this thread; returns what it was."""
    before, modes.training = modes.training, bool(train_mode)
    return before


def mark_variables(
    variables: Array | Sequence[Array],
    gradients: Array | Sequence[Array],
    grad_reqs: str | Sequence[str] = "write",
) -> None:
    """Let the gradients of `variables` be written into the given arrays.

    Parameters
    ----------
    variables, gradients : NDArray or sequence of NDArray
        As many of one as of the other, pairwise of one shape.
    grad_reqs : str or sequence of str
        ``'write'``, ``'add'`` or ``'null'``, one for all or one each.

    Raises
    ------
    ValueError
        If the numbers or shapes differ.
    KeyError
        For another `grad_reqs`.
    """
    if isinstance(variables, Array):
        variables, gradients = [variables], [gradients]
    requests = [grad_reqs] * len(variables) if isinstance(grad_reqs, str) else list(grad_reqs)
    if not len(variables) == len(gradients) == len(requests):
        raise ValueError(
            f"{len(variables)} variables, {len(gradients)} gradients and {len(requests)} grad_reqs: "
            "the numbers must be equal"
        )
    for variable, gradient, request in zip(variables, gradients, requests, strict=True):
        if variable.shape != gradient.shape:
            raise ValueError(f"variable of shape {variable.shape} with a gradient of shape {gradient.shape}")
        if request not in GRADIENT_REQUESTS:
            raise KeyError(f"grad_reqs must be among {', '.join(GRADIENT_REQUESTS)}, not {request!r}")
    for variable, gradient, request in zip(variables, gradients, requests, strict=True):
        variable._set_mark(request, gradient)


def backward(
    heads: Array | Sequence[Array],
    head_grads: Array | Sequence[Array | None] | None = None,
    retain_graph: bool = False,
    train_mode: bool = True,
) -> None:
    """Compute the gradients of `heads` and deliver them to the buffers of all arrays they depend on.

    Arrays that they depend on only through operators without a derivative get zeros.

    Parameters
    ----------
    heads : NDArray or sequence of NDArray
        Arrays computed inside `record`.
    head_grads : NDArray or sequence of NDArray or None, optional
        Gradient with regard to each head; default ones.
    retain_graph : bool, default False
        Keep the graph so that `backward` may be called again.
    train_mode : bool, default True
        Accepted as in MXNet; the mode of the recorded forward pass decides.

    Raises
    ------
    MXNetError
        If a head was not recorded, or its graph is gone, or there is no head.
    AssertionError
        If there are not as many head gradients as heads.
    """
    heads = [heads] if isinstance(heads, Array) else list(heads)
    roots, gradients = _roots(heads, head_grads)
    start = next(clock)
    if roots:
        try:
            torch.autograd.backward(roots, gradients, retain_graph=retain_graph)
        except RuntimeError as error:
            raise _translated(error) from error
    # What this pass has freed it has also visited.
    missed = [node for node in _dead_ends(heads) if retain_graph or not graph_is_gone(node)]
    for delivery in deliveries_beyond(missed):
        if delivery.time < start:
            delivery.deliver_zero()
    if not retain_graph:
        _forget(heads)


def grad(
    heads: Array | Sequence[Array],
    variables: Array | Sequence[Array],
    head_grads: Array | Sequence[Array | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    train_mode: bool = True,
) -> list[Any]:
    """The gradients of `heads` with regard to `variables`, without touching any gradient buffer.

    Parameters
    ----------
    heads, head_grads, train_mode
        As in `backward`.
    variables : NDArray or sequence of NDArray
        Arrays with an attached gradient, or intermediate results.
    retain_graph : bool, optional
        Default: as `create_graph`.
    create_graph : bool, default False
        Record the computation of the gradients too, so that they can be differentiated in turn.

    Returns
    -------
    list of NDArray
        One gradient for each variable.

    Raises
    ------
    MXNetError
        If a head was not recorded, or does not depend on a variable.
    AssertionError
        If `variables` is empty.
    """
    heads = [heads] if isinstance(heads, Array) else list(heads)
    variables = [variables] if isinstance(variables, Array) else list(variables)
    if not variables:
        raise AssertionError("grad() needs at least one variable")
    roots, gradients = _roots(heads, head_grads)
    targets = [_target(variable, number) for number, variable in enumerate(variables)]
    keep = create_graph if retain_graph is None else retain_graph
    found: Sequence[torch.Tensor | None] = [None] * len(targets)
    if roots:
        try:
            found = torch.autograd.grad(
                roots, targets, gradients, retain_graph=keep, create_graph=create_graph, allow_unused=True
            )
        except RuntimeError as error:
            raise _translated(error) from error
    found = _apart(_completed(found, targets, heads))
    if not keep:
        _forget(heads)
    return [variable._like(gradient) for variable, gradient in zip(variables, found, strict=True)]


def _completed(
    found: Sequence[torch.Tensor | None], targets: Sequence[torch.Tensor], heads: Sequence[Array]
) -> list[torch.Tensor]:
    """The gradients, with zeros for those that the heads depend on without a derivative."""
    if all(gradient is not None for gradient in found):
        return list(found)
    beyond = set(nodes_beyond(_dead_ends(heads)))
    complete = []
    for number, (gradient, target) in enumerate(zip(found, targets, strict=True)):
        if gradient is None and node_of(target) not in beyond:
            raise MXNetError(
                f"Cannot differentiate with respect to the {number}-th variable: the heads do not depend on it"
            )
        complete.append(torch.zeros_like(target, requires_grad=False) if gradient is None else gradient)
    return complete


def _apart(gradients: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """The gradients, none in the memory of another: torch gives the operands of a sum one and the same."""
    seen: set[int] = set()
    apart = []
    for gradient in gradients:
        memory = gradient.untyped_storage().data_ptr()
        apart.append(gradient.clone() if memory in seen else gradient)
        seen.add(memory)
    return apart


def _forget(heads: Sequence[Array]) -> None:
    """The graph of `heads` was freed: nothing leads back from them any more."""
    modes.epoch += 1
    for head in heads:
        head._dead_ends = None
        if head._mark is None:
            head._data = head._data.detach()


def _dead_ends(heads: Sequence[Array]) -> set[Any]:
    return {node for head in heads for node in head._dead_ends or ()}


def _roots(heads: Sequence[Array], head_grads: Any) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """The heads that torch can go back from, and their gradients."""
    refuse_tracing("the forward pass asks for gradients of its own")
    if not heads:
        raise MXNetError("there is nothing to differentiate: the list of heads is empty")
    gradients = _head_gradients(heads, head_grads)
    tensors = [read(head, recording=True) for head in heads]
    for head, tensor in zip(heads, tensors, strict=True):
        if not tensor.requires_grad and head._dead_ends is None:
            raise MXNetError(
                "Cannot differentiate an array that is not in a computational graph: compute it inside "
                "autograd.record() from arrays with attach_grad(), and pass retain_graph=True to go back more than once"
            )
    pairs = [pair for pair in zip(tensors, gradients, strict=True) if pair[0].requires_grad]
    return [tensor for tensor, _ in pairs], [gradient for _, gradient in pairs]


def _target(variable: Array, number: int) -> torch.Tensor:
    tensor = read(variable, recording=True)
    if not tensor.requires_grad:
        raise MXNetError(
            f"Cannot differentiate with respect to the {number}-th variable: it has no gradient attached "
            "and was not recorded; call attach_grad() before record()"
        )
    return tensor


def _head_gradients(heads: Sequence[Array], head_grads: Any) -> list[torch.Tensor]:
    if head_grads is None:
        head_grads = [None] * len(heads)
    elif isinstance(head_grads, Array):
        head_grads = [head_grads]
    if len(head_grads) != len(heads):
        raise AssertionError(
            f"heads and head_grads must be lists of the same length: {len(heads)} vs. {len(head_grads)}"
        )
    gradients = []
    for number, (head, gradient) in enumerate(zip(heads, head_grads, strict=True)):
        data = head._data
        if gradient is None:
            gradients.append(torch.ones_like(data, requires_grad=False))
        elif gradient._data.shape != data.shape:
            raise MXNetError(
                f"head gradient {number} has shape {tuple(gradient._data.shape)}, its head {tuple(data.shape)}"
            )
        else:
            gradients.append(read(gradient).to(data.dtype, copy=True))  # it may become the gradient of a leaf
    return gradients


def _translated(error: RuntimeError) -> MXNetError:
    text = str(error)
    if "second time" in text:
        return MXNetError(
            "the computational graph is gone: it was freed by an earlier backward pass; pass retain_graph=True "
            "there, or detach() what is carried over from one pass to the next"
        )
    if "inplace operation" in text:
        return MXNetError(
            "an array that the backward pass needs was written to after it was used in the forward pass: " + text
        )
    return MXNetError(text)


class Function:
    """An operator with a gradient of one's own, written in arrays.

    Subclasses define ``forward(self, *inputs)`` and ``backward(self, *output_gradients)``; both run unrecorded.
    An instance is called once for each use.

    Examples
    --------
    >>> class Square(mx.autograd.Function):
    ...     def forward(self, x):
    ...         self.save_for_backward(x)
    ...         return x * x
    ...     def backward(self, dy):
    ...         (x,) = self.saved_tensors
    ...         return 2 * x * dy
    >>> x = mx.np.array([3.0])
    >>> x.attach_grad()
    >>> with mx.autograd.record():
    ...     y = Square()(x)
    >>> y.backward()
    >>> x.grad
    array([6.])
    """

    def __init__(self) -> None:
        self._saved: tuple[Any, ...] = ()

    def save_for_backward(self, *arrays: Any) -> None:
        """Keep arrays for `backward`, which finds them in `saved_tensors`."""
        self._saved = arrays

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        return self._saved

    def __call__(self, *inputs: Any) -> Any:
        recording = modes.recording
        with pause(train_mode=modes.training):
            outputs = self.forward(*[array.detach() if isinstance(array, Array) else array for array in inputs])
        if not recording:
            return outputs
        refuse_tracing(f"{type(self).__name__} has a gradient of its own")
        single = isinstance(outputs, Array)
        results = [outputs] if single else list(outputs)
        tensors = [read(array) for array in inputs if isinstance(array, Array)]
        bridged = _Bridge.apply(self, inputs, results, *tensors)
        arrays = [result._like(tensor) for result, tensor in zip(results, bridged, strict=True)]
        return arrays[0] if single else container(type(outputs), arrays)

    def forward(self, *inputs: Any) -> Any:
        """Compute the output or outputs from the inputs."""
        raise NotImplementedError(f"{type(self).__name__} must define forward(self, *inputs)")

    def backward(self, *output_grads: Any) -> Any:
        """The gradient with regard to each input, given that with regard to each output."""
        raise NotImplementedError(f"{type(self).__name__} must define backward(self, *output_grads)")


class _Bridge(torch.autograd.Function):
    """Puts a `Function` into torch's graph; its forward pass has run already."""

    @staticmethod
    def forward(ctx: Any, function: Function, inputs: Any, results: list[Array], *tensors: Any) -> Any:
        ctx.function = function
        ctx.arrays = [array for array in inputs if isinstance(array, Array)]
        ctx.like = results
        return tuple(result._data.detach().clone() for result in results)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        arrays = [like._like(gradient) for like, gradient in zip(ctx.like, gradients, strict=True)]
        with pause():
            found = ctx.function.backward(*arrays)
        found = [found] if isinstance(found, Array) or found is None else list(found)
        if len(found) != len(ctx.arrays):
            raise MXNetError(
                f"{type(ctx.function).__name__}.backward must return exactly one gradient for each input: "
                f"{len(ctx.arrays)} expected, {len(found)} returned"
            )
        return (None, None, None, *[None if gradient is None else read(gradient) for gradient in found])
