"""Groups of parameters, in the order in which a reader needs them."""

import inspect
from dataclasses import fields

# Each group, and the heading that documentation gives it.
GROUPS = {
    "network": "Network",
    "texts": "Texts",
    "images": "Images",
    "rows": "Rows",
    "scores": "Scores",
    "training": "Training",
    "stopping": "Stopping",
    "decisions": "Decisions",
    "regularisation": "Regularisation",
    "schedule": "Learning rate schedule",
    "hardware": "Hardware",
    "rare": "Rarely changed",
}


def groups_of(cls: type) -> dict[str, list[str]]:
    """List the parameters of a class by group.

    Parameters
    ----------
    cls : type
        A class made by `parameters`, such as an estimator.

    Returns
    -------
    dict of str to list of str
        The names in each group that has any, both in the order of the documentation:
        groups as in `GROUPS`; in a group what the class itself declares, then what its
        bases declare, each in the order of declaration.
    """
    group_of = {f.name: f.metadata["group"] for f in fields(cls)}  # type: ignore[arg-type]
    names: dict[str, None] = {}
    for owner in cls.__mro__:
        own = vars(owner).get("__dataclass_fields__", group_of)
        for name in inspect.get_annotations(owner):
            # Another default does not move a parameter to the front.
            if name in group_of and not own[name].metadata["redefaulted"]:
                names.setdefault(name)
    found = {g: [n for n in names if group_of[n] == g] for g in GROUPS}
    return {group: members for group, members in found.items() if members}
