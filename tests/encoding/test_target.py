"""Labels and numbers to tensors and back."""

import numpy as np
import pytest
import torch

from sknn_suite.encoding import ClassTarget, NumberTarget

F64 = torch.float64


@pytest.mark.parametrize(
    "y",
    [
        np.array(["b", "a", "c", "a"]),
        np.array([7, 5, 9, 5]),
        np.array([True, False, True]),
        np.array([-1, 1, 1]),
        np.array(["x", "y"], dtype=object),
        np.array([2.0, 0.0, 1.0]),
    ],
    ids=str,
)
def test_labels_come_back_as_they_were(y):
    target = ClassTarget().fit(y)
    np.testing.assert_array_equal(target.classes_, np.unique(y))
    np.testing.assert_array_equal(target.inverse_transform(target.codes(y)), y)


def test_two_classes_are_one_column_of_zeros_and_ones():
    target = ClassTarget().fit(np.array([5, 7, 7]))
    assert target.kind_ == "binary"
    assert target.n_outputs == 1
    assert target.transform(np.array([5, 7, 7]), F64).tolist() == [[0], [1], [1]]
    decided = target.decide(np.array([[-0.1], [0.1], [0.0]]))
    assert decided.tolist() == [0, 1, 0]


def test_several_classes_are_codes():
    target = ClassTarget().fit(np.array(["a", "b", "c"]))
    assert target.kind_ == "multiclass"
    codes = target.transform(np.array(["c", "a"]), F64)
    assert codes.dtype == torch.int64
    assert codes.tolist() == [2, 0]
    assert target.decide(np.eye(3)[[1, 2]]).tolist() == [1, 2]


def test_several_labels_are_columns():
    y = np.array([[0, 1, 1], [1, 0, 0]])
    target = ClassTarget().fit(y)
    assert target.kind_ == "multilabel"
    assert target.n_outputs == 3
    assert target.transform(y, F64).tolist() == y.tolist()
    np.testing.assert_array_equal(target.decide(y - 0.5), y)
    np.testing.assert_array_equal(target.inverse_transform(y), y)


def test_classes_may_be_more_than_those_in_y():
    target = ClassTarget().fit(np.array(["b"]), classes=["c", "a", "b"])
    assert target.classes_.tolist() == ["a", "b", "c"]
    assert target.codes(np.array(["b"])).tolist() == [1]


def test_one_class_is_one_score_and_what_is_decided():
    target = ClassTarget().fit(np.array(["a", "a"]))
    assert (target.kind_, target.n_outputs) == ("multiclass", 1)
    decided = target.decide(np.array([[-3.0], [2.0]]))
    assert target.inverse_transform(decided).tolist() == ["a", "a"]


@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 3)])
def test_numbers_are_columns_and_come_back_in_scikit_learns_shape(shape):
    y = np.arange(float(np.prod(shape))).reshape(shape)
    target = NumberTarget().fit(y)
    encoded = target.transform(y, F64)
    assert encoded.shape == (4, target.n_outputs)
    back = target.inverse_transform(encoded.numpy())
    np.testing.assert_array_equal(back, y if shape[-1] == 3 else y.ravel())
