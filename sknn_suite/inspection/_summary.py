"""summary: the layers of a network, their shapes and parameters; its settings."""

import html
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sklearn.exceptions import NotFittedError
from torch import nn

from sknn_suite.inspection._inside import look_inside
from sknn_suite.inspection._module import (
    bare_module,
    check_ours,
    check_rows,
    check_target,
    configured,
    count_rows,
    take_rows,
)
from sknn_suite.inspection._settings import settings_of, show_settings
from sknn_suite.inspection._shapes import Seen, look
from sknn_suite.modules import (
    Attention,
    Dropout,
    RecurrentLayer,
    SpatialDropout,
    TokenEmbedding,
    WideBranch,
)

# Each is shown as one layer, because readers do not see its parts as layers.
WHOLE = (Attention, RecurrentLayer, TokenEmbedding, WideBranch)

# Number of the user's rows that are checked.
N_CHECKED = 16


class LayerSummary(NamedTuple):
    """One layer of a network.

    Attributes
    ----------
    name : str
        Name of the layer, as in the parameter `freeze`.

    kind : str
        Its class.

    output_shape : tuple of int or str
        Shape of its output: "n" is the number of rows, "t" the number of steps or
        tokens of a row. Empty if unknown.

    n_trainable : int
        Number of trainable parameters.

    n_frozen : int
        Number of frozen parameters.
    """

    name: str
    kind: str
    output_shape: tuple[int | str, ...]
    n_trainable: int
    n_frozen: int


@dataclass(frozen=True, repr=False)
class NetworkSummary:
    """Layers and settings of a network; shown by ``print`` and in notebooks.

    Attributes
    ----------
    estimator_name : str
        Class of the estimator.

    input_shape : tuple of int or str
        Shape of the rows as the network sees them.

    layers : list of LayerSummary
        In the order in which they are computed.

    settings : dict of str to object
        What the fit used, with "auto" replaced, by the names of fitted attributes.

    note : str
        How to read the shapes, where they are not those of one network; else empty.
    """

    estimator_name: str
    input_shape: tuple[int | str, ...]
    layers: list[LayerSummary]
    settings: dict[str, Any] = field(default_factory=dict)
    note: str = ""

    @property
    def n_trainable(self) -> int:
        """Number of trainable parameters in all layers."""
        return sum(layer.n_trainable for layer in self.layers)

    @property
    def n_frozen(self) -> int:
        """Number of frozen parameters in all layers."""
        return sum(layer.n_frozen for layer in self.layers)

    @property
    def n_parameters(self) -> int:
        """Number of parameters in all layers."""
        return self.n_trainable + self.n_frozen

    def __repr__(self) -> str:
        table = [_HEADS, *self._cells()]
        widths = [max(map(len, column)) for column in zip(*table)]
        lines = [
            "  ".join(
                cell.rjust(width) if i in _NUMBERS else cell.ljust(width)
                for i, (cell, width) in enumerate(zip(cells, widths))
            ).rstrip()
            for cells in table
        ]
        rule = "-" * max(map(len, lines))
        note = [self.note] if self.note else []
        settings = show_settings(self.settings)
        width = max(map(len, settings), default=0)
        told = [f"{name.ljust(width)}  {text}" for name, text in settings.items()]
        heading = ["Settings"] if told else []
        return "\n".join(
            [self._title(), *note, rule, *lines, rule, self._totals(), *heading, *told]
        )

    def _repr_html_(self) -> str:
        def write(cells: tuple[str, ...], tag: str) -> str:
            return "".join(
                f'<{tag} style="text-align:{"right" if i in _NUMBERS else "left"}">'
                f"{html.escape(cell)}</{tag}>"
                for i, cell in enumerate(cells)
            )

        rows = "".join(f"<tr>{write(cells, 'td')}</tr>" for cells in self._cells())
        note = f"<br>{html.escape(self.note)}" if self.note else ""
        return (
            f"<table><caption>{html.escape(self._title())}{note}</caption>"
            f"<thead><tr>{write(_HEADS, 'th')}</tr></thead><tbody>{rows}</tbody>"
            f"</table><p>{self._totals()}</p>{self._settings_in_html()}"
        )

    def _settings_in_html(self) -> str:
        rows = "".join(
            f'<tr><td style="text-align:left">{html.escape(name)}</td>'
            f'<td style="text-align:left">{html.escape(text)}</td></tr>'
            for name, text in show_settings(self.settings).items()
        )
        return f"<table><caption>Settings</caption>{rows}</table>" if rows else ""

    def _title(self) -> str:
        steps = " of t steps" if "t" in self.input_shape else ""
        shape = _write(self.input_shape)
        return f"{self.estimator_name}, input {shape}: n rows{steps}"

    def _totals(self) -> str:
        return (
            f"{self.n_parameters:,} parameters: {self.n_trainable:,} trainable, "
            f"{self.n_frozen:,} frozen"
        )

    def _cells(self) -> list[tuple[str, ...]]:
        return [
            (
                layer.name,
                layer.kind,
                _write(layer.output_shape),
                f"{layer.n_trainable + layer.n_frozen:,}",
                _trained(layer),
            )
            for layer in self.layers
        ]


_HEADS = ("layer", "kind", "output shape", "parameters", "trained")
_NUMBERS = (3,)


