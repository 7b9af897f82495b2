"""Whether a generated file still fits its source, told from its footer alone: nothing is analysed, little is parsed.

`changed_parts` serves the runtime (`StaleDerivative`), `is_fresh` the build, which leaves a fresh file unread.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from jvpgen.project.files import BANNER, text_at
from jvpgen.project.footer import Footer, Part, split_footer
from jvpgen.project.keys import definitions, source_key, text_key

ReadPlace = Callable[[str], Mapping[str, str] | None]  # a place in `Part.uses` → its definitions' texts


def changed_parts(output_text: str, source: Path) -> tuple[str, ...]:
    """The definitions of `source` that say something else than when `output_text` was generated from them.

    Those of followed packages are named `module:name`. Definitions whose source cannot be read now are not among them.
    """
    _, footer = split_footer(output_text)
    if footer is None:
        return ()
    read = reader(source, _root(source, output_text))
    return tuple(part.name for part in footer.parts if _says_otherwise(part, read))


def is_fresh(footer: Footer, read: ReadPlace, needs: frozenset[str]) -> bool:
    """Whether generating a file anew, for its own decorators and for `needs`, would give what it holds, by its keys.

    False whenever that is not certain: new decorators, parts that nobody seems to ask for, parts without known origin.
    """
    own = read("")
    names = {part.name for part in footer.parts if not part.is_copied}
    if own is None or not needs <= names:
        return False
    tops = {name.partition(".")[0] for name in names}
    asked = {name for name in names if _asks(own.get(name.partition(".")[0], ""))}
    if any(text.startswith("@") and name not in tops for name, text in own.items()) or names - asked - needs:
        return False
    return all(part.uses and text_key(texts_used(part, read) or ()) == part.text for part in footer.parts)


def says_its_home(own: Mapping[str, str], source: Path) -> bool:
    """Whether a source has an import that tells whether its folder is a package: a relative one, or of a file there."""
    found = (re.match(r"\s*(?:from|import)\s+(\.|\w+)", text) for text in own.values())
    modules = {match.group(1) for match in found if match}
    return "." in modules or any(os.path.isfile(source.parent / f"{name}.py") for name in modules)


def _asks(text: str) -> bool:
    """Whether a definition's decorators look like ours."""
    decorators = re.split(r"^(?:class|def|async def)\b", text, maxsplit=1, flags=re.MULTILINE)[0]
    return text.startswith("@") and "derive" in decorators


def texts_used(part: Part, read: ReadPlace) -> tuple[str, ...] | None:
    """The raw texts that a part was made from; None if a file is out of reach. A name that is gone is an empty text.

    `Outer.Inner` stands for the whole of `Outer`.
    """
    texts = []
    for place, name in part.uses:
        found = read(place)
        if found is None:
            return None
        texts.append(found.get(name.partition(".")[0], ""))
    return tuple(texts)


def reader(source: Path, root: Path) -> ReadPlace:
    """Reads the places of a footer for the file `source`, each once."""
    known: dict[str, Mapping[str, str] | None] = {}

    def read(place: str) -> Mapping[str, str] | None:
        if place not in known:
            path = source if not place else root / place if place.endswith(".py") else _installed_file(place)
            known[place] = _definitions_in(path)
        return known[place]

    return read


def _definitions_in(path: Path | None) -> Mapping[str, str] | None:
    try:
        text = None if path is None else text_at(path, "utf-8-sig")
        return None if text is None else definitions(text)
    except (OSError, UnicodeDecodeError):
        return None


def _installed_file(module: str) -> Path | None:
    """The file of a followed package's module, found without importing it."""
    top, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    folders = spec.submodule_search_locations
    if not folders:
        return Path(spec.origin) if spec.origin and not rest else None
    base = Path(next(iter(folders))).joinpath(*rest)
    return base / "__init__.py" if os.path.isdir(base) else base.with_suffix(".py")


def _root(source: Path, output_text: str) -> Path:
    """The project's root, from the relative path in the generated file's first line."""
    parents = source.resolve().parents
    return parents[min((named_source(output_text) or "").count("/"), len(parents) - 1)]


def named_source(output_text: str) -> str | None:
    """The path of its source that a generated file states near its top."""
    for line in output_text.splitlines()[:40]:
        before, found, rest = line.partition(f"{BANNER} from ")
        if found and before.startswith("#"):
            return rest.removesuffix(" DO NOT EDIT.").removesuffix(".")
    return None


def _says_otherwise(part: Part, read: ReadPlace) -> bool:
    texts = texts_used(part, read) if part.uses else None
    if texts is None or text_key(texts) == part.text:
        return False
    return source_key(texts) != part.source
