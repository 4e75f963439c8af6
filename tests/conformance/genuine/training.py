"""Five training steps of the small net that `tests/reference/make_training.py` describes, by the optimizers named.

Arguments: the folder for the result, the names of cases of its `OPTIMIZERS`.
"""

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "reference"))

import make_training

import mxnet as mx

mx.npx.set_np()
found = {case: make_training.train_optimizer(case) for case in sys.argv[2:]}
Path(sys.argv[1], "result.json").write_text(json.dumps(found))
