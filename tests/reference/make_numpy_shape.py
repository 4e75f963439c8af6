"""Record what genuine MXNet 2.0.0b1 computes with the operators that rearrange, join, edit and index arrays.

    /path/to/genuine-2.0.0b1/bin/python tests/reference/make_numpy_shape.py

reads numpy_shape.txt beside itself and writes numpy_shape.json: rows of operator, expression and result.
"""

from genuine_operators import make_table

make_table("numpy_shape")
