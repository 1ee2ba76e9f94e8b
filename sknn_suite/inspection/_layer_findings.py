"""Findings about layers: dead and saturated units, gradients, updates."""

import math
from collections.abc import Container

from sknn_suite.inspection._finding import Finding, percent
from sknn_suite.inspection._layers import LayerReport

# Beyond these limits there is a finding. As a rule of thumb, the ratio of an update to
# its weights is about 1e-3 when training goes well. A quarter of the units is often
# dead in networks that learn well.
DEAD = 0.3
SATURATED = 0.5
LARGE_UPDATE = 0.05
SMALL_UPDATE = 1e-6
VANISHING = 1e-2

# If more layers than this need the same advice, they share one sentence.
MOST_LAYERS = 2


def find_in_layers(
    layers: list[LayerReport], large: float, acting: Container[str]
) -> list[Finding]:
    """Find what is wrong with layers.

    Parameters
    ----------
    layers : list of LayerReport
        The reports.
    large : float
        An update that is too large.
    acting : container of str
        Names of the estimator's parameters; no others are recommended.

    Returns
    -------
    list of Finding
        What is wrong.
    """
    dead, saturated, fast, slow = [], [], [], []
    for layer in layers:
        if layer.dead > DEAD and math.isnan(layer.saturated):
            dead.append((layer.name, layer.dead))
        if layer.saturated > SATURATED:
            saturated.append((layer.name, layer.saturated))
        if layer.update_ratio > large:
            fast.append((layer.name, layer.update_ratio))
        if layer.update_ratio < SMALL_UPDATE:
            slow.append((layer.name, layer.update_ratio))
    return [
        *_say(
            "dead units",
            dead,
            "{share} of its units never fire",
            "lower learning_rate_init"
            + (" or use leaky_relu" if "activation" in acting else ""),
        ),
        *_say(
            "saturated units",
            saturated,
            "{share} of its outputs are saturated",
            "scale X or lower learning_rate_init"
            if "batch_norm" not in acting
            else "scale X, lower learning_rate_init or set batch_norm=True",
        ),
        *_say(
            "large updates",
            fast,
            "one step changes its weights by {share}",
            "lower learning_rate_init",
        ),
        *_say(
            "small updates",
            slow,
            "its weights hardly move",
            "raise learning_rate_init or scale X",
        ),
        *_find_vanishing(layers, acting),
    ]


def _find_vanishing(layers: list[LayerReport], acting: Container[str]) -> list[Finding]:
    trained = [layer for layer in layers if not math.isnan(layer.gradient_norm)]
    if len(trained) < 2:
        return []
    first, last = trained[0].gradient_norm, trained[-1].gradient_norm
    if first >= VANISHING * last:
        return []
    remedies = "take fewer layers"
    if "batch_norm" in acting:
        remedies = f"set batch_norm=True or {remedies}"
    if "activation" in acting:
        remedies = f"use relu, {remedies}"
    sentence = (
        f"{trained[0].name}: its gradient is {last / max(first, 1e-300):.0f} times "
        f"smaller than the output's; {remedies}."
    )
    return [Finding("vanishing gradient", sentence)]


def _say(
    kind: str, found: list[tuple[str, float]], what: str, remedy: str
) -> list[Finding]:
    """Make one finding per layer, or one for many that names the worst layer."""
    if len(found) > MOST_LAYERS:
        name, share = max(found, key=lambda layer: layer[1])
        what = what.format(share=percent(share))
        return [Finding(kind, f"{len(found)} layers, as {name}: {what}; {remedy}.")]
    return [
        Finding(kind, f"{name}: {what.format(share=percent(share))}; {remedy}.")
        for name, share in found
    ]
