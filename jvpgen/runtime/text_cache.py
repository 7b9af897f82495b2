"""Generated text on disk, so that Flax's layers are derived once per installation and not once per process.

The key covers the source file, what was asked of it, and jvpgen's own compiler and rules; nothing ever needs to be
deleted. Failure to read or write is silent: the text is made again.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import jvpgen
from jvpgen.rules import Rule
from jvpgen.version import __version__


def key_of(source: str, module: str, qualname: str, rules: Iterable[Rule] = ()) -> str:
    """The key of a text; `rules` are those of users that it may need."""
    told = sorted(repr(replace(rule, place="")) for rule in rules)
    parts = [source, module, qualname, __version__, compiler_hash(), *told]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@functools.lru_cache(maxsize=1)
def compiler_hash() -> str:
    """A hash of everything that takes part in making text: the rules and the compiler."""
    root = Path(jvpgen.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        if "runtime" not in path.relative_to(root).parts:
            digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _folder() -> Path:
    chosen = os.environ.get("JVPGEN_CACHE_DIR")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "jvpgen"


def read(key: str) -> str | None:
    try:
        return (_folder() / f"{key}.py").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, RuntimeError):  # RuntimeError: no home directory
        return None


def write(key: str, text: str) -> None:
    """Writes atomically: another process sees the whole text or none."""
    with contextlib.suppress(OSError, RuntimeError):
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=folder, suffix=".tmp")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(temporary, folder / f"{key}.py")
        except OSError:
            os.unlink(temporary)
