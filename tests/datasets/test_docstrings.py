"""Sentences from docstrings."""

import numpy as np
import pytest

from sknn_suite.datasets import load_docstrings


def test_sentences_come_once_and_do_not_name_their_package():
    X, y, files = load_docstrings(("numpy", "sklearn"), max_files=8, return_X_y=False)
    assert len(X) == len(set(X.tolist())) == len(y) == len(files)
    assert set(y) == {"numpy", "sklearn"}
    assert not any("numpy" in text.lower() for text in X)
    assert all(name.startswith(package) for name, package in zip(files, y))
    again, _ = load_docstrings(("numpy", "sklearn"), max_files=8)
    np.testing.assert_array_equal(again, X)


def test_functions_within_branches_and_classes_are_read(tmp_path, monkeypatch):
    source = """
class A:
    def first(self):
        '''Return the first of all words.'''
if True:
    try:
        def second():
            '''Return the second of all words.'''
    except ValueError:
        pass
x = "Return the third of all words."
"""
    (tmp_path / "own_package").mkdir()
    (tmp_path / "own_package" / "__init__.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    X, _ = load_docstrings(("own_package",))
    assert X.tolist() == [f"Return the {i} of all words." for i in ("first", "second")]


def test_a_package_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="'no_such_package' is not installed"):
        load_docstrings(("no_such_package",))
