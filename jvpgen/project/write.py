"""Texts onto the disk: whole or not at all, and never over a file that already says the same."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

_NEW_FILE_MODE = 0o666


def write_text(path: Path, text: str) -> bool:
    """Makes `path` hold `text`; whether it had to be written. After any failure the file is as it was.

    The text goes into a temporary file of the same folder, which then takes the place of the old file in one step: a
    reader, a second jvpgen or a power cut sees the old text or the new one. A link stays a link: its target is written.
    """
    data = text.encode("utf-8")
    path = Path(os.path.realpath(path))
    if _content(path) == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, _mode(path))
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    return True


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if os.path.isfile(path) else None
    except OSError:
        return None


def _mode(path: Path) -> int:
    """The mode of the file that is replaced, or what a new file would get."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return _NEW_FILE_MODE & ~mask
