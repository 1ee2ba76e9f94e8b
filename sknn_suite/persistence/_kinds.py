"""Kinds: which classes a file may name, what each holds, and who checks it."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sklearn.base import BaseEstimator

from sknn_suite.doors import validate_parameter_constraints

# Raises ValueError unless the value may be the attribute of this object's other ones.
Check = Callable[[Any], None]


# Parameters that came after the first files of format 1. A file without them has their
# defaults; every other parameter must be there.
LATER = frozenset({"batch_sampling", "decision_threshold", "probabilities"})


def _keep(value: Any) -> None:
    """Check nothing: `Kind.verify` does."""


@dataclass(frozen=True)
class Kind:
    """A class that a file may hold.

    Parameters
    ----------
    cls : type
        The class.
    name : str
        Its name in files.
    attributes : mapping of str to Check
        What its objects hold beside parameters; all, or none if unfitted.
    optional : mapping of str to Check
        What they may hold.
    verify : callable
        Checks an object as a whole; raises ValueError.
    tensors : frozenset of str
        Attributes whose arrays are weights.
    dropped : frozenset of str
        Attributes that are not written, because only training reads them.
    derived : mapping of str to callable
        Attributes that are not written, because they follow from the others.
    written : mapping of str to callable
        Attributes that are written as another value; each function returns it.
    unfitted : bool
        Whether only the parameters are written, because no prediction reads the rest.
    """

    cls: type
    name: str
    attributes: Mapping[str, Check] = field(default_factory=dict)
    optional: Mapping[str, Check] = field(default_factory=dict)
    verify: Callable[[Any], None] = _keep
    tensors: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    derived: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    written: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    unfitted: bool = False

    def parameters(self) -> frozenset[str]:
        """Names of the constructor's parameters, for an estimator."""
        if issubclass(self.cls, BaseEstimator):
            kind: Any = self.cls
            return frozenset(kind._get_param_names())
        return frozenset()

    def state(self, value: Any) -> dict[str, Any]:
        """Collect what an object holds, as it is written.

        Raises
        ------
        ValueError
            If it holds something that the format does not know.
        """
        state = dict(value.__getstate__() or {})
        state.pop("_sklearn_version", None)
        for name in (*self.dropped, *self.derived):
            state.pop(name, None)
        if self.unfitted:
            state = {name: state[name] for name in self.parameters()}
        state |= {
            name: make(value) for name, make in self.written.items() if name in state
        }
        self._refuse_names(state)
        return state

    def build(self, state: dict[str, Any]) -> Any:
        """Make an object; no constructor runs, and nothing is unchecked."""
        missing = (self.parameters() & LATER) - state.keys()
        state = {**{n: self._default(n) for n in missing}, **state}
        self._refuse_names(state)
        parameters = {n: state[n] for n in self.parameters()}
        constraints = getattr(self.cls, "_parameter_constraints", None)
        if parameters and constraints:
            known = {n: c for n, c in constraints.items() if n in parameters}
            validate_parameter_constraints(known, parameters, self.cls.__name__)
        for name, value in state.items():
            check = self.attributes.get(name) or self.optional.get(name)
            if check is not None:
                try:
                    check(value)
                except ValueError as error:
                    raise ValueError(f"{name} of {self.name} {error}") from error
        kind: Any = self.cls
        made = kind.__new__(kind)
        own = not issubclass(self.cls, BaseEstimator)
        if own and hasattr(self.cls, "__setstate__"):
            made.__setstate__(state)
        else:
            made.__dict__.update(state)
        if not self.attributes or self.attributes.keys() <= state.keys():
            self.verify(made)
            for name, derive in self.derived.items():
                made.__dict__[name] = derive(made)
        return made

    def _default(self, name: str) -> Any:
        return inspect.signature(self.cls).parameters[name].default

    def _refuse_names(self, state: Mapping[str, Any]) -> None:
        parameters, fitted = self.parameters(), set(self.attributes)
        if fitted.isdisjoint(state) and parameters:
            fitted = set()  # not fitted yet
        missing = sorted((parameters | fitted) - state.keys())
        if missing:
            raise ValueError(f"{self.name} has no {missing[0]}")
        odd = sorted(state.keys() - parameters - fitted - self.optional.keys())
        if odd:
            raise ValueError(f"{self.name} has an attribute {odd[0][:40]!r}")
