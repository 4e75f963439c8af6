"""The `mxzoo` command: `list` prints the zoo, `train` and `evaluate` its networks on your images, `demo` on digits."""

from mxnet.cli.app import main

__all__ = ["main"]
