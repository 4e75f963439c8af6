"""The benchmark of data compares like with like."""

from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module", autouse=True)
def benchmarks_on_the_path():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    import data

    folder = tmp_path_factory.mktemp("images")
    assert 50 < data.write_images(str(folder), 32) < 90
    return str(folder)


@pytest.mark.parametrize("name", ["iterator", "loader", "thread loader", "pillow"])
def test_programs_make_the_same_of_the_images(images, name):
    import _data_worker
    import data

    if name == "pillow":
        pytest.importorskip("PIL")
    plain = _data_worker.one_pass(_data_worker.PROGRAMS["iterator"](images, 1))
    seen = _data_worker.one_pass(_data_worker.PROGRAMS[name](images, 1))
    assert seen["images"] == plain["images"] == 32
    assert abs(seen["mean"] - plain["mean"]) < 2 * data.TOLERANCE  # of 32 images, and random crops


def test_tables_show_medians_and_ratios_of_the_same_turn():
    import data

    lines = data.table({"a": [100.0, 200.0, 400.0], "b": [50.0, 50.0, 800.0]})
    assert lines[2:] == ["| a | 200 | 1.00 |", "| b | 50 | 0.50 |"]
