"""Configuration of the documentation; `make docs` builds it with warnings as errors."""

import sys
from pathlib import Path

from sknn_suite import __version__

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))

project = "sknn_suite"
author = "The sknn_suite developers"
copyright = "2026, The sknn_suite developers"
release = version = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "benchmark_tables",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "benchmark_tables", "whats_new/fragments"]
default_role = "code"
smartquotes = False  # "auto" is a value, and is copied as one
html_theme = "furo"
html_title = f"sknn_suite {release}"
html_static_path = ["_static"]
html_css_files = ["style.css"]
pygments_dark_style = "one-dark"  # furo's own underlines modules, like links

autosummary_generate = True
autodoc_typehints = "none"  # the docstrings say it
numpydoc_show_class_members = False  # autodoc shows each with its own text

# The gallery runs every example; index.rst lists it where there is one.
if (HERE.parent / "examples" / "GALLERY_HEADER.rst").exists():
    extensions.append("sphinx_gallery.gen_gallery")
    sphinx_gallery_conf = {
        "examples_dirs": "../examples",
        "gallery_dirs": "auto_examples",
        "abort_on_example_error": True,
        "download_all_examples": False,
        "show_memory": False,
    }


def skip_scikit_learns(app, what, name, obj, skip, options):
    """Leave out inherited methods whose text links into scikit-learn's own pages."""
    return skip or str(getattr(obj, "__module__", "")).startswith("sklearn.")


def setup(app):
    app.connect("autodoc-skip-member", skip_scikit_learns)
