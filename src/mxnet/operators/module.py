"""A module of PyTorch as an operator: not in the catalogue, since it is one of a kind, but a node like any other."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch.func import functional_call

from mxnet._nested import LEAF, flatten, rebuild, ways
from mxnet.base import MXNetError, NotTraceable
from mxnet.operators.catalogue import Operator

__all__ = ["ModuleOperator", "copy_with", "tensors_of"]

Tensor = torch.Tensor

_POSITIONAL = inspect.Parameter.POSITIONAL_OR_KEYWORD
_KEYWORD = inspect.Parameter.KEYWORD_ONLY


def tensors_of(module: torch.nn.Module) -> dict[str, Tensor]:
    """The parameters and then the buffers of a module, by each of their names."""
    return dict(module.named_parameters(remove_duplicate=False)) | dict(module.named_buffers(remove_duplicate=False))


def copy_with(module: torch.nn.Module, tensors: Mapping[str, Tensor]) -> torch.nn.Module:
    """A copy of a module that has other tensors in the place of its parameters and buffers.

    Raises
    ------
    MXNetError
        If Python cannot copy it.
    """
    own = tensors_of(module)
    try:
        return copy.deepcopy(module, {id(own[name]): tensor for name, tensor in tensors.items()})
    except Exception as error:
        raise MXNetError(f"a module {type(module).__name__} cannot be copied: {error}") from error


class ModuleOperator(Operator):
    """A call of a torch module: its inputs are the tensors among the arguments, then parameters and buffers.

    Attributes
    ----------
    module : torch.nn.Module
    count_of_data : int
        The number of inputs before the parameters.
    results : object
        How the results are nested, as of the last call.

    Parameters
    ----------
    module : torch.nn.Module
    arguments : object
        The structure of the arguments, as `mxnet._nested.flatten` tells it.
    """

    __slots__ = ("_arguments", "_tensors", "count_of_data", "module", "results")

    def __init__(self, module: torch.nn.Module, arguments: Any) -> None:
        self.module = module
        self.results: Any = LEAF
        self.count_of_data = sum(1 for _ in ways(arguments))
        self._arguments = arguments
        self._tensors = tuple(tensors_of(module))
        states = {name for name, _ in module.named_buffers(remove_duplicate=False)}
        names = [f"data{number}" for number in range(self.count_of_data)]
        names += [f"tensor{number}" for number in range(len(self._tensors))]
        written = [f"tensor{number}" for number, name in enumerate(self._tensors) if name in states]

        def body(*tensors: Tensor, training: bool = False) -> Any:
            return self._call(tensors, training)

        body.__signature__ = inspect.Signature(
            [inspect.Parameter(name, _POSITIONAL) for name in names]
            + [inspect.Parameter("training", _KEYWORD, default=False)]
        )
        super().__init__(
            body, type(module).__name__, (), mutates=tuple(written), views=True, outputs=lambda *_: self._count()
        )

    def __reduce__(self) -> tuple[Any, ...]:
        raise MXNetError(f"a graph that holds a module of PyTorch ({self.name}) cannot be pickled")

    def _count(self) -> int:
        return sum(1 for _ in ways(self.results))

    def _call(self, tensors: Sequence[Tensor], training: bool) -> Any:
        if self.module.training is not training:
            self.module.train(training)
        # To ask this also keeps `engines._calls` from taking the module for the torch functions it calls once.
        if any(tensor.is_meta for tensor in tensors):
            result = self._run_without_values(tensors)
        else:
            result = self._run(tensors)
        leaves: list[Tensor] = []
        self.results = flatten(result, leaves, Tensor)
        if not leaves:
            raise MXNetError(f"{self.name} returned no tensor, but {type(result).__name__}")
        return leaves[0] if self.results is LEAF else tuple(leaves)

    def _run(self, tensors: Sequence[Tensor]) -> Any:
        given, state = tensors[: self.count_of_data], tensors[self.count_of_data :]
        arguments = rebuild(self._arguments, iter(given))
        return functional_call(self.module, dict(zip(self._tensors, state, strict=True)), tuple(arguments))

    def _run_without_values(self, tensors: Sequence[Tensor]) -> Any:
        try:
            with torch.device("meta"):
                return self._run(tensors)
        except Exception as error:
            raise NotTraceable(f"a module of PyTorch, {self.name}, does not run without values: {error}") from error

    def arguments(self, given: Sequence[Any]) -> Any:
        """The arguments of the module, nested as they were."""
        return rebuild(self._arguments, iter(given))

    def way_to(self, number: int) -> tuple[Any, ...]:
        """The keys and numbers that lead to a result from outside."""
        return list(ways(self.results))[number]

    def path_of(self, names: Sequence[str]) -> str:
        """Where the module stands in a network whose names for its tensors are given; '' if they do not tell."""
        own = tensors_of(self.module)
        found: set[str] | None = None
        for name, tensor in zip(names, own.values(), strict=True):
            tied = [f".{other}" for other, same in own.items() if same is tensor]
            paths = {name.removesuffix(end) for end in tied if name.endswith(end)}
            found = paths if found is None else found & paths
        return found.pop() if found else ""

    def refusal(self, inputs: Sequence[Any]) -> str:
        """Why a node with these inputs cannot be written to a file."""
        path = self.path_of([variable.name for variable, _ in inputs[self.count_of_data :]])
        return (
            f"TorchBlock{f' {path!r}' if path else ''}, the module {self.name}, is no operator of MXNet, and files of "
            "graphs hold no others: to_torch() gives a module that torch.export writes to a file"
        )

    def with_tensors(self, tensors: Sequence[Tensor]) -> torch.nn.Module:
        """A copy of the module with other parameters and buffers."""
        return copy_with(self.module, dict(zip(self._tensors, tensors, strict=True)))
