"""Tables that are odd: at the limits, made by others, or different at predict."""

import copy

import numpy as np
import pandas as pd
import pytest
from sklearn.base import is_classifier
from sklearn.pipeline import make_pipeline

from sknn_suite import TabularClassifier, TabularRegressor
from sknn_suite.exceptions import DataError, SuiteWarning

QUICK = {"n_members": 2, "hidden_layer_sizes": (8,), "max_iter": 4, "random_state": 0}


def make_table(n=80):
    source = np.random.RandomState(0)
    X = pd.DataFrame(
        {
            "size": source.normal(50, 10, n).round(2),
            "rooms": source.randint(1, 9, n),
            "sold": np.datetime64("2024-01-01") + source.randint(0, 400, n),
            "place": source.choice(["town", "sea", "hill"], n),
        }
    )
    return X, X["size"].to_numpy() / 10 + 3 * (X["place"] == "sea").to_numpy()


@pytest.fixture
def mixed(mixed_class):
    X, signal = make_table()
    return X, np.digitize(signal, [6.0]) if is_classifier(mixed_class()) else signal


def answers(model, X):
    return model.predict_proba(X) if is_classifier(model) else model.predict(X)


# -- limits --------------------------------------------------------------------------


def test_a_single_class_is_predicted_for_sure():
    X, _ = make_table()
    model = TabularClassifier(**QUICK).fit(X, np.full(80, "yes"))
    assert model.classes_.tolist() == ["yes"]
    assert set(model.predict(X)) == {"yes"}
    np.testing.assert_array_equal(model.predict_proba(X), np.ones((80, 1)))


@pytest.mark.parametrize("n", [2, 3, 10])
def test_a_few_rows_are_enough_for_the_defaults(mixed_class, mixed, n):
    X, y = mixed
    model = mixed_class(max_iter=2, random_state=0).fit(X[:n], y[:n])
    assert np.isfinite(answers(model, X)).all()


def test_a_category_of_a_hundred_thousand_levels_is_taken():
    n = 100_000
    source = np.random.RandomState(0)
    place = source.permutation(n)
    X = pd.DataFrame(
        {"place": [f"p{i}" for i in place], "rooms": source.randint(1, 9, n)}
    )
    X.loc[: n // 50, "place"] = "often"  # else all are different: an identifier
    y = X["rooms"] + 5.0 * (X["place"] == "often")
    how = QUICK | {"max_iter": 2, "categorical_features": ["place"]}
    model = TabularRegressor(**how).fit(X, y)
    assert model.column_kinds_["place"] == "category"
    weights = sum(array.nbytes for array in model._net.weights.values())
    assert weights < 5e6
    assert np.isfinite(model.predict(X[:100])).all()


def test_a_column_that_is_the_target_in_words_is_warned_of():
    X, signal = make_table()
    y = np.where(signal > 6, "dear", "cheap")
    with pytest.warns(SuiteWarning, match="Column 'label' of X tells the target"):
        TabularClassifier(**QUICK).fit(X.assign(label=y), y)


# -- other tables at predict ---------------------------------------------------------


def test_numbers_as_strings_give_the_same_bits_or_are_named(mixed_class, mixed):
    X, y = mixed
    model = mixed_class(**QUICK).fit(X, y)
    before = answers(model, X)
    state = copy.deepcopy(model.__dict__)
    told = X.assign(size=X["size"].astype(str), rooms=X["rooms"].astype(str))
    np.testing.assert_array_equal(answers(model, told), before)
    told.loc[3, "rooms"] = "several"
    with pytest.raises(DataError, match="Column 'rooms' of X has the string 'several'"):
        model.predict(told)
    assert model.__dict__.keys() == state.keys()
    np.testing.assert_array_equal(answers(model, X), before)


def test_dates_as_strings_give_the_same_bits(mixed_class, mixed):
    X, y = mixed
    model = mixed_class(**QUICK).fit(X, y)
    told = X.assign(sold=X["sold"].dt.strftime("%Y-%m-%d"))
    np.testing.assert_array_equal(answers(model, told), answers(model, X))


def test_numbers_where_categories_were_are_levels_not_seen(mixed_class, mixed):
    X, y = mixed
    model = mixed_class(**QUICK).fit(X, y)
    as_numbers, unseen = X.assign(place=1.5), X.assign(place="moon")
    np.testing.assert_array_equal(answers(model, as_numbers), answers(model, unseen))


def test_names_that_repeat_are_refused_by_predict(mixed_class, mixed):
    X, y = mixed
    model = mixed_class(**QUICK).fit(X, y)
    before = answers(model, X)
    with pytest.raises(ValueError, match="'size'"):
        model.predict(pd.concat([X, X[["size"]]], axis=1))
    np.testing.assert_array_equal(answers(model, X), before)


def test_a_column_that_is_empty_at_predict_is_gaps(mixed_class, mixed):
    X, y = mixed
    X = X.copy()
    X.loc[::7, "size"] = np.nan
    model = mixed_class(**QUICK).fit(X, y)
    gaps = answers(model, X.assign(size=np.nan))
    np.testing.assert_array_equal(answers(model, X.assign(size=None)), gaps)
    assert np.isfinite(gaps).all()


# -- made by others ------------------------------------------------------------------


def test_skrubs_vectorizer_works_in_front(mixed_class, mixed):
    skrub = pytest.importorskip("skrub", reason="skrub is not installed")
    X, y = mixed
    model = make_pipeline(skrub.TableVectorizer(), mixed_class(**QUICK)).fit(X, y)
    assert np.isfinite(answers(model, X)).all()
    kinds = model[-1].column_kinds_
    assert kinds["size"] == kinds["rooms"] == "number"


def test_a_frame_of_floats_as_vectorizers_make_it_is_taken(mixed_class, mixed):
    X, y = mixed
    wide = pd.get_dummies(X, columns=["place"], dtype="float32")
    wide = wide.assign(sold=X["sold"].astype("int64") / 1e9).astype("float32")
    model = mixed_class(**QUICK).fit(wide, y)
    assert np.isfinite(answers(model, wide)).all()
    assert set(model.column_kinds_.values()) == {"number"}


# -- rows that belong together -------------------------------------------------------


@pytest.mark.parametrize("cv", [2, None])
def test_rows_of_a_group_are_left_out_together(mixed_class, mixed, cv):
    X, y = mixed
    groups = np.repeat(np.arange(16), 5)
    X, seen = X.assign(group=np.sqrt(groups)), []

    def scoring(model, X, y):
        (group,) = (column for column in X.columns if column.name == "group")
        seen.append(np.unique(group.values, return_counts=True)[1].tolist())
        return -float(np.mean(model.predict(X) != y))

    how = QUICK | {"cv": cv, "validation_fraction": 0.5}
    how["early_stopping_scoring"] = scoring
    mixed_class(**how).fit(X, y, groups=groups)
    assert all(set(counts) == {5} for counts in seen)
    assert min(map(len, seen)) == 8  # half of the groups, each whole
    seen.clear()
    mixed_class(**how).fit(X, y)
    assert any(set(counts) != {5} for counts in seen)


def test_groups_of_another_length_are_refused(mixed_class, mixed):
    X, y = mixed
    with pytest.raises(ValueError, match="groups"):
        mixed_class(**QUICK).fit(X, y, groups=np.arange(79))
