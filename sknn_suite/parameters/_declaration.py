"""Parameters of estimators, each declared once: name, type, default, constraint, text.

A class decorated with `parameters` is a keyword-only dataclass whose fields are the
constructor's parameters. Subclasses inherit them; scikit-learn's
``_parameter_constraints`` is collected from the fields, and the docstring of every
class lists the inherited parameters with their texts from the class that declares them.
Each parameter belongs to a group, which decides its place in signature and docstring.
"""

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, field, fields
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar, dataclass_transform, overload

from sknn_suite.parameters._docstring import bare_docstring, full_docstring
from sknn_suite.parameters._groups import GROUPS, groups_of
from sknn_suite.parameters._words import refuse_places, words_of_init

T = TypeVar("T")


def param(
    default: Any, *constraints: Any, group: str | None = None, kw_only: bool = True
) -> Any:
    """Declare a parameter.

    Parameters
    ----------
    default : object
        Its default, immutable.
    *constraints : object
        What scikit-learn's parameter validation accepts: ``Interval``,
        ``StrOptions``, types, None, "boolean", ... Any one of them must hold.
    group : str or None, default=None
        Where documentation lists it, one of `GROUPS`. None keeps the group of the
        inherited parameter of this name; without one it takes that of the class.
    kw_only : bool, default=True
        Whether the constructor takes it by name only.
    """
    metadata = {"constraints": list(constraints), "group": group, "redefaulted": False}
    return field(default=default, kw_only=kw_only, metadata=metadata)


def redefault(name: str, owner: type, default: Any) -> Any:
    """Give an inherited parameter another default; its constraint and group stay.

    So does its text, unless the class has one of its own.
    """
    inherited = {f.name: f for f in fields(owner)}[name]
    metadata = {**inherited.metadata, "redefaulted": True}
    return field(default=default, kw_only=inherited.kw_only, metadata=metadata)


@overload
def parameters(cls: type[T], /) -> type[T]: ...
@overload
def parameters(
    *,
    group: str,
    settles: dict[str, Any] | None = None,
    reasons: dict[str, str] | None = None,
) -> Callable[[type[T]], type[T]]: ...


# `param` is not named a field specifier: type checkers would then look for a keyword
# `default`, and without it take every parameter for a required one.
@dataclass_transform(eq_default=False, kw_only_default=True)
def parameters(
    cls: Any = None,
    /,
    *,
    group: str | None = None,
    settles: dict[str, Any] | None = None,
    reasons: dict[str, str] | None = None,
) -> Any:
    """Turn annotated class attributes made by `param` into constructor parameters.

    Parameters
    ----------
    cls : type
        The class.
    group : str or None, default=None
        Group of the parameters that it declares without a group.
    settles : dict of str to object, default=None
        Inherited parameters that are none of this class, with the values that it
        settles: they are attributes of the class, which no user sets.
    reasons : dict of str to str, default=None
        Why some of them are settled, and what to do instead: what follows the name of
        the class in an error. ``{word}`` is what the user wrote.
    """
    if cls is None:
        return lambda cls: _make(cls, group, settles, reasons)
    return _make(cls, group, settles, reasons)


def _make(
    cls: type[T],
    group: str | None,
    settles: dict[str, Any] | None = None,
    reasons: dict[str, str] | None = None,
) -> type[T]:
    if settles is not None:
        told = {name: (reasons or {}).get(name, "") for name in settles}
        cls._settles = MappingProxyType(told)  # type: ignore[attr-defined]
    for name, value in (settles or {}).items():
        cls.__annotations__[name] = ClassVar[Any]  # which dataclasses leave out
        setattr(cls, name, value)
    own = inspect.get_annotations(cls)
    for name in own:
        if _is_field(cls, name):
            _set_group(cls, name, vars(cls)[name], group)
    if not vars(cls).get("__doc__"):
        declared = {n: vars(cls)[n].default for n in own if _is_field(cls, n)}
        cls.__doc__ = bare_docstring(cls, declared)
    cls = dataclass(eq=False, repr=False, kw_only=True)(cls)
    all_fields = fields(cls)  # type: ignore[arg-type]
    for f in all_fields:
        if f.default is MISSING:
            raise TypeError(f"Parameter '{f.name}' of {cls.__name__} has no default.")
    cls._parameter_constraints = {  # type: ignore[attr-defined]
        f.name: f.metadata["constraints"] for f in all_fields
    }
    _explain_words(cls)
    groups = groups_of(cls)
    _order_signature(cls, [name for names in groups.values() for name in names])
    if cls.__doc__ is not None:  # it is with python -OO
        defaults = {f.name: f.default for f in all_fields if f.name in own}
        cls.__doc__ = full_docstring(cls, groups, defaults)
    return cls


def _is_field(cls: type, name: str) -> bool:
    return isinstance(vars(cls).get(name), Field)


def _set_group(cls: type, name: str, declared: Field, default: str | None) -> None:
    """Settle the group of a parameter that a class declares."""
    inherited: dict[str, Field] = {}
    for base in reversed(cls.__mro__[1:]):
        inherited |= vars(base).get("__dataclass_fields__", {})
    group = declared.metadata["group"]
    if group is None and name in inherited:
        group = inherited[name].metadata["group"]
    group = default if group is None else group
    if group not in GROUPS:
        raise TypeError(
            f"Parameter '{name}' of {cls.__name__} has the group {group!r}. Expected "
            f"one of {', '.join(GROUPS)}. Name it in `param`, or in `parameters` for "
            "the whole class."
        )
    declared.metadata = MappingProxyType({**declared.metadata, "group": group})


def _explain_words(cls: type) -> None:
    """Let the constructor name our parameter where a word of others was written."""
    generated: Any = vars(cls)["__init__"]
    names = frozenset(f.name for f in fields(cls))  # type: ignore[arg-type]
    places = [f.name for f in fields(cls) if not f.kw_only]  # type: ignore[arg-type]

    @functools.wraps(generated)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        if not kwargs.keys() <= names:
            words_of_init(type(self), names, kwargs)
        if len(args) > len(places):
            refuse_places(type(self), places, args)
        generated(self, *args, **kwargs)

    cls.__init__ = __init__  # type: ignore[misc]


def _order_signature(cls: type, names: list[str]) -> None:
    """Show keyword-only parameters in the order of the documentation."""
    function: Any = vars(cls)["__init__"]
    signature = inspect.signature(function)
    place = {name: i for i, name in enumerate(names)}

    def rank(parameter: inspect.Parameter) -> tuple[int, int]:
        by_name = parameter.kind is parameter.KEYWORD_ONLY
        return parameter.kind, place[parameter.name] if by_name else 0

    ordered = sorted(signature.parameters.values(), key=rank)
    function.__signature__ = signature.replace(parameters=ordered)
