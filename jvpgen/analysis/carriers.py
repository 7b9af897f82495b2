"""Which classes of values a file's modules may come to hold: only their methods are worth a derivative.

A class in sight of a file may have nothing to do with what its modules compute: the class that loads their parameters
from a hub, the classes of a logger. If an instance of one did get in, run time would differentiate its methods.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import libcst as cst

from jvpgen.source.bindings import Binding, bindings_of
from jvpgen.source.classes import mro, own_methods
from jvpgen.source.flax_names import MODULE
from jvpgen.source.mentions import Mentioned, all_mentioned
from jvpgen.source.module import SourceModule
from jvpgen.source.reach import Definition, Reach

_held: WeakKeyDictionary[Reach, dict[tuple[str, str], bool]] = WeakKeyDictionary()
_mentioned: WeakKeyDictionary[Reach, dict[str, Mentioned]] = WeakKeyDictionary()


def may_be_held(definition: Definition, source: SourceModule, reach: Reach) -> bool:
    """Whether modules and functions of the file `source` may work on instances of a class that is none of modules.

    They may if they name it, a class that it derives from or one that derives from it, or what names one of these. Of
    their own file they may be given any, save those that are made to hold modules and run them from outside.
    """
    known = _held.setdefault(reach, {})
    key = (definition.key, str(source.absolute))
    if key not in known:
        known[key] = _may_be_held(definition, source, reach)
    return known[key]


def _may_be_held(definition: Definition, source: SourceModule, reach: Reach) -> bool:
    if definition.module is source and not _runs_modules(definition, reach):
        return True
    mentioned = _mentioned_by(source, reach)
    if definition.key in mentioned.bases:
        return True
    return any(ancestor.key in mentioned.named for ancestor in mro(definition, reach))


def _mentioned_by(source: SourceModule, reach: Reach) -> Mentioned:
    """What a file's modules, functions and values name, directly or through others."""
    known = _mentioned.setdefault(reach, {})
    key = str(source.absolute)
    if key not in known:
        bindings = (binding for found in reach.names(source).bindings.values() for binding in found)
        own = (_defined(binding, source, reach) for binding in bindings if binding.kind != "import")
        roots = [found for found in own if found is not None and found.kind != "class"]
        known[key] = all_mentioned(roots, reach)
    return known[key]


def _defined(binding: Binding, source: SourceModule, reach: Reach) -> Definition | None:
    return None if binding.node is None else reach.define(source, f"{source.name}.{binding.name}", binding.node)


def _runs_modules(definition: Definition, reach: Reach) -> bool:
    """Whether a class says that its instances hold a module: in its body, or where its `__init__` is given one."""
    for ancestor in mro(definition, reach):
        owner = ancestor.definition
        if owner is None or not isinstance(owner.node, cst.ClassDef):
            continue
        if any(_is_module(item, owner, reach) for item in _declared(owner)):
            return True
        init = own_methods(owner, reach).get("__init__")
        given = (*init.node.params.params, *init.node.params.kwonly_params) if init is not None else ()
        annotations = (item.annotation for item in given if item.annotation is not None)
        if any(_is_module(item.annotation, owner, reach) for item in annotations):
            return True
    return False


def _declared(owner: Definition) -> list[cst.BaseExpression]:
    """The annotations and values of the names in a class's body."""
    assert isinstance(owner.node, cst.ClassDef)
    found = [item.node for item in bindings_of(owner.node.body.body, owner.module.package) if item.kind == "value"]
    for statement in owner.node.body.body:
        if isinstance(statement, cst.SimpleStatementLine):
            found += [part.annotation.annotation for part in statement.body if isinstance(part, cst.AnnAssign)]
    return [node for node in found if isinstance(node, cst.BaseExpression)]


def _is_module(node: cst.BaseExpression, owner: Definition, reach: Reach) -> bool:
    """Whether an expression is a class of modules, or `type[…]` or `Optional[…]` of one."""
    while isinstance(node, cst.Subscript) and isinstance(node.slice[0].slice, cst.Index):
        node = node.slice[0].slice.value
    if not isinstance(node, cst.Name | cst.Attribute):
        return False
    qualified = reach.meaning(owner.module, node)
    found = reach.definition(qualified, owner.module) if qualified is not None else None
    return qualified == MODULE or (found is not None and found.kind == "module_class")
