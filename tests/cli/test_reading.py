"""Tables of several formats, understood without a word from the user."""

import gzip
import weakref

import numpy as np
import pandas as pd
import pytest

from sknn_suite.cli import _reading
from sknn_suite.cli._dialect import date_format, understand
from sknn_suite.cli._reading import read_table
from sknn_suite.exceptions import DataError

PLAIN = "name,size\nann,1\nbob,2\ncal,3\n"


def write(tmp_path, content, name="table.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_told_from_the_file(tmp_path, separator):
    path = write(tmp_path, PLAIN.replace(",", separator))
    frame, dialect = read_table(path)
    assert dialect.separator == separator
    assert frame.to_dict("list") == {"name": ["ann", "bob", "cal"], "size": [1, 2, 3]}


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("cp1252", "cp1252"),
    ],
)
def test_the_encoding_is_told_from_the_file(tmp_path, encoding, told):
    text = PLAIN.replace("ann", "änn €")
    frame, dialect = read_table(write(tmp_path, text.encode(encoding)))
    assert dialect.encoding == told
    assert list(frame) == ["name", "size"]
    assert frame["name"][0] == "änn €"


def test_decimal_commas_and_german_dates_are_read(tmp_path):
    text = "day;price\n01.02.2026;1,5\n13.02.2026;1.000,25\n14.02.2026;?\n"
    frame, dialect = read_table(write(tmp_path, text.replace("1.000,25", "1000,25")))
    assert dialect.decimal == ","
    assert frame["price"].tolist()[:2] == [1.5, 1000.25]
    assert np.isnan(frame["price"][2])
    assert frame["day"][0] == pd.Timestamp("2026-02-01")


def test_zeros_in_front_and_quoted_newlines_stay(tmp_path):
    text = 'code,note\n01234,"one\ntwo, three"\n56789,four\n'
    frame, _ = read_table(write(tmp_path, text))
    assert frame["code"].tolist() == ["01234", "56789"]
    assert frame["note"][0] == "one\ntwo, three"


@pytest.mark.parametrize(
    ("cells", "style"),
    [
        (["2026-01-31", "2025-12-01"], "%Y-%m-%d"),
        (["31/01/2026", "01/02/2026"], "%d/%m/%Y"),
        (["01/31/2026", "01/02/2026"], "%m/%d/%Y"),
        (["01.02.2026 10:30"], "%d.%m.%Y %H:%M"),
        (["2026-01-31T10:30:05"], "%Y-%m-%dT%H:%M:%S"),
        (["1.5", "2.5"], None),
        (["01.02.2026", "soon"], None),
    ],
)
def test_formats_of_dates(cells, style):
    assert date_format(cells) == style


def test_other_formats_give_the_same_table(tmp_path):
    frame = pd.DataFrame({"name": ["ann", "bob"], "size": [1, 2]})
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_feather(tmp_path / "a.arrow", compression="uncompressed")
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"name,size\nann,1\nbob,2\n"))
    for path in sorted(tmp_path.iterdir()):
        assert read_table(path)[0].to_dict("list") == frame.to_dict("list"), path


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("a,b\n", "has 1 line"),
        ("a,b,a\n1,2,3\n4,5,6\n", "twice, such as 'a'"),
        ("1,2\n3,4\n5,6\n", "has numbers only"),
        ("# of May\na,b\n1,2\n3,4\n", "has 1 name.* such as '# of May', but most"),
        (b"PK\x03\x04rest", "zip archive"),
        (b"a,b\n\0\0\0\n", "zero bytes"),
        ("a,b\n1,2\n3,4,5,6\n7,8\n", "cannot be read"),
        (b"a,b\n" + b"1,2\n" * 300_000 + b"\xff,3\n", "not UTF-8 throughout"),
    ],
)
def test_what_is_no_table_is_refused_in_words(tmp_path, content, words):
    with pytest.raises(DataError, match=words):
        read_table(write(tmp_path, content))


def test_a_directory_and_a_missing_file_are_refused(tmp_path):
    with pytest.raises(DataError, match="is a directory"):
        read_table(tmp_path)
    with pytest.raises(DataError, match="There is no file"):
        read_table(tmp_path / "none.csv")


def test_a_file_larger_than_the_memory_is_refused_with_its_size(tmp_path, monkeypatch):
    path = write(tmp_path, PLAIN * 100)
    monkeypatch.setattr(_reading, "free_host_bytes", lambda: 5_000)
    with pytest.raises(DataError, match=r"has 2\.8 kB\. Expected at most 500 bytes"):
        read_table(path, understand(path))


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path):
    path = write(tmp_path, PLAIN)
    chunks = _reading.read_chunks(path, understand(path))
    next(chunks)
    path.write_text(PLAIN * 2)
    with pytest.raises(DataError, match="was changed"):
        next(chunks)


def test_a_large_table_is_read_as_a_whole_and_so_has_one_type_per_column(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(_reading, "CHUNK_ROWS", 50)
    codes = [str(i % 7) for i in range(119)] + ["B"]
    table = pd.DataFrame({"code": codes, "size": np.arange(120), "gone": np.nan})
    table.loc[100:, "gone"] = 1
    table.to_csv(tmp_path / "t.csv", index=False)
    frame, dialect = read_table(tmp_path / "t.csv")
    pd.testing.assert_frame_equal(frame, pd.read_csv(tmp_path / "t.csv"))
    assert set(map(type, frame["code"])) == {str}
    parts = list(_reading.read_chunks(tmp_path / "t.csv", dialect))
    assert [len(part) for part in parts] == [50, 50, 20]
    assert parts[0]["code"].dtype == "int64"


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "arrow"])
def test_pieces_of_a_file_are_not_kept(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(_reading, "CHUNK_ROWS", 50)
    table = pd.DataFrame({"size": np.arange(170), "word": "a"})
    path = tmp_path / "t"
    writers = {
        "csv": lambda: table.to_csv(path, index=False),
        "jsonl": lambda: table.to_json(path, orient="records", lines=True),
        "parquet": lambda: table.to_parquet(path),
        "arrow": lambda: table.to_feather(path),
    }
    writers[kind]()
    dialect, seen, before = understand(path), [], None
    for frame in _reading.read_chunks(path, dialect):
        seen.append(frame["size"].tolist())
        assert before is None or before() is None
        before = weakref.ref(frame)
        del frame
    assert [len(sizes) for sizes in seen] == [50, 50, 50, 20]
    assert np.concatenate(seen).tolist() == list(range(170))
