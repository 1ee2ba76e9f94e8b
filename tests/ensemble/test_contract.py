"""scikit-learn's own checks of the ensembles, with none expected to fail."""

import inspect

import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknn_suite.ensemble import (
    CrossFitClassifier,
    CrossFitRegressor,
    CrossFitStackingClassifier,
    CrossFitStackingRegressor,
)
from sknn_suite.parameters._docstring import parameter_entries, section_entries

KINDS = [
    CrossFitClassifier,
    CrossFitRegressor,
    CrossFitStackingClassifier,
    CrossFitStackingRegressor,
]
LINES = [("line", LogisticRegression()), ("bayes", GaussianNB())]
NUMBERS = [("ridge", Ridge()), ("line", LinearRegression())]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [
        CrossFitClassifier(cv=2),
        CrossFitRegressor(cv=2),
        CrossFitStackingClassifier(LINES, cv=2),
        CrossFitStackingRegressor(NUMBERS, cv=2),
    ]
)
def test_they_keep_scikit_learns_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_and_attributes_are_documented(kind, two, numbers):
    entries = parameter_entries(kind.__doc__)
    names = list(inspect.signature(kind).parameters)
    assert sorted(entries) == sorted(names) == sorted(kind._parameter_constraints)
    for name, entry in entries.items():
        header = " ".join(entry.split())
        default = inspect.signature(kind).parameters[name].default
        shown = repr(default).replace("'", '"')
        assert f"default={shown}" in header, name
        assert entry.strip().endswith("."), name
    members = LINES if "Classifier" in kind.__name__ else NUMBERS
    model = kind(members) if "Stacking" in kind.__name__ else kind()
    model.fit(*(two if "Classifier" in kind.__name__ else numbers))
    documented = section_entries(kind.__doc__, "Attributes")
    public = [n for n in vars(model) if n.endswith("_") and not n.startswith("_")]
    assert set(public) - documented.keys() - {"feature_names_in_"} == set()
    for name in documented.keys() - {"feature_names_in_"}:
        assert hasattr(model, name), name
