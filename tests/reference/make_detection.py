"""Record what genuine MXNet 2.0.0b1 computes with the operators of object detection.

    /path/to/genuine-2.0.0b1/bin/python tests/reference/make_detection.py

reads detection.txt beside itself and writes detection.json: rows of operator, expression and result.
"""

from genuine_operators import make_table

make_table("detection")
