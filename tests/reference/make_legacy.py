"""Record what genuine MXNet 2.0.0b1 computes with `mx.nd`: operators, functions and methods of the 1.x face.

    /path/to/genuine-2.0.0b1/bin/python tests/reference/make_legacy.py

reads legacy.txt beside itself and writes legacy.json: rows of operator, expression and result.
"""

from genuine_operators import make_table

make_table("legacy")
