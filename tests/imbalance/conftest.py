"""Tables, images and texts with one small class."""

import numpy as np
import pytest


@pytest.fixture
def y():
    return np.repeat(["no", "yes"], [50, 10])


@pytest.fixture
def images():
    return np.random.RandomState(0).randint(0, 256, (60, 6, 5, 3), dtype=np.uint8)


def mixed_columns(n=60):
    """Columns of each kind that a frame has, as lists, with gaps in two of them."""
    random = np.random.RandomState(0)
    city = random.choice(["Rome", "Oslo", "Bern"], n).tolist()
    income = random.lognormal(8, 1, n).round(2).tolist()
    city[3], income[5] = None, None
    return {
        "age": random.randint(18, 90, n).tolist(),
        "income": income,
        "city": city,
        "is_member": (random.uniform(size=n) < 0.3).tolist(),
    }


@pytest.fixture(params=["pandas", "polars"])
def mixed(request):
    library = pytest.importorskip(request.param)
    frame = library.DataFrame(mixed_columns())
    if request.param == "pandas":
        return frame.astype({"city": "category", "age": "int32"})
    return frame.cast({"city": library.Categorical, "age": library.Int32})


def as_dict(frame):
    """Columns as lists, with None for gaps."""
    if hasattr(frame, "to_dicts"):
        return frame.to_dict(as_series=False)
    return {name: frame[name].astype(object).tolist() for name in frame.columns}
