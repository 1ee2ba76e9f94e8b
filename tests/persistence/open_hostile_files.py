"""Open files that are made to do harm, under an audit of all that Python does.

`test_hostile_files.py` runs this file in an interpreter of its own, because an audit
hook stays until the end and a crash ends the process:

    python open_hostile_files.py folder n_files seed

It prints, as JSON, what became of the files of each class.
"""

import copy
import io
import json
import random
import struct
import sys
import time
import traceback
import warnings
import zipfile
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline as make_resampling_pipeline
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sknn_suite import (
    AutoencoderDetector,
    CNNClassifier,
    MLPClassifier,
    MLPRegressor,
    RNNClassifier,
    TabularClassifier,
    TextRNNClassifier,
    VAEDetector,
)
from sknn_suite.ensemble import CrossFitStackingClassifier
from sknn_suite.exceptions import CorruptModelError
from sknn_suite.imbalance import BalancedEnsembleClassifier
from sknn_suite.persistence import inspect, load, save
from sknn_suite.persistence._container import write_container

# -- real files ----------------------------------------------------------------------


def models():
    """Fitted models of every family, each with rows to predict."""
    random_state = np.random.RandomState(0)
    X = random_state.normal(size=(60, 4))
    y = (X[:, 0] > 0).astype(int)
    texts = ["good day", "bad night", "good night", "bad day"] * 10
    labels = ["yes", "no", "yes", "no"] * 10
    images = random_state.randint(0, 255, (24, 8, 8, 1)).astype(np.uint8)
    steps = random_state.normal(size=(20, 5, 2))
    table = pd.DataFrame(
        {"a": X[:, 0], "b": ["x", "y", "z"] * 20, "t": labels + texts[:20]}
    )
    parts = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["a"]),
            ("words", OneHotEncoder(min_frequency=2, drop="first"), ["b"]),
            ("texts", TfidfVectorizer(), "t"),
        ]
    )
    small = {"max_iter": 2, "random_state": 0}
    few = {"max_iter": 1, "random_state": 0}
    word_net = TextRNNClassifier(
        hidden_sizes=(4,), embedding_size=4, subwords=False, n_networks=1, **few
    )
    members = TabularClassifier(hidden_layer_sizes=(4,), n_members=2, **small)
    net = MLPClassifier(hidden_layer_sizes=(5, 3), batch_norm=True, **small)
    line, tiny = LogisticRegression(), MLPClassifier((3,), **few)
    stack = CrossFitStackingClassifier(
        [("line", line), ("net", tiny)], cv=3, combine="ranks", columns={"line": [0, 1]}
    )
    sampled = make_resampling_pipeline(RandomOverSampler(random_state=0), line)
    return {
        "mlp": (net.fit(X, y), X),
        "regressor": (
            MLPRegressor(hidden_layer_sizes=(4,), scale_target=True, **small).fit(X, y),
            X,
        ),
        "mixed table": (members.fit(table, np.roll(y, 1)), table),
        "autoencoder": (
            AutoencoderDetector(hidden_layer_sizes=(4,), n_estimators=2, **small).fit(
                X
            ),
            X,
        ),
        "vae": (
            VAEDetector(hidden_layer_sizes=(4,), score_method="latent", **small).fit(X),
            X,
        ),
        "texts": (word_net.fit(texts, labels), texts),
        "sequences": (
            RNNClassifier(hidden_sizes=(4,), dense_size=0, **few).fit(steps, y[:20]),
            steps,
        ),
        "images": (
            CNNClassifier(architecture=[(4, 3), "pool", 6], **few).fit(images, y[:24]),
            images,
        ),
        "pipeline": (make_pipeline(parts, copy.deepcopy(net)).fit(table, y), table),
        "stack": (stack.fit(X, y), X),
        "balanced": (BalancedEnsembleClassifier(tiny, n_estimators=2).fit(X, y), X),
        "resampled": (sampled.fit(X, y), X),
        "linear": (make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y), X),
    }


