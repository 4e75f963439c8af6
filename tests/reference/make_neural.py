"""Record what genuine MXNet 2.0.0b1 computes with the neural operators.

    /path/to/genuine-2.0.0b1/bin/python tests/reference/make_neural.py

reads neural.txt beside itself and writes neural.json: rows of operator, expression and result.
"""

from genuine_operators import make_table

make_table("neural")
