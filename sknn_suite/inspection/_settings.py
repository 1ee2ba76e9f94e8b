"""The settings that a fit used, as `summary` shows them."""

from typing import Any

from sknn_suite.estimator import SETTLED
from sknn_suite.parameters import not_read_by


def settings_of(estimator: Any) -> dict[str, Any]:
    """Collect the fitted attributes that say what "auto" and None stood for."""
    return {
        name: getattr(estimator, name) for name in SETTLED if name in vars(estimator)
    }


def acting_parameters(estimator: Any) -> set[str]:
    """Names of the parameters that its network reads; no others are recommended."""
    names = set(estimator.get_params(deep=False))
    if hasattr(estimator, "image_shape_") and hasattr(estimator, "architecture"):
        names -= set(not_read_by(estimator._net.network.config["architecture"]))
    return names


def show_settings(settings: dict[str, Any]) -> dict[str, str]:
    """Write each setting as a word, a number or a list."""
    return {name: _write(value) for name, value in settings.items()}


def _write(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):
        parts = [f"{name} {_write(part)}" for name, part in value.items()]
        return ", ".join(parts) or "none"
    if value is None:
        return "none"
    return getattr(value, "__name__", str(value))
