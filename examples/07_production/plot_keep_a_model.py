"""
Keep a model in a file without code
===================================

Afterwards you can save a whole pipeline in a file that anyone may open, see what is in
it, and know why a damaged one does not load.
"""

# %%
# One file for the whole pipeline
# -------------------------------
# The scaler is a part of the model, so the pipeline is what you save. Beside it lies
# scikit-learn's own way, a joblib file.
import tempfile
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sknn_suite import MLPClassifier
from sknn_suite.exceptions import CorruptModelError
from sknn_suite.persistence import inspect, load, model_card, save

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
network = MLPClassifier((64,), max_iter=200, random_state=0, early_stopping=True)
model = make_pipeline(MinMaxScaler(), network).fit(X_train, y_train)

folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "digits.sknn"
pickled = Path(folder.name) / "digits.joblib"
save(model, path)
joblib.dump(model, pickled)

expected = model.predict_proba(X_test)
loaded = {"scikit-learn": joblib.load(pickled), "sknn_suite": load(path)}
for name, again in loaded.items():
    same = np.array_equal(again.predict_proba(X_test), expected)
    print(f"{name}: the same predictions: {same}")

# %%
# What is in it
# -------------
# A joblib file must be opened, which runs its code, before you know. Here you ask
# first.
print(inspect(path))

# %%
# What a changed file does
# ------------------------
# Here one bit of each of 200 copies is changed. None of them loads, and none does
# anything else.
data = path.read_bytes()
random_state = np.random.RandomState(0)
places = random_state.randint(0, 8 * len(data), 200)
reasons = []
for place in places:
    changed = bytearray(data)
    changed[place // 8] ^= 1 << (place % 8)
    path.write_bytes(changed)
    try:
        load(path)
    except CorruptModelError as error:
        reasons.append(str(error).split(": ")[1].split(". ")[0])
print(f"{len(reasons)} of {len(places)} changed files are refused")

names, counts = np.unique(reasons, return_counts=True)
order = np.argsort(counts)[-6:]
fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
ax.barh(names[order], counts[order])
ax.tick_params(axis="y", labelsize=8)
ax.set(xlabel="changed files", title="Why they do not load")
plt.show()

# %%
# A page for those who will use it
# --------------------------------
print(model_card(model, X_test, y_test)[:700])
folder.cleanup()
