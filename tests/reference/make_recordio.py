"""Write record files with genuine MXNet 1.9.1, and what it reads from them and says to misuse.

Run from this folder (Python 3.11, mxnet==1.9.1, numpy==1.23.5):

    python make_recordio.py

It writes `recordio/`: the files of `record_cases.write`, and `expected.json`, which is what `record_cases.read` and
`record_cases.outcomes` return.
"""

import json
import pathlib
import tempfile

import record_cases

FOLDER = pathlib.Path(__file__).parent / "recordio"

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    record_cases.write(str(FOLDER))
    with tempfile.TemporaryDirectory() as scratch:
        expected = {"read": record_cases.read(str(FOLDER)), "rows": record_cases.outcomes(str(FOLDER), scratch)}
    (FOLDER / "expected.json").write_text(json.dumps(expected, sort_keys=True) + "\n")
