"""Compares what a class declares, by its text, with what `init` makes of an instance of it."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from pathlib import Path
from typing import Any

import flax
import jax
from flax import linen as nn

from jvpgen.ir.declarations import Declarations, Shared, declarations_of
from jvpgen.source.reach import Definition, Reach

_OPEN = re.compile(r"\{[^{}]*\}")


def definition_of(cls: type, reach: Reach) -> Definition:
    path = Path(inspect.getfile(cls))
    source = reach.load(path)
    found = reach.definition(f"{source.name}.{cls.__qualname__}", source)  # type: ignore[union-attr]
    assert found is not None, cls
    return found


def declared(cls: type, *, root: Path | None = None, shared: Shared | None = None, **options: Any) -> Declarations:
    reach = Reach(root or Path(inspect.getfile(cls)).parent, **options)
    return declarations_of(definition_of(cls, reach), reach, shared)


def made(module: nn.Module, *args: Any, **kwargs: Any) -> dict[str, dict[str, tuple[int, ...]]]:
    """By collection, each variable's path and shape, as `init` makes them."""
    keys = {name: jax.random.key(0) for name in ("params", "dropout", "noise", "sampling")}
    variables = jax.eval_shape(lambda: module.init(keys, *args, **kwargs))
    flat = {name: flax.traverse_util.flatten_dict(tree, sep="/") for name, tree in variables.items()}
    return {name: {path: getattr(leaf, "shape", None) for path, leaf in tree.items()} for name, tree in flat.items()}


def differences(declarations: Declarations, actual: dict[str, dict[str, Any]]) -> list[str]:
    """Variables that are made but not declared, and ones that are declared as certain but not made."""
    problems = []
    patterns = [(pattern(item.collection), pattern(item.path), item, [False]) for item in declarations.variables]
    open_ended = [pattern(item.name) for item in declarations.submodules if not item.known]
    for collection, tree in actual.items():
        for path in tree:
            hits = [entry for entry in patterns if entry[0].fullmatch(collection) and entry[1].fullmatch(path)]
            for entry in hits:
                entry[3][0] = True
            if not hits and not any(item.fullmatch(path.split("/")[0]) for item in open_ended):
                problems.append(f"made, not declared: {collection} {path}")
    for _, _, item, seen in patterns:
        if not seen[0] and not item.optional and item.how in ("param", "variable"):
            problems.append(f"declared, not made: {item.collection} {item.path}")
    return problems


def pattern(text: str) -> re.Pattern[str]:
    parts = _OPEN.split(text)
    return re.compile("[^/]+".join(re.escape(part) for part in parts))


def import_file(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module
