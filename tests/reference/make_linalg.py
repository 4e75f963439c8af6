"""Record what genuine MXNet 2.0.0b1 computes with products of arrays and linear algebra.

    /path/to/genuine-2.0.0b1/bin/python tests/reference/make_linalg.py

reads linalg.txt beside itself and writes linalg.json: rows of operator, expression and result.
"""

from genuine_operators import make_table

make_table("linalg")
