"""Programs that come with the package, for ``python -m mxnet.tools.<name>``."""
