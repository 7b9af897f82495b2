"""One file of source: a path enters, its text and syntax tree leave, or the diagnostic that says why it cannot be read.

    source = load(Path("models/cnn.py"), root=Path("."))     # SourceModule | Diagnostic
    source.name, source.package     # "models.cnn", "models"
    source.span(node)               # Span, path relative to root
    source.code(node)               # the node's text

Positions are computed at the first `span`, once a file.
"""

from __future__ import annotations

import ast
import codecs
import keyword
import os
import re
import tokenize
import warnings
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from pathlib import Path

import libcst as cst

from jvpgen.diagnostics.catalogue import diagnostic
from jvpgen.diagnostics.report import Diagnostic, whole_file
from jvpgen.source.positions import Position, positions
from jvpgen.source.span import Span

_DEEPEST_BRACKETS = 200  # Python's own limit; libcst's parser overflows the stack at some thousands
_LARGEST_FILE = 20_000_000
_LONG_LINE, _MANY_BRANCHES = 2_000, 300  # below these, code is not nested too deeply

_STRING_OR_COMMENT = re.compile(
    r"""(?s)\"\"\".*?(?<!\\)\"\"\"|'''.*?(?<!\\)'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\#[^\n]*"""
)
_BRACKET = re.compile(r"[()\[\]{}]")


@dataclass(frozen=True, eq=False)
class SourceModule:
    """A parsed file. `path` is relative to the project's root, with forward slashes; `absolute` is where it was read.

    `name` is the dotted name by which it is imported, `package` the package that its relative imports start from
    (its own name for an `__init__.py`, "" for a file in no package).
    """

    path: str
    absolute: Path
    name: str
    package: str
    text: str = field(repr=False)
    tree: cst.Module = field(repr=False)

    @cached_property
    def positions(self) -> dict[cst.CSTNode, Position]:
        return positions(self.tree)

    def span(self, node: cst.CSTNode) -> Span:
        """Where `node`, a node of this tree, stands."""
        line, column, end_line, end_column = self.positions[node]
        return Span(self.path, line, column + 1, end_line, end_column + 1)

    def code(self, node: cst.CSTNode) -> str:
        """The text of `node`, without comments, blank lines and indentation around a statement."""
        return self.tree.code_for_node(node).strip()

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines of the file, as Python counts them, without their ends."""
        return tuple(re.split(r"\r\n?|\n", self.text))

    @property
    def is_package(self) -> bool:
        """Whether this is a package's `__init__.py`."""
        return self.absolute.name == "__init__.py"


def load(path: Path, root: Path, name: str | None = None) -> SourceModule | Diagnostic:
    """The file at `path`, whose printed path is relative to `root`; `name` is its dotted name, if known."""
    absolute = Path(os.path.abspath(path))
    shown = shown_path(absolute, root)
    text = _read(absolute, shown)
    if isinstance(text, Diagnostic):
        return text
    return parse(text, absolute, root, name)


def parse(text: str, path: Path, root: Path, name: str | None = None) -> SourceModule | Diagnostic:
    """Like `load`, for a text that the caller has already read: what stands in the file at `path`."""
    absolute = Path(os.path.abspath(path))
    shown = shown_path(absolute, root)
    deep = _too_deep(text, shown)
    if deep is not None:
        return deep
    try:
        tree = cst.parse_module(text)
    except cst.ParserSyntaxError as error:
        return _syntax_error(error, text, shown)
    dotted = name if name is not None else dotted_name(absolute, root)
    package = dotted if absolute.name == "__init__.py" else dotted.rpartition(".")[0]
    source = SourceModule(shown, absolute, dotted, package, text, tree)
    return _nested_too_deep(source) or source


def shown_path(path: Path, root: Path) -> str:
    """`path` relative to `root` with forward slashes; by its package, or its bare name, if it lies elsewhere."""
    absolute = Path(os.path.abspath(path))
    for base in (Path(os.path.abspath(root)), import_base(absolute)):
        if absolute.is_relative_to(base):
            return absolute.relative_to(base).as_posix()
    return absolute.name


def import_base(path: Path) -> Path:
    """The folder from which the file at `path` is imported: above its topmost package, or its own folder."""
    folder = path.parent
    while os.path.isfile(folder / "__init__.py") and folder.parent != folder:
        folder = folder.parent
    return folder


def is_name(text: str) -> bool:
    """Whether Python takes a text for a name: an identifier that is no keyword."""
    return text.isidentifier() and not keyword.iskeyword(text)


def dotted_name(path: Path, root: Path) -> str:
    """The name by which the file at `path` is imported.

    Packages with an `__init__.py` say it themselves. A file in a folder without one is in a namespace package under
    `root` (or its `src`), as far down as the folders' names are names.
    """
    base = import_base(path)
    if base == path.parent:
        root = Path(os.path.abspath(root))
        above = next((folder for folder in (root / "src", root) if path.is_relative_to(folder)), base)
        parts = list(path.parent.relative_to(above).parts)
        keep = len(parts)
        while keep and is_name(parts[keep - 1]):
            keep -= 1
        base = above.joinpath(*parts[:keep])
    relative = path.relative_to(base).with_suffix("")
    parts = list(relative.parts)
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    return ".".join(parts)


