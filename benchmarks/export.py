"""Sizes of exported models, how long an answer takes, and how near it is.

The programs take turns: the estimator, its graph in ONNX Runtime, and its torch module.
ONNX Runtime and torch use as many threads as torch is given.
"""

import importlib.util
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import torch
from _measure import ROOT, Line, parse_options, report, rounds, take_turns

from sknn_suite import (
    AutoencoderDetector,
    CNNClassifier,
    MLPClassifier,
    RNNClassifier,
    TabularClassifier,
    TextRNNClassifier,
    VAEDetector,
)
from sknn_suite.export import to_onnx, to_torch
from sknn_suite.persistence import save

# Rows of an answer: one, and a batch.
SIZES, QUICK_SIZES = (1, 256), (1, 7)

READERS = ROOT / "docs" / "user_guide"


def families(n: int, n_fit: int) -> dict[str, tuple[Any, Any, Any]]:
    """Make models that have been fitted, and rows to answer for."""
    source = np.random.RandomState(0)
    X = source.normal(size=(max(n, n_fit), 30)).astype(np.float32)
    y = X[:, :3].argmax(axis=1)
    steps = source.normal(size=(len(X), 20, 4)).astype(np.float32)
    images = source.randint(0, 256, (len(X), 28, 28, 1)).astype(np.uint8)
    words = [f"word{i}" for i in range(300)]
    texts = [" ".join(source.choice(words, 20)) for _ in range(len(X))]
    frame = pd.DataFrame(X[:, :8]).rename(columns="number {}".format)
    for i, n_levels in enumerate((4, 4, 40, 400)):
        frame[f"category {i}"] = [f"level {j}" for j in source.choice(n_levels, len(X))]
    seconds = source.randint(0, 10**9, len(X)).astype("datetime64[s]")
    frame["date"], frame["text"] = seconds, texts
    few = {"max_iter": 1, "random_state": 0}
    made = {
        "MLPClassifier (100, 100)": (MLPClassifier((100, 100), **few), X, y),
        "TabularClassifier, 14 columns": (TabularClassifier(**few), frame, y),
        "AutoencoderDetector": (AutoencoderDetector(**few), X, None),
        "VAEDetector": (VAEDetector(**few), X, None),
        "RNNClassifier, 20 steps": (RNNClassifier(**few), steps, y),
        "TextRNNClassifier, 20 words": (TextRNNClassifier(**few), texts, y),
        "CNNClassifier, 28x28": (CNNClassifier(**few), images, y),
    }
    for model, rows, target in made.values():
        given = () if target is None else (target[:n_fit],)
        model.fit(rows[:n_fit], *given)
    return {name: (m, rows[:n], target) for name, (m, rows, target) in made.items()}


def reader_of(name: str) -> Any:
    """Import a reader that goes along with a graph."""
    spec = importlib.util.spec_from_file_location(name, READERS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def inputs_of(model: Any, rows: Any, session: Any) -> tuple[dict, dict]:
    """Make what a graph takes, and what a module takes."""
    described = session.get_modelmeta().custom_metadata_map
    if isinstance(model, TabularClassifier):
        reader = reader_of("read_tables").TableReader(described["columns"])
        return reader(rows), reader.arrays(rows)
    inputs = {"X": rows}
    if isinstance(model, TextRNNClassifier):
        inputs = reader_of("read_texts").TextReader(described["texts"])(rows)
    if isinstance(model, RNNClassifier):
        inputs["lengths"] = np.full(len(rows), rows.shape[1])
    return inputs, inputs


class Contenders:
    """A model, its graph and its module.

    Parameters
    ----------
    model : estimator
        Fitted.
    """

    def __init__(self, model: Any) -> None:
        self.graph = to_onnx(model).SerializeToString()
        how = onnxruntime.SessionOptions()
        how.intra_op_num_threads = torch.get_num_threads()
        self.session = onnxruntime.InferenceSession(
            self.graph, how, providers=["CPUExecutionProvider"]
        )
        self.model, self.module = model, to_torch(model)
        self.answer = getattr(model, "predict_proba", None) or model.score_samples
        self.output = "probabilities" if hasattr(model, "classes_") else "scores"

    def calls(self, rows: Any) -> dict[str, Any]:
        """Functions that answer for rows; each returns an array or a tensor."""
        inputs, arrays = inputs_of(self.model, rows, self.session)
        tensors = [torch.from_numpy(array) for array in arrays.values()]
        return {
            "sknn_suite": lambda: self.answer(rows),
            "graph": lambda: self.session.run([self.output], inputs)[0],
            "module": lambda: self.module(*tensors),
        }


def main() -> None:
    options = parse_options(__doc__)
    repeats = rounds(options, 15)
    sizes = QUICK_SIZES if options.quick else SIZES
    warnings.simplefilter("ignore")
    lines, raw, notes = [], {}, []
    for name, (model, rows, _) in families(max(sizes), 256).items():
        contenders, farthest = Contenders(model), 0.0
        for n in sizes:
            calls = contenders.calls(rows[:n])
            expected = calls["sknn_suite"]()
            for key in ("graph", "module"):
                error = np.abs(np.asarray(calls[key]()) - expected)
                share = error / np.maximum(np.abs(expected), 1)
                farthest = max(farthest, float(share.max()))
            turns = take_turns(calls, repeats)
            raw[f"{name}, {n}"] = turns
            lines += [
                _line(f"{name}: {n} rows, {what}", turns, key)
                for key, what in (("graph", "ONNX Runtime"), ("module", "torch"))
            ]
        size = len(contenders.graph) / 1e3
        notes.append(
            f"{name}: graph {size:,.0f} kB, file of save {_size_of(model):,.0f} kB, "
            f"largest difference {farthest:.1g}."
        )
    notes.append(
        "Theirs is the estimator itself, which checks and encodes rows; texts and "
        "columns are read beforehand for the graph and the module. Differences are "
        "shares of answers larger than 1."
    )
    report("export", __doc__, lines, options, notes=notes, raw=raw)


def _size_of(model: Any) -> float:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.sknn"
        save(model, path)
        return path.stat().st_size / 1e3


def _line(work: str, turns: dict[str, list[float]], key: str) -> Line:
    ratios = [ours / theirs for ours, theirs in zip(turns[key], turns["sknn_suite"])]
    return Line(
        work,
        "the estimator",
        float(np.median(turns["sknn_suite"])),
        float(np.median(turns[key])),
        float(np.median(ratios)),
        None,
        low=min(ratios),
        high=max(ratios),
    )


if __name__ == "__main__":
    main()
