"""Simulated data sets."""

from datetime import UTC, datetime

import numpy as np

from sknn_suite.doors import own_random_state

# The calendar year of the time stamps, in epoch seconds.
YEAR_STARTS = datetime(2014, 1, 1, tzinfo=UTC).timestamp()
YEAR_ENDS = datetime(2015, 1, 1, tzinfo=UTC).timestamp()


def make_bursty_timestamps(
    n_samples=10_000,
    n_anomalies=25,
    n_points=50,
    random_state=None,
    *,
    burst_hours=4.0,
    whole_seconds=True,
):
    """Make rows of time stamps, a few of which are bursts.

    Each row holds unsorted epoch seconds. In a normal row they are uniform over one
    calendar year. In an anomalous row they fall within a few hours of that year. No
    single number is unusual, only the combination of the numbers in a row.

    Parameters
    ----------
    n_samples : int, default=10_000
        Number of rows.
    n_anomalies : int, default=25
        Number of anomalous rows among them.
    n_points : int, default=50
        Time stamps per row.
    random_state : int, RandomState instance or None, default=None
        Source of randomness.
    burst_hours : float, default=4.0
        Hours within which the time stamps of an anomalous row lie, in (0, 8760).
    whole_seconds : bool, default=True
        Whether fractions of seconds are cut off, as most logs do.

    Returns
    -------
    X : ndarray of shape (n_samples, n_points)
        Seconds since 1970, as floats.
    y : ndarray of shape (n_samples,)
        1 for anomalous rows, 0 for normal ones.

    Examples
    --------
    >>> from sknn_suite.datasets import make_bursty_timestamps
    >>> X, y = make_bursty_timestamps(n_samples=100, n_anomalies=5, random_state=0)
    >>> X.shape, int(y.sum())
    ((100, 50), 5)
    >>> bool((X[y == 1].max(axis=1) - X[y == 1].min(axis=1) < 4 * 3600).all())
    True
    """
    if not 0 <= n_anomalies <= n_samples:
        raise ValueError(
            f"n_anomalies={n_anomalies} does not fit into n_samples={n_samples}. "
            "Expected a number from 0 to n_samples. Lower n_anomalies."
        )
    burst = burst_hours * 3600.0
    if not 0 < burst < YEAR_ENDS - YEAR_STARTS:
        raise ValueError(
            f"burst_hours={burst_hours} is not a part of a year. Expected hours in "
            "(0, 8760). Choose a few."
        )
    source = own_random_state(random_state)
    X = source.uniform(YEAR_STARTS, YEAR_ENDS, size=(n_samples, n_points))
    bursts = source.choice(n_samples, n_anomalies, replace=False)
    starts = source.uniform(YEAR_STARTS, YEAR_ENDS - burst, (n_anomalies, 1))
    X[bursts] = starts + source.uniform(0, burst, (n_anomalies, n_points))
    if whole_seconds:
        X = np.floor(X)
    y = np.zeros(n_samples, dtype=int)
    y[bursts] = 1
    return X, y


def make_bursty_sequences(
    n_train=6_000, n_test=30_000, share=0.01, n_points=50, random_state=None
):
    """Make the rows of `make_bursty_timestamps`, split for a classification task.

    Parameters
    ----------
    n_train, n_test : int, default=6_000 and 30_000
        Number of training rows and of test rows.
    share : float, default=0.01
        Fraction of rows that are bursts, in (0, 1).
    n_points : int, default=50
        Time stamps per row.
    random_state : int, RandomState instance or None, default=None
        Source of randomness.

    Returns
    -------
    X_train, X_test : ndarray of shape (n_rows, n_points)
        Seconds since 1970, unsorted.
    y_train, y_test : ndarray of shape (n_rows,)
        1 for bursts, 0 for other rows.

    Examples
    --------
    >>> from sknn_suite.datasets import make_bursty_sequences
    >>> X_train, X_test, y_train, y_test = make_bursty_sequences(random_state=0)
    >>> X_train.shape, int(y_train.sum()), int(y_test.sum())
    ((6000, 50), 60, 300)
    """
    source = own_random_state(random_state)
    parts = [
        make_bursty_timestamps(n, max(1, round(share * n)), n_points, source)
        for n in (n_train, n_test)
    ]
    (X_train, y_train), (X_test, y_test) = parts
    return X_train, X_test, y_train, y_test
