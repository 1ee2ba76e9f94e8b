"""
Find the wrong labels among images
==================================

Afterwards you can train a convolutional network on raw images, and use it to find
images whose labels are probably wrong.
"""

# %%
# Digits, a few of them with a wrong label
# ----------------------------------------
# Every fiftieth label is replaced by a wrong one.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sknn_suite import CNNClassifier
from sknn_suite.plotting import PredictionGallery

images, truth = load_digits().images / 16, load_digits().target
rows = images.reshape(len(images), -1)
is_wrong = np.arange(len(truth)) % 50 == 7
labels = np.where(is_wrong, (truth + 3) % 10, truth)
folds = StratifiedKFold(3, shuffle=True, random_state=0)

# %%
# Which labels are doubtful
# -------------------------
# Each image is predicted by a model that was not trained on it. The less probable its
# label, the more doubtful it is. The network uses images, the SVC flat rows.
network = CNNClassifier(max_iter=12, random_state=0)
svc = make_pipeline(StandardScaler(), SVC(C=10))
found = {}
for package, model, X, method in (
    ("scikit-learn", svc, rows, "decision_function"),
    ("sknn_suite", network, images, "predict_proba"),
):
    scores = cross_val_predict(model, X, labels, cv=folds, method=method)
    own = scores[np.arange(len(labels)), labels]
    doubt = scores.max(axis=1) - own
    found[package] = doubt
    right = (scores.argmax(axis=1) == truth).mean()
    precision = average_precision_score(is_wrong, doubt)
    print(
        f"{package:14} true digits recognised {right:.3f}, "
        f"average precision of doubt {precision:.3f}"
    )

# %%
# How many images you have to check
# ---------------------------------
# Nearly all of the most doubtful labels are wrong.
_, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
for package, doubt in found.items():
    order = np.argsort(-doubt)
    ax.plot(np.arange(1, 101), np.cumsum(is_wrong[order])[:100], label=package)
ax.plot([0, is_wrong.sum()], [0, is_wrong.sum()], ":", color="0.6", label="at best")
ax.set(xlabel="images checked", ylabel="wrong labels found")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False)
plt.show()

# %%
# The gallery
# -----------
# The network is trained on half of the images. The gallery shows its worst mistakes in
# the other half, one row per label. The title of each image is the predicted class.
half = np.arange(len(labels)) % 2 == 0
network.fit(images[half], labels[half])
PredictionGallery.from_estimator(network, images[~half], labels[~half], n_per_class=4)
plt.show()
