"""``python -m mxnet.cli`` is ``mxzoo``."""

from mxnet.cli.app import main

main()
