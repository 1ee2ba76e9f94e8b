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

_SECTION = r"^{title}\n-+\n(.*?)(?=\n\n\S[^\n]*\n-{{3,}}\n|\Z)"


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
    """Give an inherited parameter another default; its constraint stays.

    So does its text, unless the class has one of its own.
    """
    inherited = {f.name: f for f in fields(owner)}[name]
    return field(
        default=default, kw_only=inherited.kw_only, metadata=dict(inherited.metadata)
    )


# `param` is not named a field specifier: type checkers would then look for a keyword
# `default`, and without it take every parameter for a required one.
@dataclass_transform(eq_default=False, kw_only_default=True)
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
    if cls.__doc__ is not None:  # it is with python -OO
        parameter_names = list(inspect.signature(cls).parameters)
        own = inspect.get_annotations(cls)
        defaults = {f.name: f.default for f in declared if f.name in own}
        cls.__doc__ = _with_section(cls, "Parameters", parameter_names, defaults)
        cls.__doc__ = _with_section(cls, "Attributes")
    return cls


def section_entries(docstring: str | None, title: str) -> dict[str, str]:
    """Split a section of a numpydoc docstring, such as "Parameters", into entries."""
    section = _find_section(inspect.cleandoc(docstring or ""), title)
    if section is None:
        return {}
    entries: dict[str, str] = {}
    for entry in re.split(r"\n(?=\S)", section[1].strip("\n")):
        entries[entry.split(" :", 1)[0].strip()] = entry.strip("\n")
    return entries


def _find_section(text: str, title: str) -> re.Match | None:
    return re.search(_SECTION.format(title=title), text, re.M | re.S)


def _with_section(
    cls: type,
    title: str,
    names: list[str] | None = None,
    defaults: dict[str, Any] | None = None,
) -> str:
    """Docstring of a class whose section lists what its bases declare as well.

    `names` chooses and orders the entries; by default all are listed, own ones first.
    `defaults` are told in place of those that inherited entries tell.
    """
    own = section_entries(cls.__doc__, title)
    inherited: dict[str, str] = {}
    for base in reversed(cls.__mro__[1:]):
        inherited |= section_entries(base.__dict__.get("__doc__"), title)
    for name, default in (defaults or {}).items():
        if name in inherited:
            inherited[name] = _tell_default(inherited[name], default)
    entries = own | {key: text for key, text in inherited.items() if key not in own}
    if names is not None:
        entries = {name: entries[name] for name in names if name in entries}
    text = inspect.cleandoc(cls.__doc__ or "")
    if not entries:
        return text
    body = "\n\n".join(entries.values())
    section = f"{title}\n{'-' * len(title)}\n{body}"
    found = _find_section(text, title)
    if found is not None:
        return text[: found.start()] + section + text[found.end() :]
    before, heading, after = text.partition("\n\nAttributes\n")
    return f"{before}\n\n{section}{heading}{after}"


def _tell_default(entry: str, default: Any) -> str:
    """Change the default at the end of an entry's heading."""
    shown = repr(default).replace("'", '"')
    return re.sub(r"default=.*", lambda _: f"default={shown}", entry, count=1)
