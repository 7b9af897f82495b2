"""`[tool.jvpgen]`: the nearest pyproject.toml enters, a frozen `Config` leaves, and a diagnostic for each mistake."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pathspec import GitIgnoreSpec

from jvpgen.diagnostics.catalogue import diagnostic
from jvpgen.diagnostics.report import Report, whole_file
from jvpgen.source.span import Span

FILE = "pyproject.toml"


@dataclass(frozen=True)
class Config:
    """What a project says to jvpgen. Paths are relative to the project's root."""

    include: tuple[str, ...] = ()  # files and folders to generate from when the command line names none
    exclude: tuple[str, ...] = ()  # gitignore patterns of files to leave alone
    output: str | None = None  # folder that mirrors the sources' tree; None writes beside each source
    follow: tuple[str, ...] = ()  # packages outside the project whose source may be read
    line_length: int = 88
    namespace_packages: tuple[str, ...] = ()  # folders that are packages though they have no __init__.py
    rules: tuple[str, ...] = ()  # modules that write rules for functions
    custom_vjp: Literal["error", "primal"] = "error"  # what becomes of functions with a `jax.custom_vjp`


def read_config(root: Path, report: Report) -> Config:
    """The configuration in `root`'s pyproject.toml; the defaults where it has none. Mistakes go to the report."""
    path = root / FILE
    if not os.path.isfile(path):
        return Config()
    try:
        text = path.read_bytes().decode("utf-8")
        document = tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        report.add(_unparsed(error))
        return Config()
    tool = document.get("tool", {})
    table = tool.get("jvpgen", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        report.add(diagnostic("JVP912", "`tool.jvpgen` is no table", whole_file(FILE)))
        return Config()
    return _checked(table, text, report)


# --- The keys ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Kind:
    """A kind of value: its name for messages, and the value made from what TOML gives, None where it does not fit."""

    name: str
    convert: Callable[[Any], Any]


def _strings(value: Any) -> tuple[str, ...] | None:
    return tuple(value) if isinstance(value, list) and all(isinstance(item, str) for item in value) else None


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _policy(value: Any) -> str | None:
    return value if value in ("error", "primal") else None


def _width(value: Any) -> int | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and 40 <= value <= 320
    return int(value) if fits else None


def _patterns(value: Any) -> tuple[str, ...] | None:
    strings = _strings(value)
    return strings if strings is not None and all(map(is_pattern, strings)) else None


def is_pattern(line: str) -> bool:
    """Whether a line of a .gitignore file is one: `!` alone says nothing."""
    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True


_STRINGS = _Kind("a list of strings", _strings)
_KINDS: Mapping[str, _Kind] = {
    "include": _STRINGS,
    "exclude": _Kind("a list of strings, each a pattern as in .gitignore", _patterns),
    "output": _Kind("a path, as a string that is not empty", _string),
    "follow": _STRINGS,
    "line-length": _Kind("a whole number from 40 to 320", _width),
    "namespace-packages": _STRINGS,
    "rules": _STRINGS,
    "custom_vjp": _Kind('"error" or "primal"', _policy),
}
KEYS = tuple(_KINDS)


def _checked(table: Mapping[str, Any], text: str, report: Report) -> Config:
    values: dict[str, Any] = {}
    for key, given in table.items():
        kind = _KINDS.get(key)
        if kind is None:
            close = difflib.get_close_matches(key, KEYS, n=1, cutoff=0.6)
            remedy = f"Did you mean `{close[0]}`?" if close else f"The keys are {', '.join(KEYS)}."
            report.add(
                diagnostic("JVP911", f"unknown key `{key}` in [tool.jvpgen]", _key_span(text, key), remedy=remedy)
            )
            continue
        value = kind.convert(given)
        if value is None:
            message = f"`{key}` is {_shown(given)}, but must be {kind.name}"
            report.add(diagnostic("JVP912", message, _key_span(text, key)))
            continue
        values[key.replace("-", "_")] = value
    return Config(**values)


def _shown(value: Any) -> str:
    names = {str: "the string", list: "the list", bool: "the boolean", int: "the number", float: "the number"}
    shown = repr(value).lower() if isinstance(value, bool) else repr(value)
    short = shown if len(shown) <= 60 else shown[:57] + "…"
    return f"{names.get(type(value), f'a {type(value).__name__}:')} {short}"


# --- Places in the file (tomllib gives none) --------------------------------------------------------------------------


def _key_span(text: str, key: str) -> Span:
    """Where `key` stands under `[tool.jvpgen]`; the whole file if it is written in some rarer form."""
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[+\s*([^\]]*?)\s*\]", line)
        if header:
            section = re.sub(r"""[\s"']""", "", header.group(1))
        found = re.match(rf"""\s*(?:tool\.jvpgen\.|jvpgen\.)?["']?({re.escape(key)})["']?\s*[=.]""", line)
        if found and section in ("tool.jvpgen", "tool", ""):
            return Span(FILE, number, found.start(1) + 1, number, found.end(1) + 1)
    return whole_file(FILE)


def entry_span(root: Path, key: str, entry: str) -> Span:
    """Where the string `entry` stands in the list of a key; the key itself if that is not found."""
    try:
        text = (root / FILE).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return whole_file(FILE)
    place = _key_span(text, key)
    lines = text.splitlines()
    for number in range(place.line, len(lines) + 1):
        found = re.search(rf"""(["']){re.escape(entry)}\1""", lines[number - 1])
        if found:
            return Span(FILE, number, found.start() + 1, number, found.end() + 1)
    return place


def _unparsed(error: Exception) -> Any:
    if isinstance(error, OSError):
        return diagnostic("JVP913", f"cannot read `{FILE}`: {error.strerror or error}", whole_file(FILE))
    place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
    message = re.sub(r"\s*\(at [^)]*\)", "", str(error)) or type(error).__name__
    if place is None:
        return diagnostic("JVP913", f"`{FILE}` is not valid TOML: {message}", whole_file(FILE))
    line, column = int(place.group(1)), int(place.group(2))
    return diagnostic("JVP913", f"`{FILE}` is not valid TOML: {message}", Span(FILE, line, column, line, column + 1))
