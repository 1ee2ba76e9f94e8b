"""One fit per member and fold, each with scores of the rows that it left out."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from joblib.parallel import LokyBackend, SequentialBackend, get_active_backend
from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed

from sknn_suite.doors import params_of_rows, split_of_rows, warn_user
from sknn_suite.ensemble._checkpoint import FoldFolder, read_fold, write_fold
from sknn_suite.ensemble._splits import Splits
from sknn_suite.ensemble._target import Target
from sknn_suite.exceptions import DataError, SuiteWarning
from sknn_suite.search import has_network, own_block


class FoldFit(NamedTuple):
    """One fit, and the scores of the rows that it left out.

    Parameters
    ----------
    estimator : estimator
        The fitted estimator.
    scores : ndarray of shape (n_rows, n_columns)
        Their scores.
    seconds : float
        What the fit took; of networks that trained together, its share.
    """

    estimator: Any
    scores: np.ndarray
    seconds: float


@dataclass(frozen=True)
class Member:
    """What is fitted in every fold.

    Parameters
    ----------
    name : str
        How errors name it.
    estimator : estimator
        It stays unfitted.
    X : array-like
        Its own columns of all rows.
    params : dict
        Arguments of its `fit`; those with a value per row are split too.
    """

    name: str
    estimator: Any
    X: Any
    params: dict[str, Any] = field(default_factory=dict)


class Way(NamedTuple):
    """How fits are made.

    Parameters
    ----------
    n_jobs : int or None
        As in joblib.
    folder : FoldFolder or None
        Where folds are kept.
    keeps_failures : bool
        Whether the others go on when a fit fails.
    """

    n_jobs: int | None = None
    folder: FoldFolder | None = None
    keeps_failures: bool = False


def fit_folds(
    members: list[Member], target: Target, y: np.ndarray, splits: Splits, way: Way
) -> tuple[dict[str, list[FoldFit]], dict[str, str]]:
    """Fit each member once per fold.

    Parameters
    ----------
    members : list of Member
        What is fitted.
    target : Labels or Numbers
        What is predicted.
    y : ndarray of shape (n_samples,)
        What is true.
    splits : Splits
        The folds.
    way : Way
        How fits are made.

    Returns
    -------
    fits : dict of str to list of FoldFit
        Those of each member, without members that have failed.
    failures : dict of str to str
        Why the others have failed.

    Raises
    ------
    ValueError
        If a fold lacks a class, or a fit fails and failures are not kept.
    """
    for number, (train, _) in enumerate(splits.pairs):
        target.refuse_rows(y[train], number)
    tasks = []
    for member in members:
        digest = _digest_of(member, y, way.folder)
        for number, pair in enumerate(splits.pairs):
            file = None if digest is None else way.folder.file(digest, number, pair)  # type: ignore[union-attr]
            tasks.append((member, target, y, number, pair, file, way.keeps_failures))
    results = _run(tasks, way.n_jobs)
    fits: dict[str, list[FoldFit]] = {member.name: [] for member in members}
    failures: dict[str, str] = {}
    for task, result in zip(tasks, results):
        name = task[0].name
        if "failure" in result:
            failures.setdefault(name, result["failure"])
            continue
        fits[name].append(
            FoldFit(result["estimator"], result["scores"], result["fit_time"])
        )
    return {n: found for n, found in fits.items() if n not in failures}, failures


def tell_failures(failures: dict[str, str], has_others: bool) -> None:
    """Warn of members that have failed.

    Raises
    ------
    ValueError
        If there are no others.
    """
    if not failures:
        return
    text = "; ".join(f"{name!r} in {reason}" for name, reason in failures.items())
    if not has_others:
        raise DataError(
            f"Every member failed: {text}. Expected one at least that can be fitted. "
            "Mend the members or the rows."
        )
    warn_user(
        f"Members failed and are left out: {text}. The stack goes on without. Mend "
        "them, and add them again.",
        SuiteWarning,
    )


def _digest_of(member: Member, y: np.ndarray, folder: FoldFolder | None) -> str | None:
    """Digest of what all folds of a member share; its name may change."""
    if folder is None:
        return None
    estimator = clone(member.estimator)
    return folder.file(estimator, member.X, y, member.params).stem


def _run(tasks: list[tuple], n_jobs: int | None) -> list[dict[str, Any]]:
    """Run tasks; networks of the suite train together, unless joblib is set up."""
    results: list[dict[str, Any]] = [{} for _ in tasks]
    together = [i for i, task in enumerate(tasks) if has_network(task[0].estimator)]
    if len(together) > 1 and _is_joblib_as_usual():
        with own_block(tasks[i][0].estimator for i in together):
            found = Parallel()(delayed(_fit_fold)(*tasks[i]) for i in together)
        for i, result in zip(together, found):
            results[i] = result
    rest = [i for i, result in enumerate(results) if not result]
    found = Parallel(n_jobs=n_jobs)(delayed(_fit_fold)(*tasks[i]) for i in rest)
    for i, result in zip(rest, found):
        results[i] = result
    return results


def _is_joblib_as_usual() -> bool:
    """Whether nobody has chosen a backend, a block of `train_together` included."""
    backend, n_jobs = get_active_backend()
    return n_jobs in (None, 1) and isinstance(backend, LokyBackend | SequentialBackend)


def _fit_fold(
    member: Member,
    target: Target,
    y: np.ndarray,
    number: int,
    pair: tuple[np.ndarray, np.ndarray],
    file: Path | None,
    keeps_failures: bool,
) -> dict[str, Any]:
    """Fit one fold, or take it from its file."""
    kept = None if file is None else read_fold(file)
    if kept is not None:
        return kept
    try:
        fold = _fit(member, target, y, pair)
    except Warning:
        raise  # the user has made it an error
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        if keeps_failures:
            return {"failure": f"fold {number}: {text}"}
        # Whoever catches errors of the estimator by type still does.
        kind = TypeError if isinstance(error, TypeError) else DataError
        raise kind(
            f"{member.name} failed in fold {number}. {text} Expected a fit in every "
            "fold. Mend the estimator or its rows, or leave it out."
        ) from error
    if file is not None:
        write_fold(file, fold)
    return fold


def _fit(
    member: Member,
    target: Target,
    y: np.ndarray,
    pair: tuple[np.ndarray, np.ndarray],
) -> dict[str, Any]:
    train, test = pair
    estimator = clone(member.estimator)
    X_train, y_train = split_of_rows(estimator, member.X, y, train)
    X_test, _ = split_of_rows(estimator, member.X, y, test, train)
    params = params_of_rows(member.X, member.params, train)
    began = time.perf_counter()
    fitted = estimator.fit(X_train, y_train, **params)
    # `train_together` replaces it by the share of a network that trained with others.
    seconds = time.perf_counter() - began
    scores = target.scores(fitted, X_test)
    if not np.isfinite(scores).all():
        n_odd = int((~np.isfinite(scores)).any(axis=1).sum())
        raise DataError(f"its predictions of {n_odd} rows are NaN or infinite.")
    return {"estimator": fitted, "scores": scores, "fit_time": seconds}
