"""
Denoise and compress digits
===========================

Afterwards you can use an autoencoder as a transformer. It cleans noisy rows and
replaces 64 pixels by twelve numbers, which another estimator uses in a Pipeline.
"""

# %%
# Noisy digits
# ------------
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_suite import AutoencoderDetector
from sknn_suite.plotting import LatentSpaceDisplay, ReconstructionDisplay

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
noisy = X_test + 4 * np.random.RandomState(0).normal(size=X_test.shape)

# %%
# Clean them
# ----------
# The network is trained on clean digits, with new noise in each update. For
# scikit-learn, we use PCA with the same number of components.
N_COMPONENTS = 16
pca = PCA(N_COMPONENTS, random_state=0).fit(X_train)
autoencoder = AutoencoderDetector(
    n_components=N_COMPONENTS,
    hidden_layer_sizes=(128,),
    distribution="gaussian",
    scaling=None,
    noise=0.7,
    max_iter=150,
    random_state=0,
).fit(X_train)

cleaned = {
    "left alone": noisy,
    "scikit-learn": pca.inverse_transform(pca.transform(noisy)),
    "sknn_suite": autoencoder.reconstruct(noisy),
}
for name, images in cleaned.items():
    print(f"{name:13} error {np.sqrt(np.square(images - X_test).mean()):.2f}")

ReconstructionDisplay.from_estimator(autoencoder, noisy[:9], image_shape=(8, 8))
plt.show()

# %%
# Compress them
# -------------
# The codes are ordinary columns. Here they are the features of a linear model.
codes = {"scikit-learn": PCA(12, random_state=0)}
codes["sknn_suite"] = AutoencoderDetector(
    n_components=12, scaling=None, distribution="gaussian", noise=0.4, random_state=0
)
for name, transformer in codes.items():
    linear = LogisticRegression(max_iter=2000)
    model = make_pipeline(transformer, StandardScaler(), linear)
    model.fit(X_train, y_train)
    print(f"{name:13} accuracy from 12 numbers {model.score(X_test, y_test):.3f}")

# %%
LatentSpaceDisplay.from_estimator(codes["sknn_suite"], X_test, y_test)
plt.show()
