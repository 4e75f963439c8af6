"""Detection here and in genuine MXNet: iterators over files that the other wrote, and many random augmenters."""

import json

import pytest
import references  # noqa: F401  (finds the modules beside the reference data)

from mxnet.tools.im2rec import main

import image_detection  # isort: skip  (of genuine/)
import image_detection_cases  # isort: skip


@pytest.fixture(autouse=True)
def nothing_is_kept():
    """Only genuine MXNet cannot take its iterators down."""
    yield
    image_detection_cases.KEPT.clear()


def test_the_same_batches_from_each_others_files(run_genuine, genuine_version, tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    image_detection_cases.write(ours)
    seen = run_genuine(genuine_version, "image_detection.py", ours, theirs).values
    assert json.loads(json.dumps(image_detection.outcomes(theirs))) == seen


def test_genuine_reads_what_im2rec_packs(run_genuine, genuine_version, tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    image_detection_cases.write(ours)
    assert main(["--pack-label", "--encoding", ".png", "--quality", "9", str(ours / "a"), str(ours)]) == 0
    # The rows read `a.rec`, which is now that of `im2rec`.
    seen = run_genuine(genuine_version, "image_detection.py", ours, theirs).values
    assert json.loads(json.dumps(image_detection.outcomes(ours))) == seen
