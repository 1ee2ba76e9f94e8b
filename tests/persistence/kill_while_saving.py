"""Kill processes that save, and look at what they leave.

`test_file.py` runs this file in an interpreter of its own, because it forks:

    python kill_while_saving.py folder n_kills seed

It prints, as JSON, how often the old and the new model were found.
"""

import json
import os
import random
import signal
import sys
import time
import warnings
from pathlib import Path

import numpy as np

from sknn_suite import MLPClassifier
from sknn_suite.persistence import load, save

warnings.simplefilter("ignore")


def main(folder, n_kills, seed):
    source = random.Random(seed)
    X = np.random.RandomState(0).normal(size=(40, 3))
    models = [
        MLPClassifier(hidden_layer_sizes=(600, 600), max_iter=1, random_state=i)
        for i in range(2)
    ]
    for model in models:
        model.fit(X, X[:, 0] > 0)
    path = Path(folder) / "model.sknn"
    started = time.perf_counter()
    save(models[0], path)
    load(path)
    seconds = time.perf_counter() - started
    found, files = [0, 0], set()
    for _ in range(n_kills):
        child = os.fork()
        if not child:
            while True:
                for model in reversed(models):
                    save(model, path)
        time.sleep(source.uniform(0, 4 * seconds))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        proba = load(path).predict_proba(X)
        same = [np.array_equal(proba, model.predict_proba(X)) for model in models]
        found[same.index(True)] += 1
        files |= {p.suffix for p in Path(folder).iterdir()}
    json.dump({"found": found, "suffixes": sorted(files)}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
