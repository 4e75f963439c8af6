"""The examples in the documents and docstrings do what they show.

In a document every ```pycon block is run, in order, as one session.
"""

import doctest
import importlib
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import mxnet as mx
from mxnet.operators.catalogue import Operator

pytestmark = pytest.mark.docs

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src"
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
MODULES = sorted(
    ".".join(path.relative_to(SOURCES).with_suffix("").parts).removesuffix(".__init__")
    for path in SOURCES.rglob("*.py")
)
EXAMPLE = re.compile(r"^```pycon\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def run(test: doctest.DocTest) -> None:
    """Run the examples of `test`; fail with doctest's own report."""
    report: list[str] = []
    if doctest.DocTestRunner(optionflags=OPTIONS).run(test, out=report.append).failed:
        pytest.fail("".join(report), pytrace=False)


def session(text: str) -> str:
    """`text` with everything but its examples blanked, so that line numbers stay true."""
    blanked = []
    end = 0
    for match in EXAMPLE.finditer(text):
        blanked += ["\n" * text.count("\n", end, match.start(1)), match[1]]
        end = match.end(1)
    return "".join(blanked)


def operator_bodies(module: ModuleType) -> list[Callable[..., object]]:
    """The functions that `@operator` replaced by catalogue entries, which doctest's finder passes over."""
    return [
        entry.body
        for entry in vars(module).values()
        if isinstance(entry, Operator) and inspect.unwrap(entry.body).__globals__["__name__"] == module.__name__
    ]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_document_examples(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = session(path.read_text())
    run(doctest.DocTestParser().get_doctest(text, {}, path.name, str(path), 0))


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    finder = doctest.DocTestFinder(exclude_empty=True)
    for documented in [module, *operator_bodies(module)]:
        for test in finder.find(documented, extraglobs={"mx": mx}):
            run(test)


def test_session_keeps_line_numbers():
    text = "one\n```pycon\n>>> 1\n1\n```\nfour\n```pycon\n>>> 2\n2\n```\n"
    assert session(text) == "\n\n>>> 1\n1\n\n\n\n>>> 2\n2\n"


def test_wrong_example_fails():
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", "wrong.md", 0)
    with pytest.raises(pytest.fail.Exception, match=r"Expected:\s+3\s+Got:\s+2"):
        run(wrong)
