"""How fast CNNClassifier trains compared with skorch, and how fast it reads files.

Both train the same residual network with the same batches and updates. skorch uses
float32, channels first, from a data set of float tensors; we start from uint8. Then
files decoded in each epoch are compared with files in memory. The last part is the
memory of a fit whose files do not fit into the cache.
"""

import argparse
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from _measure import (
    MEMORY,
    Line,
    compare,
    earlier,
    parse_options,
    report,
    rounds,
    run_python,
    take_turns,
)
from skorch import NeuralNetClassifier

from sknn_suite import CNNClassifier
from sknn_suite.device import has_native_bfloat16
from sknn_suite.modules import ResNetSmall, small_shape

BATCH = 128

PICTURES = """
import sys, warnings
warnings.simplefilter("ignore")
from sknn_suite import CNNClassifier
from sknn_suite.datasets import load_image_folder
paths, labels = load_image_folder(sys.argv[1])
few = CNNClassifier(
    [(8, 3, 4), "global_max_pool"], image_shape=(224, 224, 3), max_iter=1,
    batch_size=16, cache_size=int(sys.argv[2]), augment=None,
)
few.fit(paths[:: len(paths) // 16], labels[:: len(paths) // 16])
before = forget_peak()
few.set_params(max_iter=2).fit(paths, labels)
print(resident("VmHWM") - before)
"""


def main() -> None:
    options = parse_options(__doc__, parts=tuple(PARTS))
    raw = earlier("image_speed", options)
    for name in options.only:
        found: list[Line] = []
        PARTS[name](options, found, raw)
        raw[f"lines of {name}"] = [asdict(line) for line in found]
    lines = [Line(**own) for name in PARTS for own in raw.get(f"lines of {name}", ())]
    report("image_speed", __doc__, lines, options, raw=raw)


def epochs(options: argparse.Namespace, lines: list[Line], raw: dict) -> None:
    n_rows = 1_000 if options.quick else 10_000
    random = np.random.RandomState(0)
    X = random.randint(0, 256, (n_rows, 28, 28, 1)).astype(np.uint8)
    y = random.randint(0, 10, n_rows)
    floats = (X.transpose(0, 3, 1, 2) / 255).astype(np.float32)

    def skorch() -> float:
        net = NeuralNetClassifier(
            ResNetSmall,
            module__n_channels=1,
            module__n_outputs=10,
            **{f"module__{k}": v for k, v in small_shape(28, 28, 1).items()},
            criterion=torch.nn.CrossEntropyLoss,
            optimizer=torch.optim.SGD,
            optimizer__momentum=0.9,
            lr=0.01,
            batch_size=BATCH,
            max_epochs=1,
            train_split=None,
            iterator_train__shuffle=True,
            verbose=0,
        )
        net.fit(floats, y)
        return net.history[-1]["dur"]

    def ours(precision: str) -> float:
        model = CNNClassifier(
            solver="sgd",
            batch_size=BATCH,
            max_iter=1,
            precision=precision,
            augment=None,
            label_smoothing=0,
            alpha=0,
        ).fit(X, y)
        return model.history_[-1]["seconds"]

    contenders = {
        "skorch": skorch,
        "float32": lambda: ours("float32"),
        "bfloat16": lambda: ours("bfloat16"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for contender in contenders.values():
        contender()
    for i in range(rounds(options, 5)):
        names = list(contenders)
        for name in names[i % 3 :] + names[: i % 3]:
            seconds[name].append(contenders[name]())
    raw["epochs"] = seconds
    native = has_native_bfloat16(torch.device("cpu"))
    work = f"an epoch of resnet_small on {n_rows} images"
    lines.append(compare(f"{work}, float32", seconds, "skorch", 1.3, ours="float32"))
    gate = 3.0 if native else None
    lines.append(compare(f"{work}, bfloat16", seconds, "skorch", gate, ours="bfloat16"))


def files(options: argparse.Namespace, lines: list[Line], raw: dict) -> None:
    n_files = 60 if options.quick else 600
    folder = Path(tempfile.mkdtemp(prefix="sknn_images_"))
    try:
        make_photos(folder, n_files, (640, 480))
        from sknn_suite.datasets import load_image_folder

        paths, labels = load_image_folder(folder)

        def fit(cache_size: int) -> None:
            CNNClassifier(
                "resnet18",
                image_shape=(96, 96, 3),
                max_iter=3,
                batch_size=32,
                cache_size=cache_size,
                augment=None,
            ).fit(paths, labels)

        contenders = {
            "decoded in each epoch": lambda: fit(0),
            "from memory": lambda: fit(1 << 30),
        }
        seconds = take_turns(contenders, rounds(options, 3))
        raw["files"] = seconds
        work = f"three epochs of resnet18 on {n_files} photos of 640 x 480"
        lines.append(
            compare(work, seconds, "from memory", 0.8, ours="decoded in each epoch")
        )
    finally:
        shutil.rmtree(folder)


def memory(options: argparse.Namespace, lines: list[Line], raw: dict) -> None:
    """Memory growth of a process that trains on files larger than its cache.

    The decoded files are larger than the allowed growth.
    """
    n_files = 100 if options.quick else 5000
    folder = Path(tempfile.mkdtemp(prefix="sknn_images_"))
    try:
        make_photos(folder, n_files, (256, 256))
        cache = 20 << 20
        grown = float(
            run_python(MEMORY + PICTURES, str(folder), str(cache)).split()[-1]
        )
    finally:
        shutil.rmtree(folder)
    decoded = n_files * 224 * 224 * 3 / 2**20
    raw["memory"] = {"grown": grown, "decoded": decoded}
    work = f"growth of memory, {decoded:.0f} MB of decoded photos, a cache of 20 MB"
    limit = cache / 2**20 + 500
    lines.append(
        Line(work, "", None, grown, grown, limit, at_most=True, unit="MB"),
    )


def make_photos(folder: Path, n_files: int, size: tuple[int, int]) -> None:
    """Write JPEGs of two classes."""
    from PIL import Image

    random = np.random.RandomState(0)
    for i in range(n_files):
        place = folder / "ab"[i % 2]
        place.mkdir(exist_ok=True)
        small = random.randint(0, 256, (24, 32, 3)).astype(np.uint8)
        photo = Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)
        photo.save(place / f"{i}.jpg", quality=90)


PARTS = {"epochs": epochs, "files": files, "memory": memory}

if __name__ == "__main__":
    main()
