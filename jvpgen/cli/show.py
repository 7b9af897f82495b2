"""`jvpgen show NAME`: the generated code of one class or function, made in memory."""

from __future__ import annotations

import argparse
from pathlib import Path

from jvpgen.cli.console import Terminal
from jvpgen.diagnostics.report import Report
from jvpgen.project import compiler
from jvpgen.project.configuration import read_config
from jvpgen.project.files import Layout
from jvpgen.project.roots import project_root


def show(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Prints the code; 2 where nothing has that name."""
    report = Report()
    root = project_root(Path.cwd())
    layout = Layout(root, read_config(root, report))
    text = compiler.text_of_name(arguments.name, layout, report)
    terminal.report(report, root)
    if text is None:
        if not report.has_errors:
            terminal.status(f"jvpgen: `{arguments.name}` names no module class or function within reach")
        return 1 if report.has_errors else 2
    terminal.code(text)
    return int(report.has_errors)
