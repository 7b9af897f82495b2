"""The command line as one table, from which the parsers and their help are made."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jvpgen.version import __version__

GENERATE, INSPECT, SHOW, EXPLAIN = "generate", "inspect", "show", "explain"
COMMANDS: Mapping[str, str] = {
    INSPECT: "list every linen module under the paths: fields, submodules, variables, and what goes through jax.jvp",
    SHOW: "print the generated code of a class or function by its dotted name, e.g. flax.linen.BatchNorm",
    EXPLAIN: "say what a diagnostic's code means, with an example; all codes without one",
}

STATUS = """\
status of a module, counting all that it runs: its methods, inherited ones, functions and modules of the project:
  explicit    everything is written out
  dispatched  some calls are decided when the program runs: what a field holds, an entry of a table
  opaque      some calls go through jax.jvp or nn.jvp; --strict makes that an error
  error       its source has errors
"""

EXIT_CODES = """\
exit codes:
  0   everything is up to date, or was written
  1   --check found a difference, a source has errors, or files changed under --exit-non-zero-on-change
  2   the command line or the configuration is wrong
"""


@dataclass(frozen=True)
class Option:
    """An option: its flags (or the name of a positional), its commands, and what argparse is told."""

    flags: tuple[str, ...]
    commands: tuple[str, ...]
    help: str
    settings: Mapping[str, Any]


def _switch(flag: str, help: str, *commands: str) -> Option:
    return Option((flag,), commands or (GENERATE,), help, {"action": "store_true"})


OPTIONS: Sequence[Option] = (
    Option(
        ("paths",),
        (GENERATE, INSPECT),
        "files and folders; without any, `include` of [tool.jvpgen], else the current folder",
        {"nargs": "*", "metavar": "PATH"},
    ),
    Option(("name",), (SHOW,), "a dotted name, e.g. flax.linen.BatchNorm", {"metavar": "NAME"}),
    Option(("code",), (EXPLAIN,), "a code, e.g. JVP401", {"nargs": "?", "metavar": "CODE"}),
    _switch("--check", "write nothing; exit 1 if an output is missing, out of date, edited by hand or orphaned"),
    _switch("--diff", "write nothing; print what would change"),
    _switch("--stdout", "write nothing; print the generated code"),
    Option(
        ("--output",),
        (GENERATE,),
        "write under DIR, in the same tree as the sources, instead of beside them",
        {"metavar": "DIR"},
    ),
    _switch("--all", "derive every linen module, decorated or not"),
    _switch("--strict", "make it an error where a derivative is left to jax.jvp or nn.jvp", GENERATE, INSPECT),
    _switch("--prune", "delete outputs whose source is gone or asks for nothing any more"),
    _switch("--force", "overwrite outputs that were edited by hand, and files that jvpgen did not write"),
    _switch("--exit-non-zero-on-change", "exit 1 if a file was written or deleted (for commit hooks)"),
    Option(
        ("--output-format",),
        (INSPECT,),
        "how to print what was found (default: text)",
        {"choices": ("text", "json"), "default": "text"},
    ),
    Option(
        ("--color",),
        (GENERATE, INSPECT, SHOW, EXPLAIN),
        "colours: auto (on a terminal, unless NO_COLOR is set), always, never",
        {"choices": ("auto", "always", "never"), "default": "auto"},
    ),
    _switch("--quiet", "print diagnostics only", GENERATE, INSPECT),
)


# Pairs of which one takes back what the other asks for, and why; not beside a third option that makes sense of them.
CONTRADICTIONS: Sequence[tuple[str, str, str, str]] = (
    ("--check", "--force", "", "--check overwrites nothing"),
    ("--check", "--prune", "", "--check deletes nothing; it fails where there is something to prune"),
    ("--diff", "--stdout", "", "both print to stdout, the changes or the whole code"),
    ("--stdout", "--prune", "", "--stdout deletes nothing, and what is deleted has no code"),
    ("--diff", "--exit-non-zero-on-change", "--check", "--diff changes nothing; --check --diff fails where it would"),
    ("--stdout", "--exit-non-zero-on-change", "--check", "--stdout changes nothing"),
)


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The command (`.command`) and its options. A first argument that is a command's name is the command.

    A file of such a name is given as `./show`, or after `--`. Options that contradict each other end the program.
    """
    command = argv[0] if argv and argv[0] in COMMANDS else GENERATE
    rest = argv if command == GENERATE else argv[1:]
    reader = parser(command)
    namespace = reader.parse_args(rest)
    namespace.command = command
    for one, other, unless, why in CONTRADICTIONS:
        if _is_given(one, namespace) and _is_given(other, namespace) and not _is_given(unless, namespace):
            reader.error(f"{one} and {other} contradict each other: {why}")
    return namespace


def _is_given(flag: str, namespace: argparse.Namespace) -> bool:
    return bool(getattr(namespace, flag.lstrip("-").replace("-", "_"), False)) if flag else False


def parser(command: str) -> argparse.ArgumentParser:
    """The parser of one command."""
    made = argparse.ArgumentParser(
        prog="jvpgen" if command == GENERATE else f"jvpgen {command}",
        description=_description(command),
        epilog=_epilog(command),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    for option in OPTIONS:
        if command in option.commands:
            made.add_argument(*option.flags, help=option.help.replace("%", "%%"), **option.settings)
    if command == GENERATE:
        made.add_argument("--version", action="version", version=f"jvpgen {__version__}")
    return made


def _description(command: str) -> str:
    if command != GENERATE:
        return COMMANDS[command][0].upper() + COMMANDS[command][1:] + "."
    return "Write the forward-mode derivatives of flax.linen modules marked with @jvpgen.derive."


def _epilog(command: str) -> str:
    if command != GENERATE:
        return f"{STATUS}\n{EXIT_CODES}" if command == INSPECT else EXIT_CODES
    lines = "\n".join(f"  jvpgen {name:<9} {text}" for name, text in COMMANDS.items())
    return f"commands (jvpgen COMMAND --help):\n{lines}\n\n{EXIT_CODES}"
