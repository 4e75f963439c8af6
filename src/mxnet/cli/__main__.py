"""``python -m mxnet.cli`` is ``mxzoo``."""

from mxnet.cli.app import main

if __name__ == "__main__":
    main()
