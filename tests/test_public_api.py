"""What is public is named, sorted, importable and documented."""

import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sknn_suite

PACKAGES = ["sknn_suite"] + [
    module.name
    for module in pkgutil.walk_packages(sknn_suite.__path__, "sknn_suite.")
    if module.ispkg
]
MODULES = [
    module.name
    for module in pkgutil.walk_packages(sknn_suite.__path__, "sknn_suite.")
    if not module.name.endswith("__main__")
]

# Packages beside the main one whose names users import.
FOR_USERS = (
    "datasets",
    "decision",
    "export",
    "ensemble",
    "imbalance",
    "inspection",
    "persistence",
    "plotting",
    "text",
)


@pytest.mark.parametrize("name", PACKAGES)
def test_all_is_complete_sorted_and_importable(name):
    package = importlib.import_module(name)
    assert package.__doc__
    public = [n for n in package.__all__ if n != "__version__"]
    # Constants first, then classes, then functions.
    kind = {n: (not n.isupper(), not n[0].isupper()) for n in public}
    assert public == sorted(public, key=lambda n: (kind[n], n))
    for member in package.__all__:
        assert hasattr(package, member)
    shown = {
        n
        for n, value in vars(package).items()
        if not n.startswith("_")
        and getattr(value, "__module__", "").startswith("sknn_suite")
    }
    assert shown <= set(package.__all__)


@pytest.mark.parametrize("name", PACKAGES)
def test_every_public_thing_has_a_docstring(name):
    package = importlib.import_module(name)
    for member in package.__all__:
        thing = getattr(package, member)
        if callable(thing):
            assert thing.__doc__, member


def test_the_documentation_lists_what_users_import():
    text = (Path(__file__).parents[1] / "docs" / "api.rst").read_text(encoding="utf-8")
    listed = re.findall(r"^   (\w+)$", text, re.MULTILINE)
    packages = ["sknn_suite", *(f"sknn_suite.{part}" for part in FOR_USERS)]
    public = {n for name in packages for n in importlib.import_module(name).__all__}
    assert sorted(listed) == sorted(public - {"__version__"})


@pytest.mark.parametrize("name", MODULES)
def test_every_module_tells_what_it_is_for(name):
    assert importlib.import_module(name).__doc__


def test_the_version_is_a_version():
    assert sknn_suite.__version__[0].isdigit()


def test_the_package_says_that_it_is_typed():
    assert importlib.resources.files("sknn_suite").joinpath("py.typed").is_file()


def test_star_import_brings_what_all_names():
    code = "from sknn_suite import *; MLPClassifier, MLPRegressor"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_names_are_imported_when_they_are_asked_for():
    code = (
        "import sys, sknn_suite\n"
        "assert 'sknn_suite.images' not in sys.modules\n"
        "assert set(sknn_suite.__all__) <= set(dir(sknn_suite))\n"
        "from sknn_suite import *\n"
        "assert CNNClassifier is sknn_suite.CNNClassifier\n"
        "assert not hasattr(sknn_suite, 'nothing')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_name_of_another_package_is_told_with_its_home():
    elsewhere = {
        (name, package)
        for package in (*FOR_USERS, "exceptions")
        for name in importlib.import_module(f"sknn_suite.{package}").__all__
        if name not in sknn_suite.__all__
    }
    assert ("LossCurveDisplay", "plotting") in elsewhere
    for name, package in elsewhere:
        way = f"Write from sknn_suite.{package} import {name}."
        with pytest.raises(ImportError, match=way):
            exec(f"from sknn_suite import {name}", {})
        with pytest.raises(AttributeError, match=way):
            getattr(sknn_suite, name)
    with pytest.raises(ImportError, match="cannot import name 'banana'"):
        exec("from sknn_suite import banana", {})
    assert not hasattr(sknn_suite, "LossCurveDisplay")
