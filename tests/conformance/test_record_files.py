"""Record files between here and genuine MXNet: each reads what the other writes, which is the same to the byte."""

import references  # noqa: F401  (finds the modules beside the reference data)

import record_cases  # isort: skip


def test_record_files_go_both_ways(run_genuine, genuine_version, tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    record_cases.write(ours)
    seen = run_genuine(genuine_version, "record_files.py", ours, theirs).values
    assert seen == record_cases.read(theirs)
    names = sorted(path.name for path in ours.iterdir())
    assert names == sorted(path.name for path in theirs.iterdir())
    for name in names:
        assert (ours / name).read_bytes() == (theirs / name).read_bytes(), name
