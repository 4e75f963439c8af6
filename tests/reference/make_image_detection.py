"""Record what genuine MXNet 2.0.0b1 makes of images with boxes.

Run from this folder (Python 3.11, mxnet==2.0.0b1, numpy==1.23.5):

    python make_image_detection.py

It writes `image_detection.json.gz`: what `image_detection_cases.outcomes` returns for each group of rows.
"""

import gzip
import json
import os
import tempfile
from pathlib import Path

import image_detection_cases as cases

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        cases.write(folder)
        expected = {
            "records": cases.outcomes(folder, cases.RECORD_ROWS),
            "images": cases.outcomes(folder, cases.ITER_ROWS),
            "augmenters": cases.outcomes(folder, cases.AUGMENTER_ROWS),
        }
    content = json.dumps(expected, sort_keys=True).encode()
    Path("image_detection.json.gz").write_bytes(gzip.compress(content, 9, mtime=0))
    os._exit(0)  # see KEPT
