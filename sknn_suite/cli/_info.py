"""The command info: what is in a model file, without its rows."""

import argparse
from pathlib import Path

import numpy as np

from sknn_suite.cli._predict import load_model
from sknn_suite.cli._voice import Voice
from sknn_suite.encoding import READ
from sknn_suite.persistence import inspect


def info(options: argparse.Namespace) -> None:
    """Tell what a model predicts, from which columns, and how well."""
    voice = Voice(options.json)
    path = Path(options.model)
    model = load_model(path)
    notes, contents = model.notes_, inspect(path)
    kind = "labels" if hasattr(model, "classes_") else "numbers"
    voice.say(f"{path}: {type(model).__name__}, {contents.n_bytes / 1e6:.1f} MB")
    voice.say(f"predicts    {notes['target']!r}, {kind}")
    if hasattr(model, "classes_"):
        shown = ", ".join(map(str, model.classes_[:10]))
        voice.say(f"classes     {len(model.classes_)}: {shown}")
    voice.say(f"fitted on   {len(notes['rows']):,} rows of {notes['source']}")
    voice.say("columns")
    width = max(map(len, notes["kinds"]))
    for name, own in notes["kinds"].items():
        told = notes["columns"][name]["told"] if own in (*READ, "image") else "left out"
        voice.say(f"  {name:<{width}}  {own:<10}  {told}")
    voice.say(f"members     out of fold, {model.scoring_}")
    for name, row in model.score_table_.iterrows():
        spread = row["spread"]
        told = "" if np.isnan(spread) else f" +- {spread:.4f}"
        voice.say(f"  {name:<14} {row[model.scoring_]: .4f}{told}, {row['weight']:.2f}")
    threshold = getattr(model, "decision_threshold_", None)
    if threshold is not None:
        voice.say(f"threshold   {np.round(threshold, 4)}")
    versions = ", ".join(f"{n} {v}" for n, v in sorted(contents.versions.items()))
    voice.say(f"made with   {versions}")
    voice.say(f"\nThe same in Python:\n\n{notes['python']}")
    voice.tell(
        "info",
        model=type(model).__name__,
        target=notes["target"],
        rows=len(notes["rows"]),
        kinds=notes["kinds"],
        scoring=model.scoring_,
        scores={
            name: row[model.scoring_] for name, row in model.score_table_.iterrows()
        },
        weights=model.weights_,
        versions=contents.versions,
    )
