"""Lists of image files with their labels, from folders or from a table."""

import csv
import os
from pathlib import Path

import numpy as np

from sknn_suite.exceptions import DataError

SUFFIXES = {
    ".bmp",
    ".gif",
    ".jpeg",
    ".jpg",
    ".png",
    ".tif",
    ".tiff",
    ".webp",
}


def load_image_folder(path: str | os.PathLike) -> tuple[np.ndarray, np.ndarray]:
    """List the image files of a folder whose sub-folders are the classes.

    Files are only listed, not read. Pass the paths to `CNNClassifier`.

    Parameters
    ----------
    path : path-like
        The folder. Nested sub-folders belong to the class of their top sub-folder.

    Returns
    -------
    paths : ndarray of shape (n_samples,), str
        Files with an image suffix, sorted.
    labels : ndarray of shape (n_samples,), str
        Name of the sub-folder of each file.

    Raises
    ------
    DataError
        If the folder does not exist, or its sub-folders contain no image.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sknn_suite.datasets import load_image_folder
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("cat/1.jpg", "dog/2.jpg"):
    ...         file = Path(folder, name)
    ...         file.parent.mkdir()
    ...         file.touch()
    ...     paths, labels = load_image_folder(folder)
    >>> labels.tolist()
    ['cat', 'dog']
    """
    folder = Path(path)
    if not folder.is_dir():
        raise DataError(
            f"'{folder}' is not a folder. Expected one whose sub-folders are the "
            "classes. Check the path."
        )
    paths, labels = [], []
    for part in sorted(p for p in folder.iterdir() if p.is_dir()):
        for file in sorted(part.rglob("*")):
            if file.suffix.lower() in SUFFIXES and file.is_file():
                paths.append(str(file))
                labels.append(part.name)
    if not paths:
        raise DataError(
            f"'{folder}' has no sub-folder with images. Expected one sub-folder per "
            "class. Move the files, or list them in a table for load_image_table."
        )
    return np.array(paths), np.array(labels)


def load_image_table(
    path: str | os.PathLike,
    *,
    path_column: str | int = 0,
    label_column: str | int = 1,
    folder: str | os.PathLike | None = None,
    suffix: str = "",
) -> tuple[np.ndarray, np.ndarray]:
    r"""Read image files and their labels from a CSV file with a header.

    Parameters
    ----------
    path : path-like
        The CSV file.
    path_column, label_column : str or int, default=0 and 1
        Columns, by name or by number from 0.
    folder : path-like, default=None
        Folder to which the paths in the table are relative. None is the table's folder.
    suffix : str, default=""
        Added to every path, such as ".jpg".

    Returns
    -------
    paths : ndarray of shape (n_samples,), str
        The files.
    labels : ndarray of shape (n_samples,), str
        The labels, as text.

    Raises
    ------
    DataError
        If a column is missing, or the table has no rows.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sknn_suite.datasets import load_image_table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = Path(folder, "labels.csv")
    ...     _ = table.write_text("id,breed\na1,pug\nb2,boxer\n")
    ...     paths, labels = load_image_table(table, suffix=".jpg")
    >>> labels.tolist()
    ['pug', 'boxer']
    """
    table = Path(path)
    base = table.parent if folder is None else Path(folder)
    with table.open(newline="", encoding="utf-8-sig") as file:
        header, *rows = [row for row in csv.reader(file) if row] or [[]]
    if not rows:
        raise DataError(
            f"'{table}' has no rows. Expected a header and one row per image. Check "
            "the file."
        )
    numbers = [_number(column, header, table) for column in (path_column, label_column)]
    for i, row in enumerate(rows, 2):
        if len(row) <= max(numbers):
            raise DataError(
                f"Line {i} of '{table}' has {len(row)} columns. Expected at least "
                f"{max(numbers) + 1}. Repair or remove the line."
            )
    paths = [str(base / (row[numbers[0]] + suffix)) for row in rows]
    return np.array(paths), np.array([row[numbers[1]] for row in rows])


def _number(column: str | int, header: list[str], table: Path) -> int:
    if isinstance(column, str) and column in header:
        return header.index(column)
    if isinstance(column, int) and 0 <= column < len(header):
        return column
    raise DataError(
        f"'{table}' has no column {column!r}. Expected one of {', '.join(header)}. "
        "Pass its name or number."
    )
