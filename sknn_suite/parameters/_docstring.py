"""Docstrings that list inherited parameters and attributes, and name the groups."""

import functools
import inspect
import re
import textwrap
from collections.abc import Collection, Iterable
from typing import Any

from sknn_suite.parameters._groups import GROUPS

# numpydoc's order.
_TITLES = (
    "Parameters",
    "Other Parameters",
    "Attributes",
    "See Also",
    "Notes",
    "References",
    "Examples",
)


def parameter_entries(docstring: str | None) -> dict[str, str]:
    """Split the parameters of a numpydoc docstring, rare ones too, into entries."""
    usual = section_entries(docstring, "Parameters")
    return usual | section_entries(docstring, "Other Parameters")


def section_entries(docstring: str | None, title: str) -> dict[str, str]:
    """Split a section of a numpydoc docstring, such as "Attributes", into entries."""
    _, sections = _split(docstring or "")
    return _entries(sections.get(title, ""))


def bare_docstring(cls: type, defaults: dict[str, Any]) -> str:
    """Docstring of a class without one: its own parameters, of which no text is known.

    Without these entries, texts of its bases would describe what it has declared anew.

    Parameters
    ----------
    cls : type
        The class.
    defaults : dict of str to object
        Defaults of the parameters that it declares itself.
    """
    entries = [f"{name} : default={default!r}" for name, default in defaults.items()]
    summary = f"{cls.__name__} is derived from {cls.__bases__[0].__name__}."
    sections = ["Parameters\n----------\n" + "\n\n".join(entries)] if entries else []
    return "\n\n".join([summary, *sections])


def full_docstring(
    cls: type, groups: dict[str, list[str]], defaults: dict[str, Any]
) -> str:
    """Docstring of a class that lists what its bases declare as well.

    Parameters
    ----------
    cls : type
        The class, whose docstring describes what it declares itself.
    groups : dict of str to list of str
        Its parameters by group, in the order in which to list them.
    defaults : dict of str to object
        Defaults that replace those in the entries of its bases.
    """
    summary, own = _split(cls.__doc__ or "")
    inherited: dict[str, str] = {}
    attributes: dict[str, str] = {}
    for base in reversed(cls.__mro__[1:]):
        docstring = base.__dict__.get("__doc__")
        inherited |= parameter_entries(docstring)
        attributes |= section_entries(docstring, "Attributes")
    settled = getattr(cls, "_settles", {})
    attributes = {n: e for n, e in attributes.items() if not _needs(e, settled)}
    for name in defaults.keys() & inherited.keys():
        inherited[name] = _tell_default(inherited[name], defaults[name])
    entries = inherited | parameter_entries(cls.__doc__)
    own_attributes = _entries(own.get("Attributes", ""))
    rare = groups.get("rare", [])
    usual = [n for names in groups.values() for n in names if n not in rare]
    sections = own | {
        "Parameters": _join(entries, usual),
        "Other Parameters": _join(entries, rare),
        "Attributes": _join(attributes | own_attributes, own_attributes | attributes),
    }
    if len(groups) > 1:
        notes = [own["Notes"]] if "Notes" in own else []
        sections["Notes"] = "\n\n".join([*notes, _list_groups(groups)])
    titles = sorted(sections, key=lambda t: _TITLES.index(t) if t in _TITLES else 99)
    told = [f"{t}\n{'-' * len(t)}\n{sections[t]}" for t in titles if sections[t]]
    return "\n\n".join([summary, *told])


@functools.lru_cache(maxsize=64)
def _split(docstring: str) -> tuple[str, dict[str, str]]:
    """Split a docstring into what comes before its sections, and these by title."""
    text = inspect.cleandoc(docstring)
    summary, *parts = re.split(r"\n\n(\S[^\n]*)\n-{3,}\n", text)
    return summary, dict(zip(parts[::2], parts[1::2]))


@functools.lru_cache(maxsize=64)
def _entries(section: str) -> dict[str, str]:
    """Split a section into entries by name."""
    parts = re.split(r"\n(?=\S)", section.strip("\n")) if section else []
    return {part.split(" :", 1)[0].strip(): part.strip("\n") for part in parts}


def _join(entries: dict[str, str], names: Iterable[str]) -> str:
    return "\n\n".join(entries[name] for name in names if name in entries)


def _needs(entry: str, settled: Collection[str]) -> bool:
    """Whether an attribute is there only with a parameter that no user sets."""
    found = re.search(r"^ +With `(\w+)`:", entry, re.MULTILINE)
    return found is not None and found[1] in settled


def _list_groups(groups: dict[str, list[str]]) -> str:
    """List parameters by group, each group as one entry of a definition list."""
    lines = ["The parameters by group:", ""]
    for group, names in groups.items():
        members = ", ".join(f"`{name}`" for name in names)
        lines += [GROUPS[group], textwrap.indent(textwrap.fill(members, 80), "    ")]
    return "\n".join(lines)


def _tell_default(entry: str, default: Any) -> str:
    """Change the default at the end of an entry's heading."""
    shown = repr(default).replace("'", '"')
    return re.sub(r"default=.*", lambda _: f"default={shown}", entry, count=1)
