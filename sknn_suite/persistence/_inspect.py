"""`inspect`: what a file holds, told from its description without making a model."""

import os
from dataclasses import dataclass, field
from typing import Any

from sknn_suite.persistence._model_file import FORMAT, MAX_BYTES, ModelFile, opened
from sknn_suite.persistence._reader import Reader

# Largest array that is read to be shown, in bytes; longest list of names in the text.
SHOWN_BYTES, SHOWN_NAMES = 1 << 20, 8

# Fitted attributes that are scores of the training.
SCORES = ("best_score_", "best_validation_score_", "loss_", "n_iter_")

# What the rows of an estimator are.
ROWS = {
    "CNNClassifier": "images",
    "ColumnTransformer": "tables",
    "CountVectorizer": "texts",
    "HashingVectorizer": "texts",
    "RNNClassifier": "sequences",
    "TextRNNClassifier": "texts",
    "TfidfVectorizer": "texts",
}


@dataclass(frozen=True)
class ModelContents:
    """What a model file says of itself.

    Parameters
    ----------
    estimator : str
        Class of the model, with its steps in brackets.
    parameters : dict of str to object
        Parameters of each estimator, by its place, such as "0.alpha"; arrays and
        estimators are left out.
    columns : list of str or int or None
        Names of the columns, or how many there are.
    kinds : list of str
        What the rows are: tables, texts, sequences, images.
    classes : list or None
        Labels that the model predicts.
    scores : dict of str to float
        Scores and losses of the training.
    weights : dict of str to tuple
        Type and shape of each weight.
    needs : list of str
        Code of others that `load` would run if `trusted` names it.
    versions : dict of str to str
        What the model was saved with.
    hashes : dict of str to str
        SHA-256 of each part.
    n_bytes : int
        Size of the file.
    format : int
        Format of the file.
    column_kinds : dict of str to str or None
        Kind of each column of a mixed table, such as "number" or "date".
    threshold : float, list of float or None
        Least score at which a row is positive, of each label or class if there are
        several. None is the most probable class.
    """

    estimator: str
    parameters: dict[str, Any]
    columns: list[str] | int | None
    kinds: list[str]
    classes: list[Any] | None
    scores: dict[str, float]
    weights: dict[str, tuple]
    needs: list[str]
    versions: dict[str, str]
    hashes: dict[str, str] = field(repr=False)
    n_bytes: int = 0
    format: int = FORMAT
    column_kinds: dict[str, str] | None = None
    threshold: float | list[float] | None = None

    def __str__(self) -> str:
        columns: Any = self.columns
        if isinstance(columns, list):
            columns = f"{len(columns)}: {_shortened(columns)}"
        total = f"{len(self.weights)} tensors" if self.weights else "none"
        versions = ", ".join(f"{n} {v}" for n, v in sorted(self.versions.items()))
        lines = [
            ("model", self.estimator),
            ("rows", ", ".join(self.kinds)),
            ("columns", "unknown" if columns is None else columns),
            ("classes", "none" if self.classes is None else _shortened(self.classes)),
            *self._for_serving(),
            ("scores", ", ".join(f"{n} {v:.4g}" for n, v in self.scores.items())),
            ("weights", f"{total}, {self.n_bytes} bytes in the file"),
            ("needs", ", ".join(self.needs) or "no code of others"),
            ("saved with", versions),
            ("format", self.format),
        ]
        return "\n".join(f"{name:<11} {value}" for name, value in lines)

    def _for_serving(self) -> list[tuple[str, str]]:
        """Write the lines that some models have: kinds of columns, threshold."""
        lines = []
        if self.column_kinds is not None:
            names: dict[str, list[str]] = {}
            for column, kind in self.column_kinds.items():
                names.setdefault(kind, []).append(column)
            told = [f"{kind}: {_shortened(own)}" for kind, own in names.items()]
            lines = [("kinds", told[0]), *(("", line) for line in told[1:])]
        if self.threshold is not None:
            own = self.threshold
            values = own if isinstance(own, list) else [own]
            lines.append(("threshold", _shortened([f"{v:.6g}" for v in values])))
        return lines


