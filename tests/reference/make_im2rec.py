"""Record what genuine MXNet 2.0.0b1's `im2rec` makes of small images.

Run from this folder (Python 3.11, mxnet==2.0.0b1, numpy==1.23.5, opencv-python-headless==4.6.0.66):

    python make_im2rec.py

It writes `im2rec.json.gz`: of each run of `im2rec_cases.py` every file, lists as text and the others in hexadecimal.
"""

import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

import im2rec_cases


def files_of(steps, images, folder):
    for step in steps:
        if step == "several":
            im2rec_cases.write_several(folder / "a.lst")
        else:
            command = [sys.executable, "-m", "mxnet.tools.im2rec", *step, "a", str(images)]
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return {
        path.name: path.read_text() if path.suffix == ".lst" else path.read_bytes().hex()
        for path in sorted(folder.iterdir())
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        images = pathlib.Path(scratch, "images")
        im2rec_cases.plant(images)
        found = {}
        for name, steps in im2rec_cases.RUNS.items():
            folder = pathlib.Path(scratch, name.replace(" ", "-"))
            folder.mkdir()
            found[name] = files_of(steps, images, folder)
    pathlib.Path("im2rec.json.gz").write_bytes(gzip.compress(json.dumps(found, sort_keys=True).encode(), 9, mtime=0))
