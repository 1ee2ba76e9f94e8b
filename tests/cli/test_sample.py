"""What each column of a sample gets, and what the user is told about it."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sknn_suite.cli._sample import Sample
from sknn_suite.exceptions import DataError

TABLE = ["nr", "age"]
SCORES = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]])


def model(classes=(0, 1), target="saved", id_name="nr"):
    found = SimpleNamespace(
        notes_={"target": target, "roles": {"id": id_name} if id_name else {}}
    )
    if classes:
        found.classes_ = np.array(classes)
    return found


def sample(**columns):
    return pd.DataFrame({"nr": [7, 8, 9], **columns})


def understand(frame, of=None, proba=False):
    return Sample.understand(frame, TABLE, of or model(), proba)


@pytest.mark.parametrize(
    "values", [[0.5, 0.5, 0.5], [0.0, 0.25, 1.0], [0.5, 0.5, None]]
)
@pytest.mark.parametrize("classes", [(0, 1), ("no", "yes")])
def test_numbers_between_0_and_1_ask_for_the_second_class(values, classes):
    found = understand(sample(saved=values), model(classes))
    assert found.by_class == {"saved": 1}
    assert found.decided is None
    (told,) = found.remarks
    assert f"'saved' is the probability of {str(classes[1])!r}" in told
    assert "numbers between 0 and 1" in told


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        ([0, 0, 0], (0, 1)),
        ([0.0, 1.0, 0.0], (0, 1)),
        (["no", "no", "yes"], ("no", "yes")),
        ([False, False, False], ("False", "True")),
        ([None, None, None], (0, 1)),
        ([0.25, 0.75, 0.25], ("0.25", "0.75")),
    ],
)
def test_classes_ask_for_labels(values, classes):
    found = understand(sample(saved=values), model(classes))
    assert found.decided == "saved"
    assert found.remarks == ["'saved' gets labels; --proba for probabilities."]


def test_values_that_are_no_classes_are_named():
    found = understand(sample(saved=[0, 0, 0]), model(("no", "yes")))
    assert found.decided == "saved"
    assert "has '0' in the sample, which is no class" in found.remarks[0]
    assert "'no', 'yes'" in found.remarks[0]


def test_proba_writes_the_second_class_into_a_single_column():
    found = understand(sample(saved=[0, 0, 0]), proba=True)
    assert found.by_class == {"saved": 1}
    assert found.remarks == ["'saved' is the probability of '1'."]
    with pytest.raises(DataError, match=r"one column, 'saved', for 3 classes"):
        understand(sample(saved=[0, 0, 0]), model((0, 1, 2)), proba=True)


def test_three_classes_get_labels_whatever_the_numbers():
    found = understand(sample(saved=[0.5, 0.5, 0.5]), model((0, 1, 2)))
    assert found.decided == "saved"
    assert "is no class" in found.remarks[0]


def test_a_column_of_another_name_is_filled_with_a_warning():
    found = understand(sample(Transported=[0, 0, 0]))
    assert found.decided == "Transported"
    assert found.remarks[0].startswith("Warning: the column 'Transported'")
    assert "'saved'" in found.remarks[0]
    numbers = understand(sample(price=[0, 0, 0]), model(None))
    assert numbers.decided == "price"
    assert len(numbers.remarks) == 1


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (sample(Transported=0, size=1), r"2 columns: 'Transported', 'size', which"),
        (pd.DataFrame({"PassengerId": [1], "saved": [0]}), "'PassengerId', 'saved'"),
        (sample(), "Every column of the sample is in the table"),
    ],
)
def test_what_cannot_be_right_is_refused_with_the_models_names(frame, words):
    with pytest.raises(DataError, match=words) as caught:
        understand(frame)
    assert "the id 'nr' and the target 'saved'" in str(caught.value)
    with pytest.raises(DataError, match="has no id and the target"):
        understand(frame, model(id_name=None))


def test_columns_of_classes_get_their_probabilities():
    frame = sample(saved_yes=0.5, no=0.5)
    found = understand(frame, model(("no", "yes")))
    assert found.by_class == {"saved_yes": 1, "no": 0}
    one = understand(sample(proba_yes=0), model(("no", "yes")))
    assert one.by_class == {"proba_yes": 1}
    both = understand(sample(saved="no", proba_yes=0), model(("no", "yes")))
    assert (both.by_class, both.decided) == ({"proba_yes": 1}, "saved")


def test_rows_are_filled_and_sorted_by_the_id():
    frame = pd.DataFrame({"saved": [0, 0, 0], "nr": [9, 7, 8]})
    found = understand(frame)
    table = pd.DataFrame({"nr": [7, 8, 9], "age": [1, 2, 3]})
    filled = found.fill(table, np.array([0, 1, 1]), SCORES)
    assert filled.to_dict("list") == {"saved": [0, 1, 1], "nr": [7, 8, 9]}
    result, remarks = found.sort(filled, "nr")
    assert result.to_dict("list") == {"saved": [1, 0, 1], "nr": [9, 7, 8]}
    assert remarks == []
    other = understand(frame.assign(nr=[1, 2, 3]))
    result, remarks = other.sort(filled, "nr")
    assert result is filled
    assert "other ids" in remarks[0]
    part = understand(frame.iloc[:2])
    result, remarks = part.sort(filled, "nr")
    assert result is filled
    assert "only 2 of the 3 rows" in remarks[0]
