"""The directive ``benchmark-tables``: every table that the benchmarks have written."""

from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective


class BenchmarkTables(SphinxDirective):
    """Show the .rst files of a folder, each as a section under its name."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        folder = Path(self.env.srcdir) / self.arguments[0]
        shown: list[nodes.Node] = []
        for path in sorted(folder.glob("*.rst")):
            self.env.note_dependency(str(path))
            name = path.stem.replace("_", " ").capitalize().replace("mlp", "MLP")
            section = nodes.section(names=[name.lower()], classes=["benchmark"])
            self.state.document.note_implicit_target(section, section)
            section += nodes.title(name, name)
            lines = path.read_text(encoding="utf-8").splitlines()
            self.state.nested_parse(StringList(lines, source=str(path)), 0, section)
            shown.append(section)
        if not shown:
            none = "No table has been written yet; make bench writes them."
            shown.append(nodes.paragraph(none, none))
        return shown


def setup(app) -> dict:
    app.add_directive("benchmark-tables", BenchmarkTables)
    return {"parallel_read_safe": True}