def summary(estimator: Any, X: Any = None, y: Any = None) -> NetworkSummary:
    """Show the layers of a network, their shapes and parameters, and its settings.

    Parameters
    ----------
    estimator : estimator or Pipeline
        An estimator of this package; it is not changed. If it is not fitted, X and y
        determine its network. In a Pipeline, a fitted search or a tuned threshold, the
        last step is looked at, and the other steps transform X.
    X : array-like, default=None
        Rows, as for `fit`. A fitted estimator needs none, and raises an error for rows
        that do not suit its network.
    y : array-like, default=None
        Targets, as for `fit`, if the estimator is not fitted.

    Returns
    -------
    NetworkSummary
        The layers as a table, the total numbers of parameters, and the settings of the
        fit. Each setting is a fitted attribute as well, such as ``batch_size_``.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted and X is None.
    ValueError
        If X or y cannot be used.

    Notes
    -----
    Nothing is trained, and shapes are those of artificial rows. If a large network is
    fitted, its weights take no extra memory, except in recurrent networks and in your
    own modules.
    The numbers of parameters include all weights that the gradient can train, and the
    weights of n-grams, which a solver finds. They do not include running means of batch
    norms and the scaling of the input. Dropout with probability zero is left out.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_suite import MLPClassifier, summary
    >>> X, y = load_iris(return_X_y=True)
    >>> summary(MLPClassifier((10,)), X, y)
    MLPClassifier, input (n, 4): n rows
    --------------------------------------------------------
    layer          kind    output shape  parameters  trained
    linears.0      Linear  (n, 10)               50  yes
    activations.0  ReLU    (n, 10)                0  -
    linears.1      Linear  (n, 3)                33  yes
    --------------------------------------------------------
    83 parameters: 83 trainable, 0 frozen
    Settings
    weight_init_    glorot
    solver_         adam
    learning_rate_  0.001
    schedule_       constant
    max_iter_       200
    batch_size_     150
    device_         cpu
    precision_      float64
    """
    estimator, X, y, *_ = look_inside(estimator, X, y)
    check_ours(estimator)
    if not estimator.__sklearn_is_fitted__():
        if X is None:
            name = type(estimator).__name__
            raise NotFittedError(
                f"This {name} is not fitted, and X is None. Expected a fitted one, or "
                "rows that determine the size of its network. Pass X, and y if there "
                "is a target, or call 'fit' first."
            )
        check_target(estimator, X, y)
        estimator = configured(estimator, X, y)
    elif X is not None:
        check_rows(estimator, take_rows(X, slice(min(count_rows(X), N_CHECKED))))
    module = bare_module(estimator)
    seen, input_shape = look(estimator, module)
    trained = {id(p) for p in module.parameters() if p.requires_grad}
    frozen = {id(p) for p in module.parameters()} - trained
    sizes = {id(p): p.numel() for p in module.parameters()}
    layers = []
    counted: set[int] = set()
    for name, part, numbers in _parts(module, seen):
        own = {id(p) for p in numbers} - counted
        counted |= own
        fixed = 0
        if isinstance(part, WideBranch):
            fixed = sum(buffer.numel() for buffer in part.buffers())
        layers.append(
            LayerSummary(
                name or "network",
                "Parameter" if part is None else type(part).__name__,
                seen[name].shape if name in seen else (),
                sum(sizes[i] for i in own & trained),
                sum(sizes[i] for i in own & frozen) + fixed,
            )
        )
    name = type(estimator).__name__
    settings, note = settings_of(estimator), _note_on(estimator)
    return NetworkSummary(name, input_shape, layers, settings, note)


def _note_on(estimator: Any) -> str:
    """Explain the shapes of networks for mixed tables, which lie side by side."""
    network = estimator._net.network
    if network.kind != "tabular_pack":
        return ""
    config, n = network.config, len(network.config["sizes"])
    counts = {
        "number": config["n_numbers"],
        "flag": config["n_flags"],
        "category": len(config["n_choices"]) + len(config["n_codes"]),
    }
    parts = [_count(number, what) for what, number in counts.items() if number]
    read = f"{_count(estimator.n_features_in_, 'column')} read as {', '.join(parts)}"
    return f"{_count(n, 'network')} side by side (networks, rows, units); {read}"


def _count(n: int, what: str) -> str:
    plural = what.removesuffix("y") + "ies" if what.endswith("y") else f"{what}s"
    return f"{n} {what if n == 1 else plural}"


def _parts(
    module: nn.Module, seen: dict[str, Seen]
) -> Iterator[tuple[str, nn.Module | None, list[nn.Parameter]]]:
    """Layers in the order of computation, each with its parameters."""
    found: list[tuple[int, str, nn.Module | None, list[nn.Parameter]]] = []

    def walk(name: str, part: nn.Module, parent: int) -> None:
        inside = f"{name}." if name else ""
        below = [n for other, (n, _) in seen.items() if other.startswith(inside)]
        is_leaf = not any(other.startswith(inside) for other in seen if other != name)
        number = seen[name].number if name in seen else max(below, default=parent)
        own = list(part.parameters())
        is_leaf = is_leaf and (name in seen or not list(part.children()))
        if isinstance(part, WHOLE) or is_leaf:
            if name in seen or own:
                found.append((number, name, part, own))
            return
        for own_name, p in part.named_parameters(recurse=False):
            found.append((number, inside + own_name, None, [p]))
        for child_name, child in part.named_children():
            walk(inside + child_name, child, number)

    walk("", module, len(seen))
    for _, name, part, parameters in sorted(found, key=lambda row: row[0]):
        does_nothing = isinstance(part, nn.Identity) or (
            isinstance(part, Dropout | SpatialDropout | nn.Dropout) and part.p == 0
        )
        if not does_nothing:
            yield name, part, parameters


def _write(shape: tuple[int | str, ...]) -> str:
    return f"({', '.join(map(str, shape))})" if shape else "-"


def _trained(layer: LayerSummary) -> str:
    if not layer.n_trainable + layer.n_frozen:
        return "-"
    if layer.n_trainable and layer.n_frozen:
        return "in part"
    return "yes" if layer.n_trainable else "no"
