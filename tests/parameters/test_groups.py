"""Every parameter has a group, and documentation is in the order of the groups."""

import inspect
import re

import pytest

from sknn_suite import MLPClassifier
from sknn_suite.parameters import GROUPS, groups_of, param, parameters, redefault
from sknn_suite.parameters._docstring import parameter_entries, section_entries


def names_of(kind):
    return list(inspect.signature(kind).parameters)


def flat(groups):
    return [name for names in groups.values() for name in names]


def test_every_parameter_is_in_exactly_one_group(public_class):
    assert sorted(flat(groups_of(public_class))) == sorted(names_of(public_class))


def test_groups_come_in_their_order_network_first_and_rare_last(public_class):
    found = list(groups_of(public_class))
    assert found == [group for group in GROUPS if group in found]
    assert (found[0], found[-1]) == ("network", "rare")


def test_the_docstring_lists_parameters_in_the_order_of_the_groups(public_class):
    groups = groups_of(public_class)
    assert list(parameter_entries(public_class.__doc__)) == flat(groups)
    rare = section_entries(public_class.__doc__, "Other Parameters")
    assert list(rare) == groups["rare"]


def test_the_signature_lists_what_goes_by_name_in_the_order_of_the_groups(public_class):
    found = inspect.signature(public_class).parameters.values()
    by_name = [p.name for p in found if p.kind is p.KEYWORD_ONLY]
    assert by_name == [n for n in flat(groups_of(public_class)) if n in by_name]


def test_the_notes_name_every_group_with_its_parameters(public_class):
    text = public_class.__doc__
    notes = text[text.index("\nNotes\n") : text.index("\nExamples\n")]
    for group, names in groups_of(public_class).items():
        listed = re.search(rf"^{GROUPS[group]}\n((?:    .*\n)+)", notes, re.M)
        assert re.findall(r"`(\w+)`", listed[1]) == names


def test_what_to_start_with_is_said_right_after_the_summary(public_class):
    _, told, *_ = public_class.__doc__.split("\n\n")
    assert told.startswith("Start with ")
    names = re.findall(r"`(\w+)`", told)
    assert 3 <= len(names) <= 5
    groups = groups_of(public_class)
    usual = [name for group in groups if group != "rare" for name in groups[group]]
    assert set(names) <= set(usual)


def test_a_parameter_without_a_group_is_refused():
    class Kind:
        size: int = param(1, int)

    with pytest.raises(TypeError, match="'size' of Kind has the group None"):
        parameters(Kind)


def test_a_group_that_does_not_exist_is_refused():
    class Kind:
        size: int = param(1, int, group="colour")

    with pytest.raises(TypeError, match=r"'colour'.*Expected one of network"):
        parameters(Kind)


@parameters(group="training")
class Base:
    """Base.

    Parameters
    ----------
    first : int, default=1
        One.

    second : int, default=2
        Two.

    third : int, default=3
        Three.
    """

    first: int = param(1, int)
    second: int = param(2, int)
    third: int = param(3, int, group="rare")


def test_another_default_changes_neither_group_nor_place():
    @parameters(group="network")
    class Kind(Base):
        """Kind."""

        second: int = redefault("second", Base, 7)

    assert groups_of(Kind) == {"training": ["first", "second"], "rare": ["third"]}
    assert "second : int, default=7\n" in Kind.__doc__


def test_a_parameter_that_is_declared_anew_keeps_its_group_and_comes_first():
    @parameters(group="network")
    class Kind(Base):
        """Kind.

        Parameters
        ----------
        size : int, default=0
            Size.

        second : str, default=""
            Two.
        """

        size: int = param(0, int)
        second: str = param("", str)

    groups = groups_of(Kind)
    assert groups["network"] == ["size"]
    assert groups["training"] == ["second", "first"]


def test_a_class_without_sections_gets_them_in_numpydocs_order():
    @parameters
    class Kind(Base):
        """Kind.

        Examples
        --------
        None.
        """

    titles = re.findall(r"^(\w[\w ]*)\n-+$", Kind.__doc__, re.M)
    assert titles == ["Parameters", "Other Parameters", "Notes", "Examples"]


def test_a_class_without_a_docstring_shows_no_text_of_its_bases_for_what_is_its_own():
    @parameters(group="network")
    class Bare(MLPClassifier):
        dropout: str = param("none", str)
        depth: int = param(1, int)

    assert Bare.__doc__.startswith("Bare is derived from MLPClassifier.")
    entries = parameter_entries(Bare.__doc__)
    assert entries["dropout"] == "dropout : default='none'"
    assert entries["depth"] == "depth : default=1"
    inherited = parameter_entries(MLPClassifier.__doc__)
    assert entries["max_iter"] == inherited["max_iter"]
    assert list(entries) == flat(groups_of(Bare))
