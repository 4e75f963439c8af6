"""Iterators here and in genuine MXNet: each over files that the other wrote, and over the records of `im2rec`."""

import json

import references  # noqa: F401  (finds the modules beside the reference data)

from mxnet.tools.im2rec import main

import im2rec_cases  # isort: skip
import iterator_cases  # isort: skip
import iterators  # isort: skip  (of genuine/)


def test_the_same_batches_from_each_others_files(run_genuine, genuine_version, tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    iterator_cases.write(ours)
    seen = run_genuine(genuine_version, "iterators.py", ours, theirs).values
    assert json.loads(json.dumps(iterators.outcomes(theirs))) == seen


def test_genuine_reads_what_im2rec_makes(run_genuine, genuine_version, tmp_path):
    images, ours, theirs = tmp_path / "images", tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    im2rec_cases.plant(images)
    iterator_cases.write(ours)
    assert main(["--list", "--recursive", str(ours / "a"), str(images)]) == 0
    assert main(["--encoding", ".png", "--quality", "9", "--resize", "12", str(ours / "a"), str(images)]) == 0
    # The rows read `a.rec`, and labels from `a.lst`, that are now those of `im2rec`.
    seen = run_genuine(genuine_version, "iterators.py", ours, theirs).values
    assert json.loads(json.dumps(iterators.outcomes(ours))) == seen
