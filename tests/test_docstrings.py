"""Signature, constraints and documentation of every estimator say the same."""

import inspect
import re

import pytest

from sknn_suite.parameters._docstring import parameter_entries


def test_every_parameter_has_a_constraint_and_an_entry(documented_class):
    names = list(inspect.signature(documented_class).parameters)
    assert sorted(documented_class._parameter_constraints) == sorted(names)
    assert sorted(parameter_entries(documented_class.__doc__)) == sorted(names)
    assert sorted(documented_class().get_params()) == sorted(names)


def test_the_default_of_the_signature_is_documented(documented_class):
    entries = parameter_entries(documented_class.__doc__)
    for parameter in inspect.signature(documented_class).parameters.values():
        first_line = entries[parameter.name].split("\n    ")
        header = " ".join(line.strip() for line in first_line[:3])
        documented = re.search(r"default=(\([^)]*\)|[^\s]+)", header)
        assert documented, f"no default of {parameter.name} in: {header}"
        text = documented[1]
        default = parameter.default
        shown = {repr(default), repr(default).replace("'", '"'), str(default)}
        if isinstance(default, float):
            assert float(text) == default, parameter.name
        else:
            assert text in shown, parameter.name


def test_every_entry_has_a_type_and_a_sentence(documented_class):
    for name, entry in parameter_entries(documented_class.__doc__).items():
        header, _, body = entry.partition("\n    ")
        assert re.match(rf"{name} : \S", header), header
        assert body.strip().endswith("."), f"{name}: {body}"


def test_strings_that_are_allowed_are_documented(documented_class):
    entries = parameter_entries(documented_class.__doc__)
    for name, constraints in documented_class._parameter_constraints.items():
        if name == "activation":  # told by naming some of thirty
            continue
        for constraint in constraints:
            for option in getattr(constraint, "options", ()):
                if isinstance(option, str):
                    assert f'"{option}"' in entries[name], (name, option)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("early_stopping", [False, True])
def test_every_fitted_attribute_is_documented(public_class, rows, early_stopping):
    model = public_class(max_iter=2)
    if "early_stopping" in model.get_params():
        model.set_params(early_stopping=early_stopping)
    model.fit(*rows)
    text = public_class.__doc__
    section = text[text.index("Attributes\n") : text.index("See Also\n")]
    for name in vars(model):
        if name.endswith("_") and not name.startswith("_"):
            assert re.search(rf"\b{name}\b", section), name


def test_every_public_method_has_a_numpydoc_docstring(public_class):
    for name, method in inspect.getmembers(public_class, inspect.isfunction):
        if name.startswith("_") or not method.__module__.startswith("sknn_suite"):
            continue
        text = inspect.getdoc(method)
        assert text, name
        for argument in list(inspect.signature(method).parameters)[1:]:
            assert re.search(rf"^[\w, *]*\b{argument}\b.* : ", text, re.M), (
                name,
                argument,
            )
        assert "Returns" in text, name


def test_sections_come_in_numpydocs_order(documented_class):
    order = [
        "Parameters",
        "Other Parameters",
        "Attributes",
        "See Also",
        "Notes",
        "References",
        "Examples",
    ]
    found = re.findall(r"^([A-Z][A-Za-z ]+)\n-{3,}$", documented_class.__doc__, re.M)
    assert found == [name for name in order if name in found]
    assert {"Parameters", "Attributes", "Examples"} <= set(found)