def parts_of(path):
    """Parts of a file as bytes, by name."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path, parts, manifest=None, *, fix=True):
    """Write parts as a file whose checksums are right, unless `fix` is False."""
    parts = dict(parts)
    if fix:
        told = json.loads(parts["manifest.json"])
        told["parts"] = [
            {"name": name, "size": len(data), "sha256": sha256(data).hexdigest()}
            for name, data in parts.items()
            if name != "manifest.json"
        ]
        told |= manifest or {}
        parts["manifest.json"] = json.dumps(told).encode()
    write_container(path, [(name, [data]) for name, data in parts.items()])


# -- classes of attacks --------------------------------------------------------------


def damage_bytes(random, path, parts, real):
    """Change bytes as disks, networks and attackers do."""
    data = bytearray(real)
    for _ in range(random.randint(1, 3)):
        a = random.randrange(len(data))
        b = min(len(data), a + random.choice([1, 4, 100, len(data)]))
        kind = random.randrange(6)
        if kind == 0:
            data[a] ^= 1 << random.randrange(8)
        elif kind == 1:
            data[a:b] = random.randbytes(b - a)
        elif kind == 2:
            data[a:b] = bytes(b - a)
        elif kind == 3:
            del data[a:b]
        elif kind == 4:
            data[a:a] = data[a : a + 100]
        else:
            del data[a:]
        if not data:
            break
    path.write_bytes(data)
    return "damage"


def break_zip(random, path, parts, real):
    """Write a zip that has two readings, or that unpacks to much."""
    kind = random.randrange(14)
    names = list(parts)
    victim = random.choice(names)
    if kind == 13 and random.random() < 0.9:
        kind = 12  # many entries take their time
    if kind in (0, 12):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in parts.items():
                big = bytes(50_000_000) if kind == 0 and name == victim else data
                archive.writestr(name, big)
    elif kind in (1, 2, 3):
        odd = ["../evil", "/etc/passwd", "C:\\evil", "a\0b.npy", "arrays/../../x.npy"]
        extra = [victim, random.choice(odd), "arrays/.npy"][kind - 1]
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in [*parts.items(), (extra, b"x")]:
                archive.writestr(zipfile.ZipInfo(name), data)
    elif kind == 4:
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in parts.items():
                info = zipfile.ZipInfo(name)
                info.external_attr = 0o120777 << 16  # a symbolic link
                archive.writestr(info, data)
    elif kind == 5:
        data = bytearray(real)
        at = real.index(b"PK\x01\x02")
        field = random.choice([4, 6, 8, 10, 16, 20, 24, 28, 30, 32, 34, 36, 38, 42])
        data[at + field] ^= 1 << random.randrange(8)
        path.write_bytes(data)
    elif kind == 6:
        data = bytearray(real)
        data[random.choice([4, 6, 8, 10, 14, 18, 22, 26, 28, 31])] ^= 1
        path.write_bytes(data)
    elif kind == 7:
        path.write_bytes(real + random.randbytes(random.randrange(1, 100)))
    elif kind == 8:
        path.write_bytes(random.randbytes(random.randrange(1, 100)) + real)
    elif kind == 9:
        size, at = struct.unpack("<II", real[-10:-2])
        path.write_bytes(real[:-10] + struct.pack("<II", size, at - 1) + real[-2:])
    elif kind == 10:  # two entries lie on one part
        at = real.index(b"PK\x01\x02")
        entries = real[at:-22]
        n = struct.unpack("<H", real[-12:-10])[0] + 1
        name_length = struct.unpack("<H", entries[28:30])[0]
        entries += entries[: 46 + name_length]
        end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, n, n, len(entries), at, 0)
        path.write_bytes(real[:at] + entries + end)
    elif kind == 11:
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w") as archive:
            archive.writestr("model.json", parts["model.json"])
        pack(path, parts | {victim: inner.getvalue()}, fix=victim != "manifest.json")
    else:
        with zipfile.ZipFile(path, "w") as archive:
            for i in range(1 << 16):
                archive.writestr(f"arrays/{i}.npy", b"")
    return "zip"


def break_json(random, path, parts, real):
    """Write descriptions that take time or memory, or that say two things."""
    name = random.choice(["model.json", "manifest.json"])
    text = parts[name]
    kind = random.randrange(11)
    if kind == 0:
        text = b"[" * 100_000 + b"]" * 100_000
    elif kind == 1:
        text = text[:1] + text[1 : text.index(b",") + 1] + text[1:]
    elif kind == 2:
        text = _swap_number(random, text, random.choice([b"NaN", b"Infinity"]))
    elif kind == 3:
        text = _swap_number(random, text, random.choice([b"1e400", b"9" * 400]))
    elif kind == 4:
        text = text.replace(b'"', b'"\\ud800', 1)
    elif kind == 5:
        text = b"{" + b",".join(b'"%d":0' % i for i in range(1_000_001)) + b"}"
    elif kind == 6:
        text = _swap_number(random, text, b"true")
    elif kind == 7:
        text = b"[" + b"[]," * 3_000_000 + b"[]]"
    elif kind == 8:
        text = b'{"a":' * 65 + b"1" + b"}" * 65
    elif kind == 9:
        text = b"\xff\xfe" + text.decode().encode("utf-16-le")
    else:
        at = random.randrange(len(text))
        text = text[:at] + random.choice([b"[", b"}", b",", b'"', b"\0"]) + text[at:]
    pack(path, parts | {name: text}, fix=name != "manifest.json")
    return "JSON"


def _swap_number(random, text, by):
    places = [
        i
        for i in range(1, len(text))
        if text[i - 1 : i] in b":,[" and text[i : i + 1].isdigit()
    ]
    at = random.choice(places)
    end = at
    while text[end : end + 1] in b"0123456789.e-+" and end < len(text):
        end += 1
    return text[:at] + by + text[end:]


def break_tensors(random, path, parts, real):
    """Write headers of weights that disagree with the weights."""
    data = parts["weights.safetensors"]
    length = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
    kind = random.randrange(11)
    if not header:
        header = {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    name = random.choice(list(header))
    entry = header[name]
    if kind == 0:
        data = random.choice([1 << 63, (1 << 64) - 1, len(data)]).to_bytes(8, "little")
        data += parts["weights.safetensors"][8:]
    elif kind == 10:
        many = {
            f"t{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
            for i in range(100_000)
        }
        header = many
    elif kind == 1:
        entry["data_offsets"] = [0, len(body)]
    elif kind == 2:
        entry["data_offsets"][0] += random.choice([1, 8, -8])
    elif kind == 3:
        entry["dtype"] = random.choice(["F64", "I8", "BF16", "F8_E4M3", "", 3, None])
    elif kind == 4:
        entry["shape"] = [
            *entry["shape"],
            random.choice([2, 0, -1, 1 << 40, True, 1.0]),
        ]
    elif kind == 5:
        entry["shape"] = [0, 1 << 62, 1 << 62]
    elif kind == 6:
        entry["shape"] = [10 * (1 << 30) // 4]
        entry["data_offsets"] = [0, 10 * (1 << 30)]
    elif kind == 7:
        header[random.choice(["../x", "", "a" * 1000, "__metadata__"])] = dict(entry)
    elif kind == 8:
        del header[name]
    else:
        body = random.choice([body[:-1], body + b"\0" * 8])
    if kind:
        text = json.dumps(header, separators=(",", ":"), sort_keys=True).encode()
        text += b" " * (-len(text) % 8)
        data = len(text).to_bytes(8, "little") + text + body
    pack(path, parts | {"weights.safetensors": data})
    return "safetensors"


def break_npy(random, path, parts, real):
    """Write arrays whose headers lie, or that hold pickles."""
    name = random.choice([n for n in parts if n.endswith(".npy")])
    data = parts[name]
    shape_at = data.index(b"'shape': (") + 10
    kind = random.randrange(9)
    if kind == 0:
        file = io.BytesIO()
        np.save(file, np.array([Harm(), None], object), allow_pickle=True)
        data = file.getvalue()
    elif kind == 1:
        data = data[:shape_at] + b"9" * random.choice([3, 12, 30]) + data[shape_at:]
    elif kind == 2:
        data = data.replace(b"False", b"True ", 1)
    elif kind == 3:
        file = io.BytesIO()
        np.save(file, np.zeros(3, [("a", "<f4"), ("b", "<i4")]))
        data = file.getvalue()
    elif kind == 4:
        data = data[: random.randrange(len(data))]
    elif kind == 5:
        data = b"\x80\x04cos\nsystem\n(S'true'\ntR." + data
    elif kind == 6:
        file = io.BytesIO()
        np.lib.format.write_array(file, np.zeros(3), version=(2, 0))
        data = file.getvalue()
    elif kind == 7:
        file = io.BytesIO()
        made = random.choice(
            [
                np.zeros(2, "M8[s]"),
                np.zeros(2, ">f8"),
                np.zeros(2, "c16"),
                np.zeros((1,) * 9),
            ]
        )
        np.save(file, made)
        data = file.getvalue()
    else:
        at = random.randrange(10, 64)
        data = data[:at] + random.choice([b"(", b"9", b"{", b"x"]) + data[at + 1 :]
    pack(path, parts | {name: data})
    return "npy"


class Harm:
    """What a pickle would run."""

    def __reduce__(self):
        return (open, ("/tmp/sknn_suite_was_here", "w"))


ODD = [
    None,
    True,
    -1,
    0,
    1,
    2,
    7,
    1 << 31,
    (1 << 62),
    -0.5,
    1e308,
    "",
    "nan",
    "__class__",
    "os.system",
    "a" * 20_000,
    [],
    [1, 2, 3],
    {"is": "number", "text": "nan"},
    {"is": "number", "text": "inf"},
    {"is": "global", "name": "os.system"},
    {"is": "global", "name": "builtins.exec"},
    {
        "is": "skops",
        "number": 0,
        "class": "sklearn.tree._classes.DecisionTreeClassifier",
    },
    {"is": "object", "class": "os.system", "state": {}},
    {"is": "object", "class": "sklearn.linear_model.Ridge", "state": {}},
    {"is": "tuple", "items": [0]},
    {"is": "dict", "items": [[{"is": "tuple", "items": []}, 1]]},
    {"is": "array", "number": 0, "turned": False},
    {"is": "array", "number": 10**6, "turned": False},
    {"is": "array", "number": True, "turned": 1},
    {"is": "objects", "shape": [2**40, 0], "items": []},
    {"is": "index", "first": 5, "words": ["a", "b"]},
    {"is": "slice", "items": [None, 10**12, None]},
    {"is": "dtype", "name": "O"},
    {"is": "type", "name": "object"},
]


def places_of(node, found):
    """Collect every place of a tree: (holder, key)."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in list(items):
        found.append((node, key))
        if isinstance(value, dict | list):
            places_of(value, found)
    return found


