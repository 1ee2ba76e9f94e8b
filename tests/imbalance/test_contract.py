"""imbalanced-learn's and scikit-learn's checks of samplers, none expected to fail."""

import warnings

import pytest
from imblearn.over_sampling import SMOTE
from imblearn.under_sampling import NearMiss
from imblearn.utils import estimator_checks as imblearn_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknn_suite.imbalance import (
    AnyShape,
    GANOverSampler,
    LatentSMOTE,
    VAEOverSampler,
)

# imbalanced-learn compares two calls, so its checks need a seed.
SMALL = {"hidden_layer_sizes": (8,), "batch_size": 512, "random_state": 0}
SAMPLERS = [
    AnyShape(random_state=0),
    AnyShape(SMOTE(random_state=0)),
    AnyShape(NearMiss()),
    LatentSMOTE(max_iter=2, **SMALL),
    VAEOverSampler(max_iter=2, **SMALL),
    GANOverSampler(max_iter=1, n_critic=1, **SMALL),
]


@parametrize_with_checks(SAMPLERS)
def test_samplers_keep_scikit_learns_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("estimator", "check"),
    [
        pytest.param(*pair, id=f"{sampler}-{pair[1].func.__name__}")
        for sampler in SAMPLERS
        for pair in imblearn_checks.estimator_checks_generator(sampler)
    ],
)
def test_samplers_keep_imbalanced_learns_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize("sampler", SAMPLERS, ids=str)
@pytest.mark.parametrize(
    "check",
    [
        imblearn_checks.check_param_validation,
        imblearn_checks.check_dataframe_column_names_consistency,
    ],
)
def test_samplers_keep_the_contract_of_parameters_and_names(sampler, check):
    check(type(sampler).__name__, sampler)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [LatentSMOTE, VAEOverSampler, GANOverSampler])
def test_the_defaults_keep_imbalanced_learns_contract(kind):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for sampler, check in imblearn_checks.estimator_checks_generator(
            kind(random_state=0)
        ):
            check(sampler)
