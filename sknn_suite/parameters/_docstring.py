"""Docstrings that list inherited parameters and attributes, and name the groups."""

import inspect
import re
import textwrap
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
_SECTION = r"^{title}\n-+\n(.*?)(?=\n\n\S[^\n]*\n-{{3,}}\n|\Z)"


def parameter_entries(docstring: str | None) -> dict[str, str]:
    """Split the parameters of a numpydoc docstring, rare ones too, into entries."""
    usual = section_entries(docstring, "Parameters")
    return usual | section_entries(docstring, "Other Parameters")


def section_entries(docstring: str | None, title: str) -> dict[str, str]:
    """Split a section of a numpydoc docstring, such as "Attributes", into entries."""
    section = _find_section(inspect.cleandoc(docstring or ""), title)
    if section is None:
        return {}
    entries: dict[str, str] = {}
    for entry in re.split(r"\n(?=\S)", section[1].strip("\n")):
        entries[entry.split(" :", 1)[0].strip()] = entry.strip("\n")
    return entries


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
    text = inspect.cleandoc(cls.__doc__ or "")
    inherited: dict[str, str] = {}
    attributes: dict[str, str] = {}
    for base in reversed(cls.__mro__[1:]):
        inherited |= parameter_entries(base.__dict__.get("__doc__"))
        attributes |= section_entries(base.__dict__.get("__doc__"), "Attributes")
    for name in defaults.keys() & inherited.keys():
        inherited[name] = _tell_default(inherited[name], defaults[name])
    entries = inherited | parameter_entries(text)
    rare = groups.get("rare", [])
    usual = [n for names in groups.values() for n in names if n not in rare]
    for title, names in (("Parameters", usual), ("Other Parameters", rare)):
        chosen = [entries[name] for name in names if name in entries]
        text = _put_section(text, title, "\n\n".join(chosen))
    own = section_entries(text, "Attributes")
    every = own | {name: told for name, told in attributes.items() if name not in own}
    text = _put_section(text, "Attributes", "\n\n".join(every.values()))
    if len(groups) > 1:
        notes = _find_section(text, "Notes")
        told = f"{notes[1]}\n\n" if notes else ""
        text = _put_section(text, "Notes", told + _list_groups(groups))
    return text


def _list_groups(groups: dict[str, list[str]]) -> str:
    """List parameters by group, each group as one entry of a definition list."""
    lines = ["The parameters by group:", ""]
    for group, names in groups.items():
        members = ", ".join(f"`{name}`" for name in names)
        lines += [GROUPS[group], textwrap.indent(textwrap.fill(members, 80), "    ")]
    return "\n".join(lines)


def _find_section(text: str, title: str) -> re.Match | None:
    return re.search(_SECTION.format(title=title), text, re.M | re.S)


def _put_section(text: str, title: str, body: str) -> str:
    """Replace a section, or add it where numpydoc wants it; nothing for no body."""
    found = _find_section(text, title)
    section = f"{title}\n{'-' * len(title)}\n{body}" if body else ""
    if found is not None:
        before, after = text[: found.start()], text[found.end() :]
        return f"{before}{section}{after}" if section else before.rstrip() + after
    if not section:
        return text
    later = _TITLES[_TITLES.index(title) + 1 :]
    for following in filter(None, (_find_section(text, t) for t in later)):
        start = following.start()
        return f"{text[:start]}{section}\n\n{text[start:]}"
    return f"{text}\n\n{section}"


def _tell_default(entry: str, default: Any) -> str:
    """Change the default at the end of an entry's heading."""
    shown = repr(default).replace("'", '"')
    return re.sub(r"default=.*", lambda _: f"default={shown}", entry, count=1)
