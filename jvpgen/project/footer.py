"""The last lines of a generated file: the keys of each definition that it derives, written, read back and compared.

    # jvpgen: generator=0123456789ab rest=0123456789ab
    # jvpgen: CNN text=0123456789ab source=0123456789ab body=0123456789ab
    #   CNN_jvp, _CNN <- CNN, helper, nn; models/layers.py: Block

The first line holds the keys of the whole file: the generator's, and that of the text that no function owns (imports).
Then, for each definition of the source, its keys, the functions that were made from it, and the names it was made from:
those of its own file, then those of others. With these the keys can be computed again without analysing anything.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from jvpgen.project.keys import body_key, definitions

_PREFIX = "# jvpgen: "
_FOLD = "#   "
_KEYS = re.compile(r"(\w+)=(\w+)")


@dataclass(frozen=True)
class Part:
    """A definition of the source, `name`, in a generated file; `module:name` is one of a followed package.

    `functions` are the generated functions that belong to it. `uses` says what it was made from, as (place, top-level
    name): the place is a path relative to the project's root, a dotted module of a followed package, or "" for the
    source file itself.
    """

    name: str
    functions: tuple[str, ...]
    uses: tuple[tuple[str, str], ...] = ()
    text: str = ""
    source: str = ""

    @property
    def is_copied(self) -> bool:
        """Whether the definition is another package's."""
        return ":" in self.name


@dataclass(frozen=True)
class Footer:
    """What a generated file says of itself."""

    parts: tuple[Part, ...]
    generator: str = ""
    warnings: int = 0
    bodies: Mapping[str, str] = field(default_factory=dict)  # definition → body key; "" → that of the rest


def with_footer(text: str, footer: Footer, width: int = 88) -> str:
    """`text` with its footer below it. The keys of the bodies are computed here."""
    bodies = body_keys(text, footer.parts)
    first = f"{_PREFIX}generator={footer.generator} rest={bodies['']}"
    lines = [first + (f" warnings={footer.warnings}" if footer.warnings else "")]
    for part in footer.parts:
        keys = f"text={part.text} source={part.source} body={bodies[part.name]}"
        lines.append(f"{_PREFIX}{part.name} {keys}")
        origin = f" <- {_shown_uses(part.uses)}" if part.uses else ""
        lines.extend(_folded(", ".join(part.functions) + origin, width))
    return text.rstrip("\n") + "\n\n\n" + "\n".join(lines) + "\n"


def split_footer(text: str) -> tuple[str, Footer | None]:
    """The text without the footer, and the footer; None where there is none that can be read."""
    lines = text.replace("\r\n", "\n").split("\n")
    start = next((number for number, line in enumerate(lines) if line.startswith(f"{_PREFIX}generator=")), None)
    if start is None:
        return text, None
    first = dict(_KEYS.findall(lines[start]))
    bodies = {"": first.get("rest", "")}
    parts = []
    for line, folded in _blocks(lines[start + 1 :]):
        name, _, keys = line.removeprefix(_PREFIX).partition(" ")
        values = dict(_KEYS.findall(keys))
        functions, _, uses = folded.partition("<- ")
        bodies[name] = values.get("body", "")
        named = tuple(function for function in re.split(r"\s*,\s*", functions.strip()) if function)
        parts.append(Part(name, named, _read_uses(uses), values.get("text", ""), values.get("source", "")))
    warnings = first.get("warnings", "0")
    count = int(warnings) if warnings.isdecimal() else 0
    above = lines[:start] + [line for line in lines[start:] if not line.startswith((_PREFIX, _FOLD))]
    return "\n".join(above).rstrip("\n") + "\n", Footer(tuple(parts), first.get("generator", ""), count, bodies)


def edited_parts(text: str) -> tuple[str, ...]:
    """What of a generated file is no longer as it was written: names of definitions, "" for all other text.

    A file whose footer is missing counts as edited as a whole: ("",).
    """
    above, footer = split_footer(text)
    if footer is None:
        return ("",)
    now = body_keys(above, footer.parts)
    return tuple(sorted(name for name, key in footer.bodies.items() if now.get(name) != key))


def body_keys(text: str, parts: Iterable[Part]) -> dict[str, str]:
    """The key of the functions of each part, and under "" that of all other statements."""
    texts = definitions(text)
    keys = {}
    owned: set[str] = set()
    for part in parts:
        keys[part.name] = body_key([texts[function] for function in part.functions if function in texts])
        owned.update(part.functions)
    keys[""] = body_key([block for name, block in texts.items() if name not in owned])
    return keys


# --- Lines ------------------------------------------------------------------------------------------------------------


def _folded(text: str, width: int) -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=_FOLD, subsequent_indent=_FOLD, break_long_words=False, break_on_hyphens=False
    )


def _blocks(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Each definition's first line, with the text of its folded lines joined."""
    head = ""
    folded: list[str] = []
    for line in lines:
        if line.startswith(_PREFIX):
            if head:
                yield head, " ".join(folded)
            head, folded = line, []
        elif line.startswith(_FOLD):
            folded.append(line.removeprefix(_FOLD).strip())
    if head:
        yield head, " ".join(folded)


def _shown_uses(uses: Iterable[tuple[str, str]]) -> str:
    places: dict[str, list[str]] = {}
    for place, name in sorted(set(uses)):
        places.setdefault(place, []).append(name)
    return "; ".join((f"{place}: " if place else "") + ", ".join(names) for place, names in places.items())


def _read_uses(text: str) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for group in text.split(";"):
        place, colon, names = group.rpartition(":")
        found.extend((place.strip() if colon else "", name.strip()) for name in names.split(",") if name.strip())
    return tuple(found)
