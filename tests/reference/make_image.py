"""Record what genuine MXNet 2.0.0b1 makes of small images.

Run in an environment of its own (`pip install mxnet==2.0.0b1 numpy==1.23.5`, Python 3.11), from this folder:

    python make_image.py

writes `image.npz` (what each row of `image_cases.py` gives: an array, or the name of an error) and `image.json` (what
augmenters say of themselves, and the batches of `ImageIter`).
"""

import json

import numpy as onp
from image_cases import DUMPS, HANDLES, ROWS, dump, evaluate, rounds

import mxnet as mx

onp.savez_compressed("image.npz", **{row: evaluate(mx, row) for row in ROWS})
record = {
    "dumps": {row: dump(mx, row) for row in DUMPS},
    "rounds": {handle: rounds(mx, handle) for handle in HANDLES},
}
with open("image.json", "w") as file:
    json.dump(record, file, indent=1)
    file.write("\n")