def break_meaning(random, path, parts, real):
    """Write a right file that means something else than any model."""
    parts, manifest = dict(parts), {}
    tree = json.loads(parts["model.json"])
    places = places_of(tree, [])
    kind = random.randrange(10)
    holder, key = random.choice(places)
    if kind < 4:
        holder[key] = copy.deepcopy(random.choice(ODD))
    elif kind == 4:
        other, place = random.choice(places)
        holder[key] = copy.deepcopy(other[place])
    elif kind == 5:
        states = [h for h, k in places if k == "state" and isinstance(h[k], dict)]
        state = random.choice(states)["state"]
        if state and random.random() < 0.5:
            del state[random.choice(list(state))]
        else:
            state[random.choice(["__class__", "fit", "_net", "__dict__"])] = 1
    elif kind == 6:
        number = random.choice([0, -1, 2, True, "1", 1.0, None, 10**9])
        manifest = {"format": number}
    elif kind == 7:
        name = random.choice([n for n in parts if n.endswith((".npy", ".safetensors"))])
        data = bytearray(parts[name])
        start = 128 if name.endswith(".npy") else 8 + int.from_bytes(data[:8], "little")
        size = random.choice([4, 8])
        if len(data) >= start + size:
            at = start + random.randrange((len(data) - start) // size) * size
            odd = [np.nan, np.inf, -1, 1e30, 0]
            value = np.array(random.choice(odd), f"f{size}").tobytes()
            data[at : at + size] = value
        parts[name] = bytes(data)
    elif kind == 8:
        names = [n for n in parts if n.endswith(".npy")]
        one, two = random.choice(names), random.choice(names)
        parts[one], parts[two] = parts[two], parts[one]
    else:
        told = json.loads(parts["manifest.json"])
        entry = random.choice(told["parts"])
        entry[random.choice(["sha256", "size", "name"])] = random.choice(
            [None, "", 0, "0" * 64]
        )
        pack(path, parts | {"manifest.json": json.dumps(told).encode()}, fix=False)
        return "meaning"
    parts["model.json"] = json.dumps(tree).encode()
    pack(path, parts, manifest)
    return "meaning"


ATTACKS = [
    damage_bytes,
    break_zip,
    break_json,
    break_tensors,
    break_npy,
    break_meaning,
    break_meaning,
]

# -- the audit -----------------------------------------------------------------------

# Packages whose parts may be imported late, by themselves.
OURS = (
    "sknn_suite",
    "sklearn",
    "torch",
    "numpy",
    "scipy",
    "skorch",
    "json",
    "encodings",
)
HARMLESS = {
    "array.__new__",
    "builtins.id",
    "object.__getattr__",
    "object.__setattr__",
    "sys._getframe",
    "sys._current_frames",
    "_thread.start_new_thread",
    "_thread.start_joinable_thread",
    "time.sleep",
}
armed = {"path": None, "importing": 0}
harm = []


def watch(event, arguments):
    """Note what a load does beside reading its file."""
    if armed["path"] is None or event in HARMLESS:
        return
    if event == "open" and str(arguments[0]) in (armed["path"], "None"):
        return
    stack = [frame.filename for frame in traceback.extract_stack(sys._getframe(1))]
    if event == "import" and str(arguments[0]).partition(".")[0] in (
        *OURS,
        *sys.stdlib_module_names,
    ):
        return
    if any("importlib" in name for name in stack):
        return  # of an import that was allowed
    harm.append((event, repr(arguments)[:200]))


def main(folder, n_files, seed):
    warnings.simplefilter("ignore")
    folder = Path(folder)
    if any(folder.iterdir()):
        # Two runs in one folder would read each other's files.
        sys.exit(f"{folder} is not empty. Expected an empty folder. Make a new one.")
    source = random.Random(seed)
    made = {}
    for name, (model, X) in models().items():
        path = folder / f"{name}.sknn"
        save(model, path)
        load(path)
        inspect(path)
        expected = predictions(model, X)
        made[name] = (parts_of(path), path.read_bytes(), X, expected)
    sys.addaudithook(watch)
    path = folder / "hostile.sknn"
    counts, slowest, most, surprises = {}, 0.0, 0, []
    for i in range(n_files):
        attack = ATTACKS[i % len(ATTACKS)]
        name = source.choice(list(made))
        parts, real, X, expected = made[name]
        group = attack(source, path, parts, real)
        end = open_one(path, X, expected, group, surprises, name)
        slowest, most = max(slowest, end[1]), max(most, end[2])
        one = counts.setdefault(group, {})
        one[end[0]] = one.get(end[0], 0) + 1
    told = {
        "counts": counts,
        "slowest": slowest,
        "kilobytes": most,
        "surprises": surprises,
        "harm": harm,
        "files": sorted(p.name for p in folder.iterdir()),
    }
    json.dump(told, sys.stdout)


def open_one(path, X, expected, group, surprises, name):
    """Load and inspect a file; tell how it ended, and the seconds of the processor."""
    before = memory("VmRSS")
    armed["path"] = str(path)
    started = time.process_time()
    model, end = None, "loaded"
    try:
        model = load(path)
    except CorruptModelError as error:
        end = "refused"
        if len(str(error).split(". ")) < 3:
            surprises.append(f"{group}: {error}")
    except BaseException as error:
        surprises.append(f"{group}: {error!r} {traceback.format_exc()[-600:]}")
        end = "surprise"
    seconds = time.process_time() - started
    try:
        inspect(path)
    except CorruptModelError:
        pass
    except BaseException:
        surprises.append(f"inspect, {group}: {traceback.format_exc()[-600:]}")
    armed["path"] = None
    more = memory("VmHWM") - before
    if model is not None:
        end = "loaded"
        try:
            found = predictions(model, X)
        except Exception as error:  # a parameter may be right and of no use here
            end = f"loaded, then {type(error).__name__}"
            found = None
        same = found is not None and np.array_equal(found, expected, equal_nan=True)
        if group != "meaning" and not same:
            surprises.append(f"{group}: {name} loads with other predictions")
        if same:
            end = "loaded whole"
    return end, seconds, more


def memory(what):
    """Kilobytes of this process, now or at most since "VmRSS" was asked for."""
    try:
        if what == "VmRSS":
            Path("/proc/self/clear_refs").write_text("5")
        status = Path("/proc/self/status").read_text()
    except OSError:  # only Linux tells
        return 0
    return int(status.partition(f"{what}:")[2].split()[0])


def predictions(model, X):
    """Scores of a classifier or detector, or numbers."""
    for name in ("predict_proba", "score_samples", "predict"):
        if hasattr(model, name):
            return getattr(model, name)(X)
    raise TypeError("no estimator")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