def inspect(path: str | os.PathLike, *, max_bytes: int = MAX_BYTES) -> ModelContents:
    """Tell what is in a model file, without making the model.

    All is told from the description that `load` would follow, so that a file cannot
    show one model and hold another. The weights are neither read nor checked.

    Parameters
    ----------
    path : path-like
        A file that `save` has written.
    max_bytes : int, default=2 GiB
        Largest file that is read.

    Returns
    -------
    contents : ModelContents
        Estimator, parameters, columns and kinds, classes, scores, versions, hashes.
        Print it for a summary.

    Raises
    ------
    CorruptModelError
        If the file is none of ours, or damaged.

    See Also
    --------
    load : Makes the model.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_iris
    >>> from sknn_suite import MLPClassifier
    >>> from sknn_suite.persistence import inspect, save
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> model = MLPClassifier(max_iter=1000, random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(model, Path(folder) / "iris.sknn")
    ...     contents = inspect(Path(folder) / "iris.sknn")
    >>> contents.estimator, contents.classes, contents.columns[0]
    ('MLPClassifier', [0, 1, 2], 'sepal length (cm)')
    """
    with opened(path) as file:
        source = ModelFile(file, max_bytes)
        look = _Look(source)
        look.at(source.tree, "")
        last = _last_step(source.tree)
        weights = {
            name: (layout.descr, layout.shape)
            for name, layout in source.tensor_layouts()[1].items()
        }
        return ModelContents(
            estimator=_name(source.tree),
            parameters=look.parameters,
            columns=look.columns,
            kinds=sorted(look.kinds) or ["tables"],
            classes=look.classes,
            scores=look.scores,
            weights=weights,
            needs=sorted(look.needs),
            versions=dict(source.versions),
            hashes={name: part.sha256 for name, part in source.parts.items()},
            n_bytes=source.n_bytes,
            column_kinds=look.column_kinds(last),
            threshold=look.threshold(last),
        )


class _Look:
    """Walks a description and notes what it says; no object is made.

    Parameters
    ----------
    source : ModelFile
        The file, for small arrays.
    """

    def __init__(self, source: ModelFile) -> None:
        self._source = source
        self.parameters: dict[str, Any] = {}
        self.columns: list[str] | int | None = None
        self.kinds: set[str] = set()
        self.classes: list[Any] | None = None
        self.scores: dict[str, float] = {}
        self.needs: set[str] = set()

    def at(self, node: Any, place: str) -> None:
        """Note what a node says, and what is in it."""
        if isinstance(node, list):
            for i, one in enumerate(node):
                self.at(one, f"{place}{i}.")
        if not isinstance(node, dict):
            return
        if node.get("is") in ("global", "skops"):
            self.needs.add(str(node.get("name", node.get("class")))[:200])
        if node.get("is") == "object" and isinstance(node.get("state"), dict):
            self._object(_short(node), node["state"], place)
            return
        for value in node.values():
            self.at(value, place)

    def column_kinds(self, node: Any) -> dict[str, str] | None:
        """Kinds of the columns that an estimator reads, if its table is mixed."""
        items = _inside(node, "_net", "encoder", "kinds_", "data")
        items = items.get("items") if isinstance(items, dict) else None
        if not isinstance(items, list):
            return None
        return {str(name)[:100]: str(kind)[:20] for name, kind in items}

    def threshold(self, node: Any) -> float | list[float] | None:
        """Threshold by which an estimator decides."""
        for names in (
            ("_rule", "threshold"),
            ("_net", "target", "rule", "threshold"),
            ("decision_threshold_",),
            ("offset_",),
        ):
            value = _inside(node, *names)
            if isinstance(value, dict) and value.get("is") == "number":
                return float(Reader({}, _Sparse({}), {}).read(value))
            if isinstance(value, int | float):
                return float(value)
            several = self._small(value)
            if several is not None:
                return several.tolist()
        return None

    def _object(self, name: str, state: dict, place: str) -> None:
        if self.columns is None:
            self.columns = self._columns(state)
        kind = ROWS.get(name)
        self.kinds |= {kind} if kind else set()
        for key, value in sorted(state.items()):
            if key in ("_net", "_memory", "_scores"):
                continue
            if not key.endswith("_") and not key.startswith("_"):
                self._parameter(f"{place}{key}", value)
            if key in SCORES and isinstance(value, int | float):
                self.scores[key] = value
            self.at(value, f"{place}{key}.")
        classes = self._small(state.get("classes_"))
        if classes is not None:  # of several, those of the last step
            self.classes = classes.tolist()

    def _parameter(self, name: str, value: Any) -> None:
        if value is None or isinstance(value, bool | int | float | str):
            self.parameters[name] = value
        elif isinstance(value, dict) and value.get("is") == "tuple":
            self._parameter_of(name, value["items"], tuple)
        elif isinstance(value, list):
            self._parameter_of(name, value, list)

    def _parameter_of(self, name: str, items: Any, kind: type) -> None:
        simple = isinstance(items, list) and all(
            one is None or isinstance(one, bool | int | float | str) for one in items
        )
        if simple:
            self.parameters[name] = kind(items)

    def _columns(self, state: dict) -> list[str] | int | None:
        names = self._small(state.get("feature_names_in_"))
        if names is not None:
            return [str(name) for name in names]
        count = state.get("n_features_in_")
        return count if type(count) is int else None

    def _small(self, node: Any) -> Any:
        """Read an array that is not large, None for anything else."""
        if not isinstance(node, dict) or node.get("is") not in ("array", "objects"):
            return None
        number = node.get("number")
        arrays: dict[int, Any] = {}
        if node["is"] == "array":
            if type(number) is not int or not 0 <= number < self._source.n_arrays:
                raise ValueError("it names an array that is missing")
            if self._source.layout(number).n_bytes > SHOWN_BYTES:
                return None
            arrays[number] = self._source.array(number)
        return Reader({}, _Sparse(arrays), {}).read(node)


