"""What `summary` and `repr` print, line for line as genuine MXNet."""

import pytest
from references import load

from make_summary import NETWORKS, describe  # isort: skip  (found through `references`)

RECORD = load("summary.json")


@pytest.mark.filterwarnings("ignore:Parameter .* is already initialized")  # genuine MXNet warns so of shared ones
@pytest.mark.parametrize("name", NETWORKS)
def test_texts_equal_genuine(name):
    texts = describe(*NETWORKS[name])
    for kind, expected in RECORD[name].items():
        assert texts[kind].splitlines() == expected.splitlines(), kind
