"""Words in tables of numbers are named by their column."""

import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import compose, impute, pipeline, preprocessing

from sknn_suite import CNNClassifier, MLPClassifier, RNNClassifier, VAEDetector
from sknn_suite.exceptions import DataError

DATA = {
    "Age": [22.0, 38.0, 26.0, 35.0],
    "Name": ["7", "Braund", "Cumings", "Heikkinen"],
    "Sex": ["male", "female", "female", "male"],
    "Class": [3, 1, 3, 1],
}
Y = [0, 1, 0, 1]
FRAME = pd.DataFrame(DATA)
KINDS = [MLPClassifier, VAEDetector, CNNClassifier, RNNClassifier]
TABLES = {
    "pandas": (FRAME, ("'Name'", "'Sex'")),
    "pandas categories": (FRAME.astype({"Name": "category"}), ("'Name'", "'Sex'")),
    "pandas strings": (FRAME.astype({"Sex": "string"}), ("'Name'", "'Sex'")),
    "pandas, numbered": (FRAME.set_axis(range(4), axis=1), ("1", "2")),
    "polars": (pl.DataFrame(DATA), ("'Name'", "'Sex'")),
    "objects": (FRAME.to_numpy(), ("1", "2")),
    "lists": (FRAME.to_numpy().tolist(), ("1", "2")),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("table", TABLES)
def test_columns_of_words_are_named_with_the_way_out(kind, table):
    X, (name, other) = TABLES[table]
    first = f"could not convert string to float: 'Braund', in column {name}, row 1 of X"
    with pytest.raises(DataError) as caught:
        kind().fit(X, Y)
    text = str(caught.value)
    assert text.startswith(first)
    assert f"words are in [{name}, {other}]." in text
    assert "TabularClassifier" in text
    assert "OneHotEncoder" in text
    assert "TableVectorizer" in text


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("gap", [np.nan, None, 0.0])
def test_the_advice_is_code_that_runs(gap):
    X = FRAME.assign(Age=[22.0, gap, 26.0, 35.0])
    with pytest.raises(DataError) as caught:
        MLPClassifier().fit(X, Y)
    code = re.search(r"(make_pipeline\(.*, model\)) or", str(caught.value))[1]
    assert ("SimpleImputer" in code) == (gap != 0.0)
    names = vars(compose) | vars(impute) | vars(pipeline) | vars(preprocessing)
    model = eval(code, {**names, "model": MLPClassifier(max_iter=2)})
    assert model.fit(X, Y).predict(X).shape == (4,)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_paths_beside_another_column_are_told(kind):
    X = pd.DataFrame({"file": ["a/1.JPG", "a/2.jpg"], "width": [1, 2]})
    with pytest.raises(DataError, match="to a CNNClassifier: the column 'file'") as e:
        kind().fit(X, [0, 1])
    assert "OneHotEncoder" not in str(e.value)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_words_to_predict_are_named_too():
    model = MLPClassifier(max_iter=2).fit([[1, 2], [3, 4]], [0, 1])
    with pytest.raises(DataError, match="'old', in column 1, row 0 of X"):
        model.predict(np.array([[1, "old"]], dtype=object))


def test_many_columns_are_cut_after_five():
    X = pd.DataFrame({f"c{i}": ["a", "b"] for i in range(9)})
    with pytest.raises(DataError, match=r"'c4', \.\.\.\] \(9 columns\)") as caught:
        MLPClassifier().fit(X, [0, 1])
    assert "'c5'" not in str(caught.value)


def test_other_values_keep_the_error_of_scikit_learn():
    X = np.array([[1, 2], [{"a": 1}, 3]], dtype=object)
    with pytest.raises(TypeError, match="must be a string or a real number"):
        MLPClassifier().fit(X, [0, 1])
    with pytest.raises(ValueError, match="could not convert string") as caught:
        MLPClassifier().fit([[1.0], [2.0]], y=[0, 1], sample_weight=["a", "b"])
    assert "column" not in str(caught.value)
