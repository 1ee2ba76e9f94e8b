"""A sparse matrix that points out of itself is refused before anything follows it."""

import numpy as np
import pytest
from scipy import sparse

from sknn_suite import MLPClassifier
from sknn_suite.checks._sparse import check_indices
from sknn_suite.exceptions import DataError


def make_table(form="csr", shape=(30, 6)):
    table = np.random.RandomState(0).rand(*shape)
    table[table < 0.4] = 0
    return sparse.csr_array(table).asformat(form)


def with_index(value, form="csr"):
    X = make_table(form)
    if form == "coo":
        X.coords[1][5] = value
    else:
        X.indices[5] = value
    return X


def with_pointer(value, place=5):
    X = make_table()
    X.indptr[place] = value
    return X


DAMAGED = {
    "a column too many": lambda: with_index(6),
    "a column far away": lambda: with_index(2**30),
    "a negative column": lambda: with_index(-1),
    "a row too many": lambda: with_index(30, "csc"),
    "a block too many": lambda: with_index(6, "bsr"),
    "coordinates": lambda: with_index(6, "coo"),
    "a row that ends far away": lambda: with_pointer(10**6),
    "a row that ends before it begins": lambda: with_pointer(0),
    "a last row that ends far away": lambda: with_pointer(10**6, -1),
    "a first row that begins late": lambda: with_pointer(1, 0),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_sparse_matrix_is_refused_by_fit_and_predict(damage):
    y = np.arange(30) % 2
    model = MLPClassifier(4, max_iter=2, random_state=0)
    with pytest.raises(DataError, match="coo_array"):
        model.fit(damage(), y)
    model.fit(make_table(), y)
    for method in (model.predict, model.predict_proba):
        with pytest.raises(DataError, match="coo_array"):
            method(damage())
    with pytest.raises(DataError, match="coo_array"):
        model.set_params(early_stopping=True).fit(
            make_table(), y, X_val=damage(), y_val=y
        )


def test_the_message_names_index_and_range():
    with pytest.raises(DataError, match=r"column 7, but only 6 columns.*0 to 5"):
        check_indices(with_index(7))
    with pytest.raises(DataError, match=r"y has a value in row -3, but only 30 rows"):
        check_indices(with_index(-3, "csc"), "y")


@pytest.mark.parametrize("form", ["csr", "csc", "bsr", "coo", "lil", "dok", "dia"])
@pytest.mark.parametrize("shape", [(30, 6), (1, 1), (4, 0)])
def test_whole_matrices_pass_as_they_are(form, shape):
    X = make_table(form, shape)
    before = X.toarray()
    check_indices(X)
    np.testing.assert_array_equal(X.toarray(), before)


def test_what_is_not_sparse_passes():
    for X in (np.zeros((2, 3)), [[1.0]], None):
        check_indices(X)
