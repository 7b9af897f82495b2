"""What is known of a module class before one of its methods is derived: a definition enters, its `ClassFacts` leave.

Attributes come from every `setup` in reach. Whether one of them is active, or a method or property can return something
active though nothing active goes in, is found by fixed points over the class as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from weakref import WeakKeyDictionary

import libcst as cst

from jvpgen.analysis import filling
from jvpgen.analysis.activity import fillings, function_environment, is_active
from jvpgen.analysis.array_use import attributes_by_use
from jvpgen.analysis.custom_vjp import has_custom_vjp
from jvpgen.analysis.decided import is_decided
from jvpgen.analysis.environment import ClassFacts, Environment
from jvpgen.analysis.field_types import NUMBERS, array_fields, holds_a_class
from jvpgen.analysis.filling import Filling
from jvpgen.analysis.holdings import returned_instance
from jvpgen.analysis.instances import instance_class, is_collection, is_constructor
from jvpgen.analysis.members import first_parameter, members_of, stored_attributes
from jvpgen.analysis.static import static_parameters
from jvpgen.analysis.static_results import only_computes_static
from jvpgen.analysis.values import called_through
from jvpgen.ir import nodes
from jvpgen.ir.explicit import mangled, outside_class
from jvpgen.ir.lower import lower_function
from jvpgen.rules.reading import own_rule, parameter_names
from jvpgen.source import flax_names
from jvpgen.source.bindings import bindings_of
from jvpgen.source.classes import Field, Method, fields, find_method, methods, mro, own_methods
from jvpgen.source.module import SourceModule
from jvpgen.source.names import Names
from jvpgen.source.reach import Definition, Reach

ROOTS = frozenset(
    (
        "flax.linen.module.Module",
        "flax.linen.Module",
        "flax.linen.module.ModuleBase",
        "typing.Generic",
        "typing.Protocol",
        "abc.ABC",
        "object",
    )
)


def methods_of(definition: Definition, reach: Reach) -> dict[str, Method]:
    """The methods of a module class by attribute name, without what `flax.linen.Module` itself brings."""
    return {
        mangled(name, method.owner.path_in_module): method
        for name, method in methods(definition, reach).items()
        if method.owner.qualified not in ROOTS
    }


def bases_of(definition: Definition, reach: Reach) -> tuple[Definition, ...]:
    """The classes in reach that a module class derives from, `flax.linen.Module` left out."""
    found = (ancestor.definition for ancestor in mro(definition, reach)[1:])
    return tuple(base for base in found if base is not None and base.qualified not in ROOTS)


def file_environment(
    source: SourceModule, reach: Reach, definition: Definition | None = None, names: Names | None = None
) -> Environment:
    """The environment of a file's top level, or of what stands inside `definition`'s surroundings.

    `names` are those in sight, where the caller knows better.
    """
    if names is None:
        names = reach.names_at(definition) if definition is not None else reach.names(source)

    def qualified(name: str) -> str | None:
        found = {reach.resolve(meaning, source) for meaning in names.alternatives(name)}
        return found.pop() if len(found) == 1 else None

    def kind(name: str) -> str | None:
        found = reach.definition(name, source)
        if found is not None:
            return found.kind
        return "module_class" if flax_names.is_module_class(name) else None

    def is_static_function(name: str) -> bool:
        found = reach.definition(name, source)
        return found is not None and found.kind == "function" and _is_static(found, reach)

    def is_custom(name: str) -> bool:
        found = reach.definition(name, source)
        return found is not None and has_custom_vjp(found, reach)

    return Environment(
        qualified,
        kind,
        active_of=lambda name: active_attributes_of(name, source, reach),
        submodules_of=lambda name: _submodules_of(name, source, reach),
        returned_class=lambda name: _returned_class(name, source, reach),
        is_static_function=is_static_function,
        static_parameters_of=lambda name: _static_parameters_of(name, source, reach),
        filling=lambda name: filling_of(name, source, reach),
        rule_of=lambda name: own_rule(name, source, reach),
        has_custom_vjp=is_custom,
        custom_vjp=reach.custom_vjp,
        parameters_of=lambda name: parameter_names(name, source, reach),
        members=lambda: members_of(source, reach),
        value_calls=lambda name: called_through(name, source, reach),
    )


class _StaticParameters:
    """What has been found of the static parameters of functions in reach, and for which they are being found.

    Functions that call each other know nothing of one another: `cuts` counts how often that has happened.
    """

    def __init__(self) -> None:
        self.known: dict[str, frozenset[str] | None] = {}
        self.under_way: set[str] = set()
        self.cuts = 0


_parameters: WeakKeyDictionary[Reach, _StaticParameters] = WeakKeyDictionary()


def _static_parameters_of(name: str, source: SourceModule, reach: Reach) -> frozenset[str] | None:
    definition = reach.definition(name, source)
    if definition is None or definition.kind not in ("function", "module_class"):
        return None
    found = _parameters.setdefault(reach, _StaticParameters())
    if definition.key in found.known:
        return found.known[definition.key]
    if definition.key in found.under_way:
        found.cuts += 1
        return frozenset()
    cuts = found.cuts
    found.under_way.add(definition.key)
    try:
        parameters = _read_static_parameters(definition, reach)
    finally:
        found.under_way.discard(definition.key)
    if found.cuts == cuts or not found.under_way:  # else it depends on where the question was asked first
        found.known[definition.key] = parameters
    return parameters


def _read_static_parameters(definition: Definition, reach: Reach) -> frozenset[str] | None:
    if isinstance(definition.node, cst.FunctionDef):
        outer = file_environment(definition.module, reach, definition)
        return static_parameters(lower_function(definition.node), outer)
    method = find_method(definition, "__call__", reach)
    if not isinstance(method, Method):
        return None
    outer = file_environment(method.owner.module, reach, method.owner)
    return static_parameters(lowered(method), replace(outer, self_name=first_parameter(method)))


_static: WeakKeyDictionary[Reach, dict[str, bool]] = WeakKeyDictionary()


def _is_static(definition: Definition, reach: Reach) -> bool:
    """Whether a function returns and calls nothing that has a tangent; False while that is being found."""
    known = _static.setdefault(reach, {})
    if definition.key not in known:
        known[definition.key] = False
        assert isinstance(definition.node, cst.FunctionDef)
        function = lower_function(definition.node)
        outer = file_environment(definition.module, reach, definition)
        known[definition.key] = only_computes_static(function, outer)
    return known[definition.key]


_fillings: WeakKeyDictionary[Reach, dict[str, Filling | None]] = WeakKeyDictionary()
_OTHERS = ("jax.", "flax.", "numpy.", "optax.", "einops.", "functools.", "operator.")


def filling_of(name: str, source: SourceModule, reach: Reach) -> Filling | None:
    """In which of its arguments a function or method may store something; None where nobody knows."""
    if name.startswith(_OTHERS):
        return Filling((), frozenset())
    owner, _, attribute = name.rpartition(".")
    found = reach.definition(name, source)
    kind = reach.definition(owner, source) if owner else None
    key = found.key if found is not None else name
    known = _fillings.setdefault(reach, {})
    if key not in known:
        known[key] = None  # what it does itself; a call of itself adds nothing
        if kind is not None and kind.kind == "module_class":
            method = methods_of(kind, reach).get(attribute)
            known[key] = _filling_of_method(method, kind, reach) if method is not None else None
        elif found is not None and isinstance(found.node, cst.FunctionDef):
            known[key] = _filling(lower_function(found.node), file_environment(found.module, reach, found))
    return known[key]


def _filling(function: nodes.Function, environment: Environment) -> Filling:
    return filling.filling(function, lambda call: fillings(call, environment))


def _filling_of_method(method: Method, owner: Definition, reach: Reach) -> Filling:
    outer = file_environment(method.owner.module, reach, method.owner)
    facts = ClassFacts(owner.path_in_module, owner.qualified)
    self_name = None if method.is_static else first_parameter(method)
    found = _filling(lowered(method), replace(outer, facts=facts, self_name=self_name))
    return found if method.is_static else replace(found, parameters=found.parameters[1:])


_returned: WeakKeyDictionary[Reach, dict[str, str | None]] = WeakKeyDictionary()


def _returned_class(name: str, source: SourceModule, reach: Reach) -> str | None:
    """The class of the modules that a function, or a method `Class.method`, makes and returns; None if it does not."""
    found = reach.definition(name, source)
    owner, _, attribute = name.rpartition(".")
    kind = reach.definition(owner, source) if owner and found is None else None
    known = _returned.setdefault(reach, {})
    key = found.key if found is not None else name
    if key not in known:
        known[key] = None  # what a recursion adds
        if found is not None and found.kind == "function" and isinstance(found.node, cst.FunctionDef):
            outer = file_environment(found.module, reach, found)
            known[key] = returned_instance(lower_function(found.node), outer)
        elif kind is not None and kind.kind == "module_class":
            method = methods_of(kind, reach).get(attribute)
            facts = ClassFacts(kind.path_in_module, kind.qualified)
            if method is not None:
                known[key] = returned_instance(lowered(method), method_environment(method, facts, reach))
    return known[key]


_FLAX_ATTRIBUTES = {"flax.linen.linear.Embed": frozenset(("embedding",))}
_under_way: set[str] = set()


def active_attributes_of(name: str, source: SourceModule, reach: Reach) -> frozenset[str] | None:
    """The attributes of a module class that may be active; None where it cannot be read, or is being read just now."""
    if flax_names.is_module_class(name):
        return _FLAX_ATTRIBUTES.get(flax_names.canonical(name), frozenset())
    found = reach.definition(name, source)
    if found is None or found.kind != "module_class":
        return None
    if found.key in _under_way:
        return None
    _under_way.add(found.key)
    try:
        facts = class_facts(found, reach)
    finally:
        _under_way.discard(found.key)
    return None if facts.open else facts.active_attributes | facts.active_properties | facts.array_fields


def _submodules_of(name: str, source: SourceModule, reach: Reach) -> Mapping[str, str | None]:
    """The attributes of a module class that hold modules, with their classes; none while it is being read."""
    found = reach.definition(name, source)
    if found is None or found.kind != "module_class" or flax_names.is_module_class(name) or found.key in _under_way:
        return {}
    _under_way.add(found.key)
    try:
        return class_facts(found, reach).submodules
    finally:
        _under_way.discard(found.key)


def lowered(method: Method) -> nodes.Function:
    """The IR of a method, as it reads outside its class."""
    return _lowered(method.node, method.owner.module, method.owner.path_in_module)


@lru_cache(maxsize=4096)
def _lowered(node: cst.FunctionDef, module: SourceModule, class_name: str) -> nodes.Function:
    return outside_class(lower_function(node, module.span), class_name)


def method_environment(method: Method, facts: ClassFacts, reach: Reach) -> Environment:
    """The environment around a method of the class that `facts` describe."""
    outer = file_environment(method.owner.module, reach, method.owner)
    return replace(outer, facts=facts, self_name=None if method.is_static else first_parameter(method))


_facts: WeakKeyDictionary[Reach, dict[str, ClassFacts]] = WeakKeyDictionary()


def class_facts(definition: Definition, reach: Reach) -> ClassFacts:
    """All that the derivation of a method of the class may rely on; worked out once for each class of a run."""
    known = _facts.setdefault(reach, {})
    if definition.key not in known:
        known[definition.key] = _class_facts(definition, reach)
    return known[definition.key]


def _class_facts(definition: Definition, reach: Reach) -> ClassFacts:
    all_methods = methods_of(definition, reach)
    setups = list(storing_methods(definition, reach))
    all_fields = fields(definition, reach)
    facts = ClassFacts(
        name=definition.path_in_module,
        qualified=definition.qualified,
        fields=frozenset(field.name for field in all_fields),
        class_fields=frozenset(field.name for field in all_fields if holds_a_class(field)),
        number_fields=frozenset(field.name for field in all_fields if field.annotation in NUMBERS),
        array_fields=frozenset(array_fields(all_fields, lambda: _used_as_arrays(all_methods.values(), reach))),
        constants=frozenset(_constants(definition, reach)),
        methods={name: _method_kind(method) for name, method in all_methods.items()},
        attributes=frozenset(name for setup in setups for name, _ in stored_attributes(lowered(setup), "self")),
        open=any(_is_unknown(ancestor.qualified) for ancestor in mro(definition, reach) if ancestor.definition is None),
    )
    facts = replace(facts, collections=frozenset(_collections(setups, facts, reach)))
    facts = replace(facts, submodules=_submodules(setups, facts, reach, all_fields, definition))
    facts = replace(facts, open_attributes=frozenset(_open_attributes(setups, facts, reach)))
    properties = frozenset(name for name, method in all_methods.items() if method.is_property)
    while True:  # what `setup` stores may come from properties, and what they return from what it stores
        given = replace(facts, active_properties=properties)
        found = _with_inactive_members(_with_active_attributes(given, setups, reach), all_methods, reach)
        if found.active_properties == properties:
            return found
        properties = found.active_properties


def _constants(definition: Definition, reach: Reach) -> Iterator[str]:
    """Names that the class body, or that of a base, assigns."""
    for owner in (definition, *bases_of(definition, reach)):
        if isinstance(owner.node, cst.ClassDef):
            bound = bindings_of(owner.node.body.body, owner.module.package)
            yield from (binding.name for binding in bound if binding.kind != "function")


def _is_unknown(qualified: str) -> bool:
    """Whether a base class that is not followed may bring attributes of its own."""
    return flax_names.canonical(qualified) not in ROOTS and qualified not in ROOTS


def _method_kind(method: Method) -> str:
    if method.is_property:
        return "property"
    if method.is_static:
        return "static"
    return "class" if method.is_class_method else "method"


def _used_as_arrays(all_methods: Iterable[Method], reach: Reach) -> frozenset[str]:
    """The attributes that methods calculate with."""
    found: set[str] = set()
    for method in all_methods:
        outer = file_environment(method.owner.module, reach, method.owner)
        found |= attributes_by_use(lowered(method), first_parameter(method), outer)
    return frozenset(found)


# --- setup ------------------------------------------------------------------------------------------------------------


def storing_methods(definition: Definition, reach: Reach) -> Iterator[Method]:
    """Every `setup`, and the methods that store attributes on its behalf."""
    for owner in (definition, *bases_of(definition, reach)):
        for name, method in own_methods(owner, reach).items():
            if name == "setup" or any(stored_attributes(lowered(method), first_parameter(method))):
                yield method


def _collections(setups: list[Method], facts: ClassFacts, reach: Reach) -> Iterator[str]:
    """Attributes that a setup makes lists, tuples or dicts."""
    for setup in setups:
        function = lowered(setup)
        inside = function_environment(function, method_environment(setup, facts, reach))
        for name, value in stored_attributes(function, inside.self_name or "self"):
            if value is not None and is_collection(value, inside):
                yield name


def _open_attributes(setups: list[Method], facts: ClassFacts, reach: Reach) -> Iterator[str]:
    """Attributes that a setup sets to what only run time knows: an entry of a table, a field, a result."""
    for setup in setups:
        function = lowered(setup)
        inside = function_environment(function, method_environment(setup, facts, reach))
        for name, value in stored_attributes(function, inside.self_name or "self"):
            if value is None or not (is_collection(value, inside) or is_decided(value, inside)):
                yield name


def _submodules(
    setups: list[Method], facts: ClassFacts, reach: Reach, all_fields: tuple[Field, ...], definition: Definition
) -> dict[str, str | None]:
    """Attributes that hold modules, with their class: those that `setup` makes or puts into lists, dicts and other
    attributes, found by a fixed point, and fields of a module type."""
    given = dict(_module_fields(all_fields, facts.class_fields, definition.module, reach))
    kinds = given
    while True:
        found: dict[str, set[str | None]] = {}
        for setup in setups:
            function = lowered(setup)
            outer = method_environment(setup, replace(facts, submodules=kinds), reach)
            inside = function_environment(function, outer)
            for name, value in stored_attributes(function, inside.self_name or "self"):
                kind = instance_class(value, inside) if value is not None else None
                if kind is not None:
                    found.setdefault(name, set()).add(kind or None)
        again = {name: known.pop() if len(known) == 1 else None for name, known in found.items()} | given
        if again == kinds:
            return kinds
        kinds = again


def _module_fields(
    all_fields: tuple[Field, ...], class_fields: frozenset[str], source: SourceModule, reach: Reach
) -> Iterator[tuple[str, str | None]]:
    """Fields that hold modules by their annotation: `nn.Module` and its like, or a class of modules in reach."""
    for field in all_fields:
        annotation = field.annotation.removesuffix("| None").strip().strip("'\"")
        if field.name in class_fields:
            continue
        if annotation.endswith("Module"):
            yield field.name, None
        elif annotation.replace(".", "").isidentifier():
            meaning = reach.meaning(source, annotation)
            if meaning is not None and _is_module_class(meaning, source, reach):
                yield field.name, None  # or a subclass of it


def _is_module_class(name: str, source: SourceModule, reach: Reach) -> bool:
    found = reach.definition(name, source)
    return found.kind == "module_class" if found is not None else flax_names.is_module_class(name)


def _with_active_attributes(facts: ClassFacts, setups: list[Method], reach: Reach) -> ClassFacts:
    """The facts with the attributes that a setup may make active, found by a fixed point."""
    functions = [(lowered(setup), method_environment(setup, facts, reach)) for setup in setups]
    while True:
        active = set(facts.active_attributes)
        for function, outer in functions:
            inside = function_environment(function, replace(outer, facts=facts))
            for name, value in stored_attributes(function, inside.self_name or "self"):
                if value is not None and is_active(value, inside):
                    active.add(name)
        if active == facts.active_attributes:
            return facts
        facts = replace(facts, active_attributes=frozenset(active))


# --- Methods ----------------------------------------------------------------------------------------------------------


def _with_inactive_members(facts: ClassFacts, found: Mapping[str, Method], reach: Reach) -> ClassFacts:
    """The facts with the properties that may be active, by a fixed point, and the methods that only compute shapes.

    A property that draws a random key, or makes a module, is no plain value either: it must not be read twice.
    """
    candidates = {
        name: (lowered(method), method_environment(method, facts, reach), method.is_property)
        for name, method in found.items()
        if name not in ("setup", "__call__", "__post_init__")
    }
    properties = facts.active_properties & candidates.keys()
    while True:
        facts = replace(facts, active_properties=properties)
        still = {
            name
            for name in properties
            if not _acts_each_time(candidates[name][0], candidates[name][1])
            and only_computes_static(
                candidates[name][0], replace(candidates[name][1], facts=facts), active_parameters=()
            )
        }
        if not still:
            return replace(facts, static_methods=frozenset(_static_methods(candidates, facts)))
        properties -= still


_ACTS = frozenset(("make_rng", "variable", "put_variable", "sow", "perturb"))


def _acts_each_time(function: nodes.Function, environment: Environment) -> bool:
    """Whether a property does something each time that it is read: it draws, makes a module, stores."""
    calls = [node for statement in function.body for node in nodes.walk(statement) if isinstance(node, nodes.Call)]
    methods = (node.function.attribute for node in calls if isinstance(node.function, nodes.Attribute))
    return any(method in _ACTS for method in methods) or any(
        is_constructor(node.function, environment) for node in calls
    )


def _static_methods(
    candidates: Mapping[str, tuple[nodes.Function, Environment, bool]], facts: ClassFacts
) -> Iterator[str]:
    for name, (function, outer, is_property) in candidates.items():
        if not is_property and only_computes_static(function, replace(outer, facts=facts)):
            yield name
