"""
Fine-tune a trained network on few images
=========================================

Afterwards you can load the weights of a network that was trained on other images, and
fine-tune it to your classes with a few images per class.
"""

# %%
# A network trained on other images
# ---------------------------------
# Published networks were trained on a million photos. Here a small plain torch network
# is trained on the even digits and saved in the same way. The odd digits are new to it.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC
from torch import nn

from sknn_suite import CNNClassifier

images, labels = load_digits().images.astype(np.float32) / 16, load_digits().target
is_even = labels % 2 == 0
generator = torch.Generator().manual_seed(0)


def make_network():
    """Three convolutions, pooling, and a linear layer for five classes."""
    layers = []
    for n_inputs, n_outputs in ((1, 32), (32, 64), (64, 64)):
        layers += [
            nn.Conv2d(n_inputs, n_outputs, 3, padding=1),
            nn.BatchNorm2d(n_outputs),
            nn.ReLU(),
        ]
    layers.insert(6, nn.MaxPool2d(2))
    return nn.Sequential(
        *layers, nn.AdaptiveMaxPool2d(2), nn.Flatten(), nn.Linear(256, 5)
    )


network = make_network()
for weight in network.parameters():
    if weight.ndim > 1:
        nn.init.kaiming_normal_(weight, generator=generator)
even_images = torch.from_numpy(images[is_even])[:, None]
even_labels = torch.from_numpy(labels[is_even]) // 2
n_steps = 15 * -(-len(even_labels) // 64)
optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.05)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, n_steps)
for _ in range(15):
    for rows in torch.randperm(len(even_labels), generator=generator).split(64):
        shift = torch.randint(-1, 2, (2,), generator=generator).tolist()
        scores = network(torch.roll(even_images[rows], shift, (2, 3)))
        loss = nn.functional.cross_entropy(scores, even_labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()

weights = Path(tempfile.mkdtemp()) / "network.pth"
torch.save(network.state_dict(), weights)

# %%
# The same few images for each model
# ----------------------------------
# ``backbone`` is the network and ``weights`` the file. The last layer is replaced by
# one for the new classes. ``normalization`` is None because the network was trained on
# raw pixels. ``finetune="gradual"`` trains the last layer first, then all layers, the
# early ones slowly.
new_images, new_labels = images[~is_even], labels[~is_even]
pool, test = train_test_split(
    np.arange(len(new_labels)), test_size=0.5, stratify=new_labels, random_state=0
)
pretrained = {"backbone": make_network(), "weights": weights, "normalization": None}
models = {
    "scikit-learn": ("SVC on pixels", SVC(C=10)),
    "sknn_suite, scratch": ("from scratch", CNNClassifier(random_state=0)),
    "sknn_suite": (
        "fine-tuned",
        CNNClassifier(**pretrained, finetune="gradual", random_state=0),
    ),
}
sizes = (2, 4, 8, 16)
accuracy = {package: [] for package in models}
for n_per_class in sizes:
    few = np.concatenate(
        [pool[new_labels[pool] == label][:n_per_class] for label in range(1, 10, 2)]
    )
    for package, (_, model) in models.items():
        is_flat = isinstance(model, SVC)
        X = new_images.reshape(len(new_images), -1) if is_flat else new_images
        model.fit(X[few], new_labels[few])
        accuracy[package].append(model.score(X[test], new_labels[test]))
print(f"accuracy with {sizes} images per class")
for package, (what, _) in models.items():
    found = "  ".join(f"{value:.3f}" for value in accuracy[package])
    print(f"{package:20} {what:14} {found}")

# %%
# How much the other images help
# ------------------------------
# With two images per class both networks are far ahead of the SVC; with sixteen, all
# models are alike. On images as small as these, the network from scratch is as good as
# the fine-tuned one. So compare the two before you look for a backbone.
_, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
for package, (what, _) in models.items():
    ax.plot(sizes, accuracy[package], marker="o", label=what)
ax.set_xscale("log", base=2)
ax.set_xticks(sizes, labels=map(str, sizes))
ax.set(xlabel="images per class", ylabel="accuracy on new images")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False)
plt.show()
