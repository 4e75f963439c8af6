"""The texts of the networks that `tests/reference/make_summary.py` describes, as this MXNet prints them."""

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "reference"))

from make_summary import NETWORKS, describe

import mxnet as mx

mx.npx.set_np()
Path(sys.argv[1], "result.json").write_text(json.dumps({name: describe(*row) for name, row in NETWORKS.items()}))
