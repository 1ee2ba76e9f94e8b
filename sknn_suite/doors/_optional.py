"""Import of packages that are not core dependencies."""

from importlib import import_module
from types import ModuleType

from sknn_suite.exceptions import MissingDependencyError


def import_optional(module: str, *, needed_by: str, extra: str) -> ModuleType:
    """Import `module`, or raise an error that names the extra to install.

    Parameters
    ----------
    module : str
        Dotted name of the module, for example "matplotlib.pyplot".
    needed_by : str
        Name of what the user called, for the message.
    extra : str
        The extra of sknn_suite that installs the package.

    Raises
    ------
    MissingDependencyError
        If the package is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise MissingDependencyError(
            f"{needed_by} needs the package '{package}', which is not installed. "
            f"It comes with the extra '{extra}'. "
            f"Install it with: pip install 'sknn_suite[{extra}]'"
        ) from error
