"""Fits as plain tasks of Ray, and packs as tasks of Ray, on two workers."""

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, cross_val_score

from sknn_suite import train_together
from sknn_suite.exceptions import MissingDependencyError
from sknn_suite.search import _ray
from sknn_suite.training import train_job

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs, on purpose
)


@pytest.fixture(scope="module")
def ray():
    """Ray with two workers."""
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield ray
    ray.shutdown()


GRID = {"alpha": [1e-4, 1.0], "max_iter": [2, 4], "hidden_layer_sizes": [(3,), (5,)]}


@pytest.mark.slow  # its workers import torch
@pytest.mark.filterwarnings("ignore")  # those of Ray
def test_fits_are_plain_tasks_of_ray(ray, mlp, few, assert_same_results):
    from_ray = pytest.importorskip("ray.util.joblib")
    from_ray.register_ray()
    alone = GridSearchCV(mlp(), GRID, cv=2).fit(*few)
    with joblib.parallel_config("ray", n_jobs=2):
        there = GridSearchCV(mlp(), GRID, cv=2).fit(*few)
    assert_same_results(alone, there)


@pytest.mark.slow  # its workers import torch
@pytest.mark.filterwarnings("ignore")  # those of Ray
def test_packs_are_tasks_of_ray(ray, mlp, few, assert_same_results, groups):
    alone = GridSearchCV(mlp(), GRID, cv=2).fit(*few)
    with train_together(backend="ray"):
        there = GridSearchCV(mlp(), GRID, cv=2).fit(*few)
    assert_same_results(alone, there)
    assert groups == [16]
    for one, other in zip(alone.best_estimator_.coefs_, there.best_estimator_.coefs_):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow  # its workers import torch
@pytest.mark.filterwarnings("ignore")  # those of Ray
def test_a_network_that_fails_on_ray_fails_alone(ray, mlp, few):
    model = mlp(solver="sgd", batch_size=10)
    with train_together(backend="ray"):
        search = GridSearchCV(model, {"alpha": [1.0, 1e30]}, cv=2).fit(*few)
    finite = np.isfinite(search.cv_results_["mean_test_score"])
    assert finite.tolist() == [True, False]


def test_without_ray_it_says_what_to_install(monkeypatch, mlp, few):
    def missing(name, *, needed_by, extra):
        raise MissingDependencyError(f"{needed_by} needs {name} from {extra}")

    monkeypatch.setattr(_ray, "import_optional", missing)
    with pytest.raises(MissingDependencyError, match=r"backend='ray'\) needs ray"):
        train_together(backend="ray").__enter__()
    cross_val_score(mlp(), *few, cv=2)


def test_networks_of_one_program_stay_together(mlp, few, monkeypatch):
    jobs = []
    monkeypatch.setattr(
        "sknn_suite.estimator._base.train_job",
        lambda job: jobs.append(job) or train_job(job),
    )
    for size in (3, 4, 3, 4, 3):
        mlp(hidden_layer_sizes=(size,)).fit(*few)
    assert _ray.share_out(jobs, 1) == [[0, 2, 4], [1, 3]]
    assert _ray.share_out(jobs, 2) == [[0, 2], [4], [1], [3]]
    assert _ray.share_out(jobs, 8) == [[0], [2], [4], [1], [3]]
    assert _ray.share_out([], 2) == []
