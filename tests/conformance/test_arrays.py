"""What the public functions write, genuine MXNet's read, and the other way round."""

import numpy as onp
import pytest

import arrays  # isort: skip  (of genuine/, found through conftest)

VALUES = arrays.values()
ODD = {"scalar": onp.array(2.5, "float32"), "empty": onp.zeros((0, 3), "float32"), "truth": onp.array([True, False])}
FILES = {
    "dict.nd": VALUES,
    "list.nd": list(VALUES.values()),
    "one.nd": [VALUES["matrix"]],
    "named.npz": VALUES | ODD,
    "mixed.npz": {"arr_0": VALUES["matrix"], "arr_1": VALUES["int8"], "bias": VALUES["vector"]},
    "one.npy": [VALUES["float16"]],
}


def described(content):
    """What the scripts say of arrays that came through unchanged."""
    if isinstance(content, dict):
        return {name: described(content[name]) for name in sorted(content)}
    if isinstance(content, list):
        return [described(array) for array in content]
    return [str(content.dtype), list(content.shape), content.ravel().tolist()]


def expected(files, one_is_a_list=False):
    """What both functions read of these files; `npx.load` of 2.0 gives an array where there is but one."""
    found = {}
    for file in files:
        content = described(FILES[file])
        alone = file.startswith("one") and not one_is_a_list
        found.update({f"{file} nd": content, f"{file} npx": content[0] if alone else content})
    return found


@pytest.fixture(scope="module")
def exchange(run_genuine, tmp_path_factory):
    """`exchange(version)`: the folder of files it wrote, and what it read of ours."""
    ours = tmp_path_factory.mktemp("ours")
    arrays.write(ours)

    def run(version):
        folder = tmp_path_factory.mktemp("theirs")
        return folder, run_genuine(version, "arrays.py", ours, folder).values

    return run


def test_2_0_and_this_package_read_one_another(exchange):
    folder, read = exchange("2.0.0b1")
    assert read == expected(FILES)
    assert arrays.read(folder) == expected(FILES)


def test_1_9_1_and_this_package_read_one_another(exchange):
    folder, read = exchange("1.9.1")
    lists = ["dict.nd", "list.nd", "one.nd"]
    others = {name for name in read if not name.startswith(tuple(lists))}
    assert {name: read[name] for name in read.keys() - others} == expected(lists, one_is_a_list=True)
    assert {read[name] for name in others} == {"MXNetError"}
    assert arrays.read(folder) == expected(lists)
