"""Write the files of `iterator_cases`, and evaluate rows over those that another MXNet wrote.

Arguments: the folder for the result, the folder of files written elsewhere, the folder for files of its own.
"""

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "reference"))
import iterator_cases  # noqa: E402

SHAPES = ["(3, 10, 12)", "(3, 6, 5)", "(1, 10, 12)"]
CHANGES = [
    "",
    "path_imgidx=idx",
    "num_parts=2, part_index=1",
    "mean_r=10, std_g=3, scale=0.25, mirror=True",
    "resize=8",
    "path_imglist=lst",
]
ROWS = [
    f"passes(io.ImageRecordIter({iterator_cases.REC}, batch_size=3, data_shape={shape}, {changes}), 2)"
    for shape in SHAPES
    for changes in CHANGES
]
ROWS += [row for row in iterator_cases.ARRAY_ROWS if "roll_over'), 4)" in row or "label_csv=wide" in row]
ROWS += iterator_cases.ITER_ROWS[:4]


def outcomes(folder):
    """What each row gives, without the indices of samples, which genuine MXNet leaves at 0 for images."""
    found = iterator_cases.outcomes(folder, ROWS)
    failed = {row: outcome for row, outcome in found.items() if isinstance(outcome, str)}
    assert not failed, failed
    return {row: [[batch[:3] for batch in batches] for batches in passes] for row, passes in found.items()}


if __name__ == "__main__":
    result, theirs, own = sys.argv[1:]
    iterator_cases.write(own)
    Path(result, "result.json").write_text(json.dumps(outcomes(theirs)))
