"""Steps of other classes, through skops: only those that the user names."""

import io
import zipfile
from typing import Any

from sknn_suite.doors import import_optional
from sknn_suite.exceptions import UntrustedModelError

# Most parts and bytes of a step, unpacked: skops reads them before it looks at them.
MOST_PARTS = 10_000
MOST_BYTES = 1 << 28
MOST_LEVELS = 400


def _skops() -> Any:
    return import_optional("skops.io", needed_by="a step of this class", extra="skops")


def write_foreign(value: Any) -> bytes:
    """Write an estimator of a class that the format does not know."""
    return bytes(_skops().dumps(value))


def read_foreign(data: bytes, name: str, trusted: frozenset[str]) -> Any:
    """Read an estimator of the class `name`; no type but the trusted ones is made.

    Raises
    ------
    ValueError
        If the bytes are larger than they may be, or of another class.
    UntrustedModelError
        If they need a type that is not trusted.
    """
    _refuse_bombs(data)
    skops = _skops()
    unknown = sorted(set(skops.get_untrusted_types(data=data)) - trusted)
    if unknown:
        raise UntrustedModelError(
            f"The step {name} needs {', '.join(unknown[:5])}, which nobody has named. "
            "Expected each class that it is made of in `trusted`. If you know them "
            "and where the file is from, add their names."
        )
    value = skops.loads(data, trusted=sorted(trusted))
    found = f"{type(value).__module__}.{type(value).__qualname__}"
    if found != name:
        raise ValueError(f"its step {name[:80]} is a {found[:80]}")
    return value


def _refuse_bombs(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        total = sum(member.file_size for member in members)
        if len(members) > MOST_PARTS or total > MOST_BYTES:
            raise ValueError(f"one of its steps unpacks to {total} bytes")
        text = archive.read("schema.json")
    depth = deepest = 0
    for sign in text:
        depth += (sign in b"[{") - (sign in b"]}")
        deepest = max(deepest, depth)
    if deepest > MOST_LEVELS:
        raise ValueError("one of its steps is nested too deeply")
