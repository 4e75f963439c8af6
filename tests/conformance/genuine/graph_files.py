"""Load each graph of a file and say what came out, or what was refused.

Arguments: the folder for the result, a JSON file ``{name: text of a graph}``. Written for each name: a list of the
place where the last node's results begin, where they end, and the number of the graph's outputs; or the error's text.
"""

import json
import sys
from pathlib import Path

import mxnet as mx

folder, graphs = map(Path, sys.argv[1:])
load = mx.sym.fromjson if hasattr(mx.sym, "fromjson") else mx.sym.load_json


def seen(text):
    try:
        symbol = load(text)
    except mx.base.MXNetError as error:
        return str(error)
    return [*json.loads(symbol.tojson(remove_amp_cast=False))["node_row_ptr"][-2:], len(symbol.list_outputs())]


result = {name: seen(text) for name, text in json.loads(graphs.read_text()).items()}
(folder / "result.json").write_text(json.dumps(result))
