"""Train in processes that are killed, and compare with a run that is not.

`test_checkpoint.py` runs this file in an interpreter of its own, because it forks:

    python kill_and_resume.py folder n_kills seed configuration ...

It prints, as JSON, where the runs of each configuration were killed.
"""

import hashlib
import json
import os
import random
import signal
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import make_classification

from sknn_suite import MLPClassifier

X, Y = make_classification(
    n_samples=90, n_features=8, n_informative=5, n_classes=3, random_state=0
)
WEIGHT = np.random.RandomState(0).uniform(0.5, 2, len(X))

COMMON = {
    "hidden_layer_sizes": (8, 6),
    "batch_size": 20,
    "max_iter": 30,
    "n_iter_no_change": 30,
    "random_state": 3,
}

CONFIGURATIONS = {
    "plain": {},
    "sgd": {
        "solver": "sgd",
        "learning_rate": "exponential",
        "tol": 0.02,
        "n_iter_no_change": 2,
        "max_iter": 200,
        "averaging": "swa",
        "averaging_start": 4,
        "checkpoint_every": 3,
    },
    "all at once": {
        "dropout": 0.2,
        "averaging": "ema",
        "learning_rate": "one_cycle",
        "early_stopping": True,
        "early_stopping_scoring": "neg_log_loss",
        "batch_norm": True,
        "max_grad_norm": 1.0,
        "mixup": 0.2,
        "warmup": 1.5,
    },
    "fine-tuning": {
        "solver": "nadam",
        "learning_rate": "plateau",
        "schedule_params": {"patience": 1, "threshold": 0.1},
        "learning_rate_init": [0.001, 0.003, 0.01],
        "freeze": 2,
        "unfreeze_every": 7,
        "accumulate": 2,
        "activation": "rrelu",
        "l1_alpha": 0.01,
    },
}

# Where a process kills itself; at "any" moment it is killed from outside.
MOMENTS = (
    "any",
    "half-written",
    "before replace",
    "any",
    "before fsync",
    "any",
    "after replace",
)


def train(name, checkpoint):
    """Fit and return all that a run decides, numbers of weights as a digest."""
    model = MLPClassifier(**{**COMMON, **CONFIGURATIONS[name]})
    model.set_params(checkpoint=checkpoint)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, Y, sample_weight=WEIGHT)
    digest = hashlib.sha256()
    weights = model._fitted_net().weights
    for key in sorted(weights):
        digest.update(np.ascontiguousarray(weights[key]).tobytes())
    for record in model.history_:
        del record["seconds"]
    return {
        "weights": digest.hexdigest(),
        "predictions": model.predict_proba(X).tolist(),
        "loss_curve": model.loss_curve_,
        "history": model.history_,
        "n_iter": model.n_iter_,
        "t": model.t_,
        "best": [getattr(model, "best_epoch_", None), getattr(model, "best_score_", 0)],
        "scores": model.validation_scores_,
    }


def start(name, checkpoint, result, moment="any", after_writes=0):
    """Train in a forked process, which kills itself at `moment`; return its number."""
    pid = os.fork()
    if pid:
        return pid
    try:
        if moment != "any":
            plan_death(moment, after_writes)
        result.write_text(json.dumps(train(name, checkpoint)))
    except BaseException as error:
        sys.stderr.write(f"{name}: {error!r}\n")
        os._exit(1)
    os._exit(0)


def plan_death(moment, after_writes):
    """Let this process kill itself at `moment` of a writing of the checkpoint."""
    n_writes = 0
    fsync, replace, savez = os.fsync, os.replace, np.savez

    def die():
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)

    def dying_savez(file, **arrays):
        nonlocal n_writes
        n_writes += 1
        if moment == "half-written" and n_writes > after_writes:
            file.write(b"PK half a checkpoint")
            file.flush()
            die()
        savez(file, **arrays)

    def dying_fsync(fd):
        if moment == "before fsync" and n_writes > after_writes:
            die()
        fsync(fd)

    def dying_replace(*args, **kwargs):
        if moment == "before replace" and n_writes > after_writes:
            die()
        replace(*args, **kwargs)
        if moment == "after replace" and n_writes > after_writes:
            die()

    os.fsync, os.replace, np.savez = dying_fsync, dying_replace, dying_savez


def finish(pid, result):
    """Wait for a process that is not killed; return what it wrote."""
    _, status = os.waitpid(pid, 0)
    assert status == 0, f"A process ended with status {status}."
    return json.loads(result.read_text())


def assert_equal(result, expected, where):
    """Assert that two runs are the same, bit by bit; say in what they differ."""
    different = [key for key in expected if result[key] != expected[key]]
    assert not different, f"{where}: other {', '.join(different)}"


def kill_and_resume(name, folder, n_kills, rng):
    """Kill a run again and again, and assert that it ends as if it had not been."""
    checkpoint, result = folder / "run.ckpt", folder / "result.json"
    expected = finish(start(name, None, result), result)
    began = time.perf_counter()
    assert_equal(finish(start(name, checkpoint, result), result), expected, "whole")
    duration = time.perf_counter() - began
    assert_equal(finish(start(name, checkpoint, result), result), expected, "over")
    checkpoint.unlink()
    deaths = []
    while len(deaths) < n_kills:
        moment = MOMENTS[len(deaths) % len(MOMENTS)]
        pid = start(name, checkpoint, result, moment, rng.randrange(6))
        if moment == "any":
            time.sleep(rng.uniform(0, duration))
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            deaths.append(moment)
            continue
        assert status == 0, f"A process ended with status {status}."
        assert_equal(json.loads(result.read_text()), expected, "resumed")
        checkpoint.unlink()  # it was faster than its killer: once more from the start
    assert_equal(finish(start(name, checkpoint, result), result), expected, "resumed")
    checkpoint.unlink()
    return deaths


def main():
    folder, n_kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    names, rng = sys.argv[4:], random.Random(seed)
    for name in names:
        train(name, None)  # what is imported late is imported before the forks
    report = {name: kill_and_resume(name, folder, n_kills, rng) for name in names}
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    main()