# --- Reading ----------------------------------------------------------------------------------------------------------


def _read(path: Path, shown: str) -> str | Diagnostic:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            message = f"`{path.name}` is larger than {_LARGEST_FILE // 1_000_000} MB"
            return diagnostic("JVP903", message, whole_file(shown))
        if not os.path.isfile(path):
            return diagnostic("JVP903", f"`{path.name}` is no regular file", whole_file(shown))
        data = path.read_bytes()
    except OSError as error:
        return diagnostic("JVP903", f"cannot read `{path.name}`: {error.strerror or error}", whole_file(shown))
    return decode(data, shown)


def decode(data: bytes, shown: str) -> str | Diagnostic:
    """The text of a source file's bytes, by its byte order mark, the encoding that it declares (PEP 263), or UTF-8."""
    name = shown.rpartition("/")[2]
    try:
        encoding, _ = tokenize.detect_encoding(BytesIO(data).readline)
    except SyntaxError as error:
        encoding = "utf-8-sig" if data.startswith(codecs.BOM_UTF8) else "utf-8"
        if not _first_two_lines_invalid(data):
            return diagnostic("JVP902", f"`{name}`: {error.msg}", whole_file(shown))
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(encoding, errors="replace")
        lines = re.split(r"\r\n?|\n", before)
        line, column = len(lines), len(lines[-1]) + 1
        return diagnostic(
            "JVP902",
            f"`{name}` is not valid {encoding.upper().removesuffix('-SIG')}",
            Span(shown, line, column, line, column + 1),
            label=f"byte 0x{data[error.start]:02x}",
        )
    except LookupError as error:  # a codec that is no text encoding
        return diagnostic("JVP902", f"`{name}`: {error}", whole_file(shown))


def _first_two_lines_invalid(data: bytes) -> bool:
    try:
        b"\n".join(data.split(b"\n", 2)[:2]).decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def _too_deep(text: str, shown: str) -> Diagnostic | None:
    """The diagnostic of brackets nested deeper than Python allows, on which the parser would overflow the stack."""
    if text.count("(") + text.count("[") + text.count("{") <= _DEEPEST_BRACKETS or not _deepest(text)[1]:
        return None
    stripped = _STRING_OR_COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)
    depth_offset = _deepest(stripped)[1]
    if not depth_offset:
        return None
    line = stripped.count("\n", 0, depth_offset) + 1
    column = depth_offset - stripped.rfind("\n", 0, depth_offset)
    return diagnostic("JVP901", "too many nested brackets", Span(shown, line, column, line, column + 1))


def _nested_too_deep(source: SourceModule) -> Diagnostic | None:
    """The diagnostic of an expression or a chain of `elif` so long that functions over its tree would not end well."""
    longest = max(map(len, source.lines), default=0)
    if longest < _LONG_LINE and source.text.count("elif") < _MANY_BRANCHES:
        return None
    try:
        _ = source.positions
    except RecursionError:
        line = max(range(len(source.lines)), key=lambda index: len(source.lines[index])) + 1
        place = Span(source.path, line, 1, line, 1) if longest >= _LONG_LINE else whole_file(source.path)
        return diagnostic("JVP901", "code that is nested too deeply", place)
    return None


def _deepest(text: str) -> tuple[int, int]:
    """The deepest nesting of brackets, at most one over the limit, and the place where the limit is passed (else 0)."""
    depth = deepest = 0
    for found in _BRACKET.finditer(text):
        if found.group() in "([{":
            depth += 1
            deepest = max(deepest, depth)
            if depth > _DEEPEST_BRACKETS:
                return depth, found.start()
        else:
            depth = max(depth - 1, 0)
    return deepest, 0


def _syntax_error(error: cst.ParserSyntaxError, text: str, shown: str) -> Diagnostic:
    """What is wrong and where, in Python's own words if it agrees: libcst names the token after the wrong one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError as own:
        line, column = own.lineno or 1, max(own.offset or 1, 1)
        end = (own.end_lineno or line, own.end_offset or column + 1)
        end_line, end_column = max(end, (line, column + 1))
        return diagnostic("JVP901", f"syntax error: {own.msg}", Span(shown, line, column, end_line, end_column))
    except (ValueError, RecursionError, MemoryError):
        pass
    found = re.search(r"error at (\d+):\d+", error.message)
    line = int(found.group(1)) if found else error.raw_line
    return diagnostic(
        "JVP901", f"syntax that jvpgen's parser does not know: {error.message}", Span(shown, line, 1, line, 1)
    )
