"""Draft: what a fit learns, until the estimator takes it or the fit fails."""

import functools
from typing import Any


class Draft:
    """An estimator while it is being fitted.

    Parameters are read from the estimator. Fitted attributes are written here, under
    the names that the estimator will show. It takes them all at once after training, so
    a fit that fails changes nothing.

    Parameters
    ----------
    estimator : estimator
        The estimator whose parameters are read.
    resumes : bool
        Whether its fitted attributes are read as well, for a call that continues.
    """

    def __init__(self, estimator: Any, resumes: bool) -> None:
        fitted = {} if resumes else fitted_attributes(estimator)
        self.__dict__["_draft"] = (estimator, fitted)

    def __getattr__(self, name: str) -> Any:
        # Python asks this only for names that were not written here.
        if name == "_draft":  # copies ask before it is set
            raise AttributeError(name)
        estimator, hidden = self._draft
        if name in hidden:
            raise AttributeError(f"{name} belongs to an earlier fit")
        return getattr(estimator, name)

    @property
    def estimator(self) -> Any:
        """The estimator, as it was before the fit."""
        return self._draft[0]

    @property
    def learnt(self) -> dict[str, Any]:
        """The attributes written so far."""
        return {name: v for name, v in vars(self).items() if name != "_draft"}


def draft(estimator: Any, *, resumes: bool) -> Any:
    """Make a draft with the class name of the estimator, for error texts."""
    return _class_for(type(estimator).__name__)(estimator, resumes)


@functools.cache
def _class_for(name: str) -> type[Draft]:
    return type(name, (Draft,), {})


def fitted_attributes(estimator: Any) -> dict[str, Any]:
    """Collect what earlier fits have left on an estimator."""
    return {
        name: value
        for name, value in vars(estimator).items()
        if (name.endswith("_") and not name.startswith("_")) or name in PRIVATE
    }


# Fitted attributes that are not for users: the net, and what later calls continue from.
PRIVATE = ("_net", "_memory", "_scores", "_pixel_unit", "_ngram_fit")
