"""Real texts without a download: the docstrings of installed packages."""

import ast
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

PACKAGES = ("numpy", "sklearn", "torch")

# Words of a sentence; shorter ones are headings, longer ones tables.
FEWEST, MOST = 5, 40

# Names that would reveal the package.
_NAMES = re.compile(r"numpy|np\.|sklearn|scikit[- ]learn|py ?torch|torch", re.I)
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_SENTENCES = re.compile(r"(?<=[a-z)`][.!?])\s+(?=[A-Z])")


def load_docstrings(packages=PACKAGES, max_files=100, return_X_y=True):
    """Load sentences from the docstrings of installed packages.

    The source files are read; nothing is downloaded or imported. The class of a
    sentence is its package. The names of the packages are removed from the text.
    Packages differ in size, so the classes are imbalanced. The sentences depend on the
    installed versions.

    Parameters
    ----------
    packages : sequence of str, default=("numpy", "sklearn", "torch")
        Installed packages.
    max_files : int or None, default=100
        Largest number of files to read per package, spread evenly over it. None reads
        all files; torch has thousands.
    return_X_y : bool, default=True
        Whether to return only texts and labels. If False, the files are returned too.

    Returns
    -------
    X : ndarray of shape (n_sentences,)
        The sentences without duplicates, sorted by package and text.
    y : ndarray of shape (n_sentences,)
        Names of the packages.
    files : ndarray of shape (n_sentences,)
        Path of each sentence's file within its package; useful as `groups`. Only with
        return_X_y=False.

    Examples
    --------
    >>> from sknn_suite.datasets import load_docstrings
    >>> X, y = load_docstrings(max_files=20)
    >>> sorted(set(y.tolist()))
    ['numpy', 'sklearn', 'torch']
    """
    found: dict[str, tuple[str, str]] = {}
    for package in packages:
        for path, name in _sources(package, max_files):
            for sentence in _sentences(path):
                found.setdefault(sentence, (package, name))
    rows = sorted((package, text, name) for text, (package, name) in found.items())
    X = np.array([text for _, text, _ in rows], dtype=object)
    y = np.array([package for package, _, _ in rows])
    files = np.array([f"{package}/{name}" for package, _, name in rows])
    return (X, y) if return_X_y else (X, y, files)


def _sources(package: str, max_files: int | None) -> Iterator[tuple[Path, str]]:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(
            f"The package {package!r} is not installed. Expected names of installed "
            "packages. Install it, or remove it from packages."
        )
    root = Path(spec.submodule_search_locations[0])
    paths = sorted(p for p in root.rglob("*.py") if "tests" not in p.parts)
    if max_files is not None and len(paths) > max_files:
        paths = [paths[int(i)] for i in np.linspace(0, len(paths) - 1, max_files)]
    for path in paths:
        yield path, path.relative_to(root).as_posix()


def _sentences(path: Path) -> Iterator[str]:
    try:
        source = path.read_text(encoding="utf-8")
        if '"""' not in source and "'''" not in source:
            return
        tree = ast.parse(source)
    except (SyntaxError, UnicodeDecodeError, ValueError):
        return  # a template, or written for another Python
    for node in _documented(tree):
        text = ast.get_docstring(node)
        for paragraph in re.split(r"\n\s*\n", text or ""):
            if re.search(r">>>|^\s*[-=]{3,}|::\s*$|^\s*\.\.", paragraph, re.M):
                continue  # code, headings and markup
            for sentence in _SENTENCES.split(" ".join(paragraph.split())):
                n_words = len(sentence.split())
                if FEWEST <= n_words <= MOST and sentence[-1] in ".!?":
                    yield _NAMES.sub("", sentence).strip()


def _documented(tree: ast.Module) -> Iterator[Any]:
    """Yield nodes that may have a docstring; skip expressions, which have none."""
    nodes: list[Any] = [tree]
    while nodes:
        node = nodes.pop()
        if isinstance(node, _DOCUMENTED):
            yield node
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            below = getattr(node, name, ())
            if isinstance(below, list):
                nodes += below
