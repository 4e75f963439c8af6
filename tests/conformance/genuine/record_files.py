"""Read the record files of one folder and write the same into another.

Arguments: the folder for the result, the folder of files written elsewhere, the folder for files of its own.
"""

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "reference"))
import record_cases  # noqa: E402

if __name__ == "__main__":
    result, theirs, own = sys.argv[1:]
    record_cases.write(own)
    Path(result, "result.json").write_text(json.dumps(record_cases.read(theirs)))
