"""Reference data recorded under genuine MXNet, and the modules beside it that the tests run again on this project."""

import gzip
import json
import sys
from pathlib import Path
from typing import Any

REFERENCE = Path(__file__).parent / "reference"

# `make_*.py` import `fill_rule` as scripts do: from their own folder.
sys.path.append(str(REFERENCE))


def load(name: str) -> Any:
    """Read a `.json` or `.json.gz` of the reference data."""
    path = REFERENCE / name
    return json.loads(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_text())
