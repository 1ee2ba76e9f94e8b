"""Rows of a mixed table as the inputs of a graph or module, with Python and NumPy only.

    reader = TableReader(session.get_modelmeta().custom_metadata_map["columns"])
    label, probabilities = session.run(None, reader(rows))

    reader = TableReader(module.description)
    tensors = {n: torch.from_numpy(a) for n, a in reader.arrays(rows).items()}
    probabilities = module(**tensors)

Rows are a data frame, or a dict from names of columns to lists or arrays.
"""

import json

import numpy as np

WORDS = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0}


class TableReader:
    """Turns rows into inputs.

    Parameters
    ----------
    description : str
        The graph's metadata "columns", or the module's `description`.
    dtype : dtype, default=float32
        Type of numbers, as in `to_onnx`.
    """

    def __init__(self, description, dtype=np.float32):
        self.dtype = np.dtype(dtype)
        described = json.loads(description)
        self.columns = described["columns"]
        self.n_buckets, self.ngrams = described["n_buckets"], described["ngrams"]

    def __call__(self, rows):
        """Make the inputs of a graph, an array for each column."""
        found = {}
        for column in self.columns:
            name, kind = column["name"], column["kind"]
            cells = cells_of(rows, name)
            if kind == "category":
                found[name] = np.array([word_of(c) for c in cells], str)[:, None]
            elif kind == "date":
                found[name] = seconds_of(cells)[:, None]
            elif kind == "text":
                found[name] = self.grams(cells)
            else:
                found[name] = numbers_of(cells)[:, None].astype(self.dtype)
        return found

    def arrays(self, rows):
        """Make the inputs of a torch module; those without a column are left out."""
        parts = {"numbers": [], "dates": [], "categories": [], "texts": []}
        for column in self.columns:
            kind, cells = column["kind"], cells_of(rows, column["name"])
            if kind == "category":
                code_of = {level: i for i, level in enumerate(column["levels"], 1)}
                code_of[""] = column["code_of_gap"]
                codes = [code_of.get(word_of(cell), 0) for cell in cells]
                parts["categories"].append(np.array(codes, np.int64))
            elif kind == "date":
                parts["dates"].append(seconds_of(cells))
            elif kind == "text":
                parts["texts"].append(self.grams(cells))
            else:
                parts["numbers"].append(numbers_of(cells))
        return {name: np.stack(own, axis=1) for name, own in parts.items() if own}

    def grams(self, cells):
        """Shares of letter n-grams within words, hashed, (n, n_buckets)."""
        found = np.zeros((len(cells), self.n_buckets), np.float32)
        for i, cell in enumerate(cells):
            counts = np.zeros(self.n_buckets)
            for gram in letter_grams(word_of(cell).lower(), *self.ngrams):
                number = murmur(gram.encode())
                counts[abs(number) % self.n_buckets] += 1 if number >= 0 else -1
            found[i] = counts / (np.sqrt(counts @ counts) or 1.0)
        return found


def cells_of(rows, name):
    """Cells of a column as a list."""
    column = rows[name]
    return column.tolist() if isinstance(column, np.ndarray) else list(column)


def is_gap(cell):
    """Whether a cell is None, NaN, NaT or NA."""
    return (
        cell is None
        or bool(type(cell).__name__ in ("NAType", "NaTType"))
        or (isinstance(cell, float | np.floating | np.datetime64) and cell != cell)
    )


def numbers_of(cells):
    """Numbers, NaN for gaps."""
    found = []
    for cell in cells:
        text = cell.strip().lower() if isinstance(cell, str) else None
        if is_gap(cell) or text == "":
            found.append(np.nan)
        else:
            found.append(WORDS[text] if text in WORDS else float(cell))
    return np.array(found, np.float64)


def word_of(cell):
    """Word of a category or text, "" for gaps; 3 and 3.0 are "3"."""
    if is_gap(cell):
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool | np.bool_):
        return str(bool(cell))
    number = float(cell)
    return str(int(number)) if number.is_integer() else repr(number)


def seconds_of(cells):
    """Seconds since 1970 on the clock of the column, NaN for gaps; strings are ISO."""
    found = []
    for cell in cells:
        if is_gap(cell) or cell == "":
            found.append(np.nan)
            continue
        if getattr(cell, "tzinfo", None) is not None:
            cell = cell.replace(tzinfo=None)
        stamp = np.datetime64(cell.strip() if isinstance(cell, str) else cell, "us")
        found.append(stamp.astype(np.int64) / 1e6)
    return np.array(found, np.float64)


def letter_grams(text, shortest, longest):
    """N-grams of each word between blanks, as scikit-learn's "char_wb" makes them."""
    for word in text.split():
        word = f" {word} "
        for n in range(shortest, longest + 1):
            last = max(len(word) - n, 0)
            yield from (word[at : at + n] for at in range(last + 1))
            if last == 0:  # a short word counts once
                break


def murmur(data):
    """MurmurHash3 of 32 bits, with a sign."""
    most, state = 0xFFFFFFFF, 0

    def mixed(part):
        part = part * 0xCC9E2D51 & most
        return (part << 15 | part >> 17) * 0x1B873593 & most

    whole = len(data) // 4 * 4
    for at in range(0, whole, 4):
        state ^= mixed(int.from_bytes(data[at : at + 4], "little"))
        state = (state << 13 | state >> 19) & most
        state = state * 5 + 0xE6546B64 & most
    if whole < len(data):
        state ^= mixed(int.from_bytes(data[whole:], "little"))
    state ^= len(data)
    state = (state ^ state >> 16) * 0x85EBCA6B & most
    state = (state ^ state >> 13) * 0xC2B2AE35 & most
    state ^= state >> 16
    return state - (1 << 32) if state >> 31 else state
