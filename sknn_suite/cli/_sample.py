"""Sample: the columns that predictions are to have, as in a sample of a submission."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sknn_suite.cli._dialect import pandas
from sknn_suite.cli._understanding import listed
from sknn_suite.exceptions import DataError


@dataclass(frozen=True)
class Sample:
    """A sample, and what each of its columns gets.

    Parameters
    ----------
    frame : DataFrame
        The sample.
    copied : list of str
        Columns that come from the table.
    by_class : dict of str to int
        Columns of probabilities, with the number of the class.
    decided : str or None
        The column of predicted labels or numbers.
    remarks : list of str
        What the user is told.
    """

    frame: Any
    copied: list[str]
    by_class: dict[str, int]
    decided: str | None
    remarks: list[str]

    @classmethod
    def understand(
        cls, frame: Any, names: list[str], model: Any, proba: bool
    ) -> "Sample":
        """Find out what the columns of a sample are.

        Parameters
        ----------
        frame : DataFrame
            The sample.
        names : list of str
            Columns of the table.
        model : AutoClassifier or AutoRegressor
            The model.
        proba : bool
            Whether the user asks for probabilities.

        Raises
        ------
        DataError
            If a column cannot be told.
        """
        target = model.notes_["target"]
        copied = [name for name in frame if name in names and name != target]
        wanted = [name for name in frame if name not in copied]
        classes = [str(label) for label in getattr(model, "classes_", [])]
        by_class = {
            name: place
            for name in wanted
            for place, label in enumerate(classes)
            if name != target and _is_of(name, label)
        }
        rest = [name for name in wanted if name not in by_class]
        if by_class and rest in ([], [target]):
            return cls(frame, copied, by_class, target if rest else None, [])
        if len(wanted) != 1:
            raise DataError(_not_one(wanted, model))
        (name,) = wanted
        remarks = []
        if name != target:
            remarks.append(
                f"Warning: the column {name!r} of the sample is neither the target "
                f"of the model, {target!r}, nor in the table. It gets the predictions "
                f"of {target!r}."
            )
        if not classes:
            return cls(frame, copied, {}, name, remarks)
        column = frame[name].dropna()
        if proba or (len(classes) == 2 and _has_probabilities(column, classes)):
            if len(classes) != 2:
                raise DataError(
                    f"--proba was given, but the sample has one column, {name!r}, for "
                    f"{len(classes)} classes. Expected a column for each class, such "
                    f"as 'proba_{classes[0]}'. Leave --proba out, or change --like."
                )
            reason = (
                "" if proba else ", since the sample has numbers between 0 and 1 there"
            )
            remarks.append(f"{name!r} is the probability of {classes[1]!r}{reason}.")
            return cls(frame, copied, {name: 1}, None, remarks)
        hint = "; --proba for probabilities" if len(classes) == 2 else ""
        odd = [value for value in column.unique() if not _is_class(value, classes)]
        if odd:
            remarks.append(
                f"Warning: {name!r} has {str(odd[0])!r} in the sample, which is no "
                f"class of the model. Its classes are {listed_classes(classes)}."
            )
        remarks.append(f"{name!r} gets labels{hint}.")
        return cls(frame, copied, {}, name, remarks)

    def fill(self, table: Any, labels: Any, scores: Any) -> Any:
        """Make the columns of the sample for the rows of a table."""
        columns: dict[str, Any] = {}
        for name in self.frame:
            if name in self.by_class:
                columns[name] = scores[:, self.by_class[name]]
            elif name == self.decided:
                columns[name] = labels
            else:
                columns[name] = table[name].to_numpy()
        return pandas().DataFrame(columns)

    def sort(self, result: Any, id_name: str | None) -> tuple[Any, list[str]]:
        """Put rows into the order of the sample, if it has the same ids.

        Returns
        -------
        result : DataFrame
            The rows.
        remarks : list of str
            Why they are in another order.
        """
        if not self.copied:
            return result, []
        key = id_name if id_name in self.copied else self.copied[0]
        ids, wanted = result[key].tolist(), self.frame[key].tolist()
        if wanted == ids or len(set(ids)) < len(ids):
            return result, []
        if set(wanted) != set(ids):
            what = "has other ids than"
            if set(wanted) < set(ids):
                what = f"has only {len(wanted):,} of the {len(ids):,} rows of"
            return result, [
                f"The sample {what} the table, so the rows and their order are those "
                "of the table."
            ]
        found = result.set_index(key).loc[wanted].reset_index()
        return found[list(self.frame.columns)], []


def _is_of(name: str, label: str) -> bool:
    """Whether the name of a column says that it is the probability of a class."""
    return name == label or name.endswith(f"_{label}")


def _is_class(value: Any, classes: list[str]) -> bool:
    if str(value) in classes:
        return True
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value)) in classes
    return False


def _has_probabilities(column: Any, classes: list[str]) -> bool:
    """Whether there are numbers from 0 to 1, some of them between, and no classes."""
    types = pandas().api.types
    if not types.is_numeric_dtype(column) or types.is_bool_dtype(column):
        return False
    values = column.to_numpy(float)
    between = (values > 0) & (values < 1)
    if not between.any() or values.min() < 0 or values.max() > 1:
        return False
    return not all(_is_class(value, classes) for value in column.unique())


def listed_classes(classes: list[str]) -> str:
    """Tell the names of the first classes."""
    shown = ", ".join(map(repr, classes[:5]))
    return shown + (f" and {len(classes) - 5} more" if len(classes) > 5 else "")


def _not_one(wanted: list[str], model: Any) -> str:
    notes = model.notes_
    own = notes["roles"].get("id")
    id_told = "no id" if own is None else f"the id {own!r}"
    start = "Every column of the sample is in the table"
    if wanted:
        start = (
            f"The sample has {listed(wanted)}, which are neither in the table nor one "
            "for each class"
        )
    return (
        f"{start}. Expected one for the prediction; the model has {id_told} and the "
        f"target {notes['target']!r}. Change --like."
    )
