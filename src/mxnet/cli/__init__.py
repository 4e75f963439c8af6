"""The `mxzoo` command: `mxzoo list` prints the zoo, `mxzoo demo` trains one of its networks."""

from mxnet.cli.app import main

__all__ = ["main"]
