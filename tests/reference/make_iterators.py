"""Record what the iterators of genuine MXNet 2.0.0b1 give.

Run from this folder (Python 3.11, mxnet==2.0.0b1, numpy==1.23.5):

    python make_iterators.py

It writes `iterators.json.gz`: what `iterator_cases.outcomes` returns for each group of rows.
"""

import gzip
import json
import tempfile
from pathlib import Path

import iterator_cases

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        iterator_cases.write(folder)
        expected = {
            "arrays": iterator_cases.outcomes(folder, iterator_cases.ARRAY_ROWS),
            "records": iterator_cases.outcomes(folder, iterator_cases.IMAGE_ROWS),
            "images": iterator_cases.outcomes(folder, iterator_cases.ITER_ROWS),
        }
    content = json.dumps(expected, sort_keys=True).encode()
    Path("iterators.json.gz").write_bytes(gzip.compress(content, 9, mtime=0))
