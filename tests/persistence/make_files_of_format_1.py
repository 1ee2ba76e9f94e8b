"""Make the files that every later version must read; run once for a format.

    python make_files_of_format_1.py

Beside each file lies what the model answered for which rows.
"""

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sknn_suite import (
    AutoencoderDetector,
    CNNClassifier,
    MLPClassifier,
    MLPRegressor,
    RNNClassifier,
    TextRNNClassifier,
    VAEDetector,
)
from sknn_suite.persistence import save

FOLDER = Path(__file__).with_name("format_1")


def main():
    warnings.simplefilter("ignore")
    source = np.random.RandomState(0)
    X = source.normal(size=(60, 3)).round(3)
    y = np.where(X[:, 0] > 0, "yes", "no")
    texts = ["good day", "bad night", "good night", "bad day"] * 5
    images = source.randint(0, 255, (20, 8, 8, 1)).astype(np.uint8)
    steps = source.normal(size=(20, 4, 2)).round(3)
    table = pd.DataFrame({"a": X[:, 0], "b": ["x", "y", "z"] * 20, "t": texts * 3})
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["a"]),
            ("words", OneHotEncoder(min_frequency=2), ["b"]),
            ("texts", TfidfVectorizer(), "t"),
        ]
    )
    how = {"max_iter": 3, "random_state": 0, "precision": "float32"}
    small = {**how, "hidden_layer_sizes": (4,)}
    regressor = MLPRegressor(**small, scale_target=True, batch_norm=True)
    words = TextRNNClassifier(
        hidden_sizes=(4,), embedding_size=4, subwords=False, n_networks=1, **how
    )
    models = {
        "classifier": (MLPClassifier(**small), X, y),
        "regressor": (regressor, X, X[:, :2]),
        "autoencoder": (AutoencoderDetector(n_estimators=2, **small), X, None),
        "vae": (VAEDetector(n_estimators=2, **small), X, None),
        "texts": (words, texts, y[:20]),
        "sequences": (RNNClassifier(hidden_sizes=(4,), **how), steps, y[:20]),
        "images": (
            CNNClassifier(architecture=[(4, 3), "pool", 6], **how),
            images,
            y[:20],
        ),
        "pipeline": (make_pipeline(columns, MLPClassifier(**small)), table, y),
        "linear": (make_pipeline(StandardScaler(), LogisticRegression()), X, y),
    }
    FOLDER.mkdir(exist_ok=True)
    told = {}
    for name, (model, rows, target) in models.items():
        model.fit(rows, target)
        save(model, FOLDER / f"{name}.sknn")
        few = rows[:4]
        method = "predict" if name == "regressor" else "predict_proba"
        if not hasattr(model, method):
            method = "score_samples"
        is_table = isinstance(few, pd.DataFrame)
        plain = few.to_dict("list") if is_table else np.asarray(few).tolist()
        answers = getattr(model, method)(few).tolist()
        told[name] = {"rows": plain, "method": method, "answers": answers}
    (FOLDER / "answers.json").write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