class _Sparse:
    """A few of the arrays of a file, by their numbers."""

    def __init__(self, arrays: dict[int, Any]) -> None:
        self._arrays = arrays

    def __len__(self) -> int:
        return max(self._arrays, default=-1) + 1

    def __getitem__(self, number: int) -> Any:
        return self._arrays[number]


def _last_step(node: Any) -> Any:
    """Find the estimator at the end of pipelines."""
    while isinstance(steps := _inside(node, "steps"), list) and steps:
        items = steps[-1].get("items") if isinstance(steps[-1], dict) else None
        if not isinstance(items, list) or len(items) < 2:
            return None
        node = items[1]
    return node


def _inside(node: Any, *names: str) -> Any:
    """Follow attributes of objects in a description; None where there is none."""
    for name in names:
        state = node.get("state") if isinstance(node, dict) else None
        node = state.get(name) if isinstance(state, dict) else None
    return node


def _short(node: dict) -> str:
    return str(node.get("class", "")).rpartition(".")[2][:100]


def _name(node: Any, levels: int = 6) -> str:
    """Name of a model with its steps, such as "Pipeline(StandardScaler, MLP...)"."""
    if not isinstance(node, dict) or node.get("is") != "object" or not levels:
        return (
            str(node.get("class", "a step"))[:100] if isinstance(node, dict) else "step"
        )
    state = node.get("state")
    steps: list[Any] = []
    for key in ("steps", "transformer_list", "transformers_", "transformers"):
        found = state.get(key) if isinstance(state, dict) else None
        if isinstance(found, list) and not steps:
            steps = found
    for key in ("regressor_", "estimator_", "estimator"):
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            steps = steps or [{"items": [None, state[key]]}]
    inner = [_name_of_step(step, levels - 1) for step in steps[:20]]
    return _short(node) + (f"({', '.join(inner)})" if inner else "")


def _name_of_step(step: Any, levels: int) -> str:
    items = step.get("items") if isinstance(step, dict) else None
    if not isinstance(items, list) or len(items) < 2:
        return "step"
    return items[1][:20] if isinstance(items[1], str) else _name(items[1], levels)


def _shortened(values: list[Any]) -> str:
    shown = ", ".join(str(value) for value in values[:SHOWN_NAMES])
    more = len(values) - SHOWN_NAMES
    return shown + (f" and {more} more" if more > 0 else "")
