"""Record what genuine MXNet 1.9.1 computes with operators that old graphs may hold, under the names they have there.

    /path/to/genuine-1.9.1/bin/python tests/reference/make_retired.py

reads retired.txt beside itself and writes retired.json: rows of operator, expression and result.
"""

from genuine_operators import make_table

import mxnet as mx

mx.npx.set_np()  # so that arrays may have no dimensions
make_table("retired")
