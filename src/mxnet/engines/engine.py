"""What an engine is, and the engines there are by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, NamedTuple

import torch

from mxnet.base import MXNetError
from mxnet.symbol._graph import Entry, Node

__all__ = [
    "Assembled",
    "Engine",
    "Subgraph",
    "check_precision",
    "check_training",
    "engine_named",
    "engines",
    "register",
]

Tensor = torch.Tensor
Function = Callable[..., Sequence[Tensor]]


class Subgraph(NamedTuple):
    """A graph for an engine to compile: the whole of a network's, or the part that the engine takes.

    Attributes
    ----------
    entries : list of Entry
        What to compute.
    inputs : list of Node
        The variables that a call is given, in its order.
    examples : list of Tensor
        A tensor without values, on torch's meta device, for each of them.
    constants : dict of Node to Tensor
        The values of the other variables; they do not change while the compiled function is used.
    device : torch.device
        Where calls get their tensors and give their results.
    samples : sequence of sequence of Tensor
        The inputs of some calls, if the engine asks for them; see `Engine.samples`.
    """

    entries: list[Entry]
    inputs: list[Node]
    examples: list[Tensor]
    constants: Mapping[Node, Tensor]
    device: torch.device
    samples: Sequence[Sequence[Tensor]] = ()


class Assembled(NamedTuple):
    """A function for a whole network, and what there is to tell of it.

    Attributes
    ----------
    function : callable
        Of the tensors of the network's inputs.
    notes : dict of str to str
        Such as the times of the engines that were tried, for `HybridBlock.engine_report`.
    """

    function: Function
    notes: Mapping[str, str]

    def __call__(self, *tensors: Tensor) -> Sequence[Tensor]:
        return self.function(*tensors)


class Engine:
    """What compiles graphs for inference. Subclasses define `compile`, and what else they need to.

    An instance is made for each network, with the options that the user gives to `HybridBlock.optimize_for`, as
    keyword arguments. Nodes that an engine does not take run on torch. One that can train defines `compile_training`.

    Attributes
    ----------
    name : str
        By which users ask for it.
    precisions : tuple of str
        What it can compute in, as users ask for it by ``precision=``; the first is its default.
    devices : tuple of str
        Torch's names of the kinds of device it runs on.

    Examples
    --------
    >>> from mxnet import engines
    >>> @engines.register
    ... class Mine(engines.Engine):
    ...     name = "mine"
    ...     def takes(self, node, inputs):
    ...         return node.op.name == "Activation"
    ...     def compile(self, graph):
    ...         return lambda x: [x.relu()]
    >>> net = mx.gluon.nn.Dense(2, activation="relu")
    >>> net.initialize()
    >>> net.optimize_for(mx.np.ones((1, 3)), backend="mine")
    """

    name: ClassVar[str] = ""
    precisions: ClassVar[tuple[str, ...]] = ("float32",)
    devices: ClassVar[tuple[str, ...]] = ("cpu", "cuda", "mps")

    @classmethod
    def problem(cls) -> str:
        """Why it cannot be used here, such as a package that is missing; empty if it can."""
        return ""

    def before(self, entries: list[Entry], constants: dict[Node, Tensor]) -> list[Entry]:
        """The whole graph before it is parted, rewritten as the engine likes; `constants` may be added to."""
        return entries

    def takes(self, node: Node, inputs: Sequence[Tensor | None]) -> bool:
        """Whether it runs an operator's node for inputs of these shapes and types (tensors without values)."""
        return True

    def after(self, parts: Sequence[Subgraph]) -> None:
        """Told of the parts it is going to compile."""

    def suits(self, graph: Subgraph) -> bool:
        """Whether it is worth trying for a network, or runs it as another engine does."""
        return True

    def samples(self, graph: Subgraph) -> Sequence[Sequence[Tensor]]:
        """The inputs of some calls of the whole network, which `compile` is to be given for its parts; default none.

        An engine that quantizes calibrates with them. Precise and compiled network are compared on them, too.
        """
        return ()

    def assemble(self, graph: Subgraph, sample: Sequence[Tensor]) -> Assembled:
        """A function for a whole network: parted, the parts compiled, and put together; `sample` are inputs."""
        from mxnet.engines._assembly import compile_parts

        return compile_parts(self, graph)

    def compile(self, graph: Subgraph) -> Function:
        """A function of tensors that computes ``graph.entries``; several threads may call it at a time.

        Its results must be memory of the caller's own.
        """
        raise NotImplementedError(f"{type(self).__name__} must define compile(self, graph)")

    def training_problem(self) -> str:
        """Why it cannot compile training passes, with the options it was made with; empty if it can."""
        return "it only predicts" if type(self).compile_training is Engine.compile_training else ""

    def compile_training(self, function: Function, tensors: Sequence[Tensor]) -> Function:
        """A function that does what `function` does: results, gradients if recorded, states, random numbers.

        Parameters
        ----------
        function : callable
            Of the tensors of inputs, parameters, states and constants, written for these shapes and types as torch's
            calls one by one. It draws from this package's random generators, and writes to states.
        tensors : sequence of Tensor
            Those of the call to come. Nothing must be written to them now.
        """
        raise NotImplementedError(f"{type(self).__name__} must define compile_training(self, function, tensors)")


