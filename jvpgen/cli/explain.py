"""`jvpgen explain CODE`: a code's page of the catalogue."""

from __future__ import annotations

import argparse
from dataclasses import replace
from textwrap import fill, indent

from rich.text import Text

from jvpgen.cli.console import Terminal
from jvpgen.diagnostics.catalogue import CATALOGUE, nearest_codes
from jvpgen.diagnostics.entry import Entry, Example

_WIDTH = 88


def explain(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Prints the page of a code, or the list of all codes."""
    if arguments.code is None:
        terminal.page(Text("\n").join(_line(entry) for entry in CATALOGUE.values()))
        return 0
    entry = CATALOGUE.get(arguments.code.upper())
    if entry is None:
        close = nearest_codes(arguments.code)
        hint = f"; did you mean {' or '.join(close)}?" if close else "; `jvpgen explain` lists them all"
        terminal.status(f"jvpgen: there is no code `{arguments.code}`{hint}")
        return 2
    terminal.page(page(entry))
    return 0


def page(entry: Entry) -> Text:
    """A catalogue entry as a page of text."""
    severity = entry.severity + (", an error under --strict" if entry.strict else "")
    text = Text.assemble((f"{entry.code}: {entry.title}", "bold"), f" ({severity})\n\n", fill(entry.cause, _WIDTH))
    text.append(f"\n\n{fill(entry.remedy, _WIDTH)}\n")
    for word, example in _examples(entry):
        text.append(f"\n{word}:", "bold")
        text.append(f"\n\n{indent(_shown(example), '    ')}")
    text.rstrip()
    return text


def _examples(entry: Entry) -> list[tuple[str, Example]]:
    """The bad and the good example; none where no program makes the difference."""
    if replace(entry.bad, staged=True) == entry.good:
        return []
    return [("Wrong", entry.bad), ("Right", entry.good)]


def _line(entry: Entry) -> Text:
    return Text.assemble((entry.code, "bold"), f"  {entry.severity:<7}  {entry.title}")


def _shown(example: Example) -> str:
    """The files of an example, what is done to them, and the command."""
    several = len(example.files) > 1
    blocks = [(f"# {path}\n" if several else "") + text for path, text in example.files.items()]
    steps = []
    if example.edits is not None:
        steps.append(f"$ jvpgen {next(iter(example.files))}")
        for path, text in example.edits.items():
            steps.append(f"$ rm {path}" if text is None else f"$ echo {text.strip()!r} >> {path}")
    if steps or example.command != "model.py":
        blocks.append("\n".join([*steps, f"$ jvpgen {example.command}"]) + "\n")
    return "\n".join(blocks).encode("utf-8", "replace").decode("utf-8")
