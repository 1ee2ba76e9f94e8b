"""What encoders of mixed tables hold: kinds of columns, scales, levels, directions."""

from typing import Any

import numpy as np

from sknn_suite.encoding import (
    LEFT_OUT,
    N_BUCKETS,
    PARTS,
    READ,
    CategoryColumns,
    ColumnKinds,
    DateColumns,
    MixedTableEncoder,
    NumberColumns,
    StringColumns,
)
from sknn_suite.persistence._checks import (
    array,
    instance,
    integer,
    mapping,
    one_of,
    refuse,
    sequence,
    shape,
    text,
)
from sknn_suite.persistence._kinds import Check, Kind

# Of more columns than this no table was ever made.
MOST_COLUMNS = 1 << 20

_FLOATS = array("f", 1, is_finite=True)
_FLAGS = array("b", 1)


def _word(value: Any) -> None:
    """Accept a level, however long."""
    refuse(not isinstance(value, str), "is no text")


def _verify_numbers(columns: Any) -> None:
    n = len(columns.center_)
    for vector in (columns.scale_, columns.has_gaps_, columns.is_plain_):
        shape(vector, n)
    heavy = columns.heavy_
    right = (np.diff(heavy) > 0).all() and ((heavy >= 0) & (heavy < n)).all()
    refuse(not right, "its heavy columns are none of its columns")
    shape(columns.is_mostly_one_, len(heavy))
    shape(columns.ranks_, len(heavy), None)
    refuse(len(heavy) and columns.ranks_.shape[1] < 2, "its ranks are missing")
    refuse(not (np.diff(columns.ranks_, axis=1) >= 0).all(), "its ranks do not rise")


def _verify_dates(columns: Any) -> None:
    shape(columns.first_, len(columns.parts_))


def _verify_texts(columns: Any) -> None:
    parts = columns.rarity_, columns.directions_, columns.center_
    refuse(len({len(part) for part in parts}) > 1, "its columns are counted twice")
    for rarity, directions, center in zip(*parts):
        shape(rarity, N_BUCKETS)
        shape(directions, N_BUCKETS, len(center))


def _verify_categories(columns: Any) -> None:
    pairs = list(zip(columns.levels_, columns.code_of_gap_))
    one = len(pairs) == len(columns.levels_) == len(columns.code_of_gap_)
    refuse(not one, "its columns are counted twice")
    for levels, gap in pairs:
        refuse(gap not in (0, len(levels) + 1), "its gaps have the code of a level")
        refuse(len(set(levels)) != len(levels), "a level has two codes")


def _verify_encoder(encoder: Any) -> None:
    def count(*kinds: str) -> int:
        return len(encoder.kinds_.of(*kinds))

    n_numbers = count("number", "boolean") + sum(map(len, encoder.dates_.parts_))
    pairs = (
        (len(encoder.dates_.parts_), count("date")),
        (len(encoder.numbers_.center_), n_numbers),
        (len(encoder.strings_.center_), count("text")),
        (len(encoder.categories_.levels_), count("category")),
        (len(encoder.is_choice_), count("category")),
    )
    refuse(any(a != b for a, b in pairs), "its columns are of other kinds")


_NUMBERS: dict[str, Check] = {
    "center_": _FLOATS,
    "scale_": _FLOATS,
    "has_gaps_": _FLAGS,
    "is_plain_": _FLAGS,
    "heavy_": array("i", 1),
    "is_mostly_one_": _FLAGS,
    "ranks_": array("f", 2, is_finite=True),
}

MIXED_TABLES: tuple[Kind, ...] = (
    Kind(
        ColumnKinds,
        "sknn_suite.ColumnKinds",
        {"data": mapping(_word, one_of(*READ, *LEFT_OUT, "image"))},
    ),
    Kind(
        DateColumns,
        "sknn_suite.DateColumns",
        {"first_": _FLOATS, "parts_": sequence(sequence(one_of(*PARTS)))},
        verify=_verify_dates,
    ),
    Kind(NumberColumns, "sknn_suite.NumberColumns", _NUMBERS, verify=_verify_numbers),
    Kind(
        StringColumns,
        "sknn_suite.StringColumns",
        {
            "rarity_": sequence(_FLOATS),
            "directions_": sequence(array("f", 2, is_finite=True)),
            "center_": sequence(_FLOATS),
        },
        verify=_verify_texts,
    ),
    Kind(
        CategoryColumns,
        "sknn_suite.CategoryColumns",
        {
            "levels_": sequence(sequence(_word)),
            "code_of_gap_": sequence(integer(0, MOST_COLUMNS)),
        },
        verify=_verify_categories,
    ),
    Kind(
        MixedTableEncoder,
        "sknn_suite.MixedTableEncoder",
        {
            "given": mapping(_word, one_of(*READ)),
            "texts": text,
            "kinds_": instance(ColumnKinds),
            "dates_": instance(DateColumns),
            "numbers_": instance(NumberColumns),
            "strings_": instance(StringColumns),
            "categories_": instance(CategoryColumns),
            "is_choice_": _FLAGS,
        },
        verify=_verify_encoder,
    ),
)