def check_precision(engine: type[Engine], precision: str) -> str:
    """`precision`, if the engine can compute in it.

    Raises
    ------
    ValueError
        If it cannot; the message lists what it can.
    """
    if precision not in engine.precisions:
        raise ValueError(f"precision must be one of {', '.join(map(repr, engine.precisions))}, not {precision!r}")
    return precision


def check_training(engine: Engine) -> Engine:
    """`engine`, if it can compile training passes.

    Raises
    ------
    MXNetError
        If it cannot; the message lists those that can.
    """
    problem = engine.training_problem()
    if problem:
        able = [name for name, kind in _ENGINES.items() if kind.compile_training is not Engine.compile_training]
        listed = ", ".join(map(repr, sorted(able)))
        raise MXNetError(
            f"{engine.name} cannot compile training: {problem}. Engines that can: {listed}; without one, training runs "
            "torch's calls"
        )
    return engine


_ENGINES: dict[str, type[Engine]] = {}
_OTHER_NAMES = {"onednn": "openvino", "onednn_quantize": "openvino", "mkldnn": "openvino", "ort": "onnxruntime"}
"""What MXNet called its backends, and what comes nearest here."""
_INSTEAD = {"tensorrt": "On a GPU 'inductor' comes nearest. "}


def register(engine: type[Engine]) -> type[Engine]:
    """Make an engine known by its name; a decorator.

    Raises
    ------
    TypeError
        If it is no subclass of `Engine` with a name.
    ValueError
        If the name is taken by another one. Defining the same class anew replaces it.
    """
    if not (isinstance(engine, type) and issubclass(engine, Engine) and engine.name):
        raise TypeError(f"an engine is a subclass of mxnet.engines.Engine with a name, not {engine!r}")
    known = _ENGINES.get(engine.name.lower())
    if known is not None and (known.__module__, known.__qualname__) != (engine.__module__, engine.__qualname__):
        raise ValueError(f"the name {engine.name!r} is taken by {known!r}")
    _ENGINES[engine.name.lower()] = engine
    return engine


def engines() -> dict[str, str]:
    """The engines by name, each with what stands against its use here: nothing, or a package that is missing."""
    return {name: engine.problem() for name, engine in sorted(_ENGINES.items())}


def engine_named(name: str) -> type[Engine]:
    """The engine of that name, without regard to case, by MXNet's names of backends too.

    Raises
    ------
    ValueError
        If there is none; the message lists those there are.
    MXNetError
        If it cannot be used here; the message says what is missing.
    """
    key = name.lower() if isinstance(name, str) else ""
    engine = _ENGINES.get(_OTHER_NAMES.get(key, key))
    if engine is None:
        listed = ", ".join(map(repr, sorted(_ENGINES)))
        raise ValueError(f"there is no backend {name!r}. {_INSTEAD.get(key, '')}Registered are {listed}")
    problem = engine.problem()
    if problem:
        raise MXNetError(f"backend {name!r} cannot be used here: {problem}")
    return engine
