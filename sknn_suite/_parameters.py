"""Parameters of estimators, each declared once: name, type, default, constraint, text.

A class decorated with `parameters` is a keyword-only dataclass whose fields are the
constructor's parameters. Subclasses inherit them; scikit-learn's
``_parameter_constraints`` is collected from the fields, and the docstring of every
class lists the inherited parameters, whose text stands in the class that declares them.
"""

import inspect
import re
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")

_SECTION = re.compile(
    r"^Parameters\n-{10}\n(.*?)(?=\n\n\S[^\n]*\n-{3,}\n|\Z)", re.M | re.S
)


def param(default: Any, *constraints: Any, kw_only: bool = True) -> Any:
    """Declare a parameter.

    Parameters
    ----------
    default : object
        Its default, immutable.
    *constraints : object
        What scikit-learn's parameter validation accepts: ``Interval``,
        ``StrOptions``, types, None, "boolean", ... Any one of them must hold.
    kw_only : bool, default=True
        Whether the constructor takes it by name only.
    """
    return field(
        default=default, kw_only=kw_only, metadata={"constraints": list(constraints)}
    )


def redefault(name: str, owner: type, default: Any) -> Any:
    """Give an inherited parameter another default; its constraint stays."""
    inherited = {f.name: f for f in fields(owner)}[name]
    return field(
        default=default, kw_only=inherited.kw_only, metadata=dict(inherited.metadata)
    )


@dataclass_transform(
    eq_default=False, kw_only_default=True, field_specifiers=(param, redefault)
)
def parameters(cls: type[T]) -> type[T]:
    """Turn annotated class attributes made by `param` into constructor parameters."""
    cls = dataclass(eq=False, repr=False, kw_only=True)(cls)
    declared = fields(cls)  # type: ignore[arg-type]
    cls._parameter_constraints = {  # type: ignore[attr-defined]
        f.name: f.metadata["constraints"] for f in declared
    }
    for f in declared:
        if f.default is MISSING:
            raise TypeError(f"Parameter '{f.name}' of {cls.__name__} has no default.")
    cls.__doc__ = _with_inherited_parameters(cls, [f.name for f in declared])
    return cls


def parameter_docs(docstring: str | None) -> dict[str, str]:
    """Split the Parameters section of a numpydoc docstring into its entries."""
    section = _SECTION.search(inspect.cleandoc(docstring or ""))
    if section is None:
        return {}
    entries: dict[str, str] = {}
    for entry in re.split(r"\n(?=\S)", section[1].strip("\n")):
        entries[entry.split(" :", 1)[0].strip()] = entry.strip("\n")
    return entries


def _with_inherited_parameters(cls: type, names: list[str]) -> str | None:
    if cls.__doc__ is None:  # python -OO
        return None
    docs: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        docs |= parameter_docs(base.__dict__.get("__doc__"))
    text = inspect.cleandoc(cls.__doc__)
    entries = "\n\n".join(docs[name] for name in names if name in docs)
    section = f"Parameters\n----------\n{entries}"
    if _SECTION.search(text):
        return _SECTION.sub(lambda match: section, text)
    before, heading, after = text.partition("\n\nAttributes\n")
    return f"{before}\n\n{section}{heading}{after}"
