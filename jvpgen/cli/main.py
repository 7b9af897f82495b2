"""`python -m jvpgen`: arguments enter, an exit code leaves; this room alone prints.

0: everything is up to date, or was written. 1: something is out of date, has errors, or changed under
`--exit-non-zero-on-change`. 2: the command line or the configuration is wrong.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from jvpgen.cli import options
from jvpgen.cli.console import Terminal

_INTERRUPTED = 130  # 128 + SIGINT, as shells count
_PIPE_CLOSED = 141  # 128 + SIGPIPE


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command line and returns its exit code."""
    arguments = options.parse(sys.argv[1:] if argv is None else argv)
    terminal = Terminal(arguments.color)
    return command(arguments.command)(arguments, terminal)


def command(name: str) -> Callable[[argparse.Namespace, Terminal], int]:
    """The function of a command, imported when it is run: `explain` needs no parser."""
    if name == options.EXPLAIN:
        from jvpgen.cli.explain import explain

        return explain
    if name == options.SHOW:
        from jvpgen.cli.show import show

        return show
    from jvpgen.cli.generate import generate, inspect_paths

    return inspect_paths if name == options.INSPECT else generate


def run() -> None:
    """The console script: `main`, with an end that suits a shell when a user or a pipe stops it."""
    try:
        code = main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout again at exit; let it flush into nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = _PIPE_CLOSED
    raise SystemExit(code)
