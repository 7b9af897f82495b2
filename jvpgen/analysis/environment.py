"""What the analyses know about the place of a function: its file's names, its class, its scopes.

All of it is frozen: entering a scope or learning that a name is active makes a new environment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from jvpgen.analysis.filling import Filling
from jvpgen.ir import nodes
from jvpgen.rules import Rule

if TYPE_CHECKING:
    from jvpgen.analysis.values import Called
    from jvpgen.source.reach import Definition


def _unknown(name: str) -> str | None:
    return None


def _never(name: str) -> bool:
    return False


def _no_attributes(name: str) -> frozenset[str] | None:
    return None


def _calls_nothing(name: str) -> Called | None:
    return None


def _no_submodules(name: str) -> Mapping[str, str | None]:
    return {}


def _no_rule(name: str) -> Rule | None:
    return None


def _no_parameters(name: str) -> tuple[str, ...]:
    return ()


def _no_filling(name: str) -> Filling | None:
    return None


@dataclass(frozen=True)
class Members:
    """What classes of values in sight of a file declare, by name. `arrays` are the fields that every class annotates as
    arrays, `unbound` the static and class methods; fields of a type that never has a tangent are left out, but `held`
    are all that no class has as a method."""

    fields: frozenset[str] = frozenset()
    arrays: frozenset[str] = frozenset()
    properties: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset()
    unbound: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    classes: tuple[Definition, ...] = ()
    positions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # of a class, the fields that have one


@dataclass(frozen=True)
class Receiver:
    """The object whose method is derived, where its class is none of modules: the name of the first parameter, and the
    attributes that the class itself and its bases declare, of which the object holds `fields`. Others come from a
    subclass, which may be one of modules."""

    name: str
    declared: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ClassFacts:
    """What is known of a linen Module class, its bases included, when one of its methods is derived.

    `class_fields` are the fields that hold classes or factories of modules, `constants` the names that class bodies
    assign, `number_fields` those annotated as Python numbers,
    `array_fields` those that hold arrays by their type or use, and so may move; `active_attributes` are set in `setup`
    to values that may carry a tangent, `collections` to lists, tuples or dicts, `open_attributes` to values of which
    only run time knows what they call; `static_methods` return nothing active and do nothing that has a tangent; `open`
    says that a base class could not be read, so an attribute may come from there.
    """

    name: str
    qualified: str = ""
    fields: frozenset[str] = frozenset()
    class_fields: frozenset[str] = frozenset()
    number_fields: frozenset[str] = frozenset()
    constants: frozenset[str] = frozenset()
    methods: Mapping[str, str] = field(default_factory=dict)  # name → "method", "property", "static", "class", "nowrap"
    array_fields: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    open_attributes: frozenset[str] = frozenset()
    active_attributes: frozenset[str] = frozenset()
    active_properties: frozenset[str] = frozenset()
    submodules: Mapping[str, str | None] = field(default_factory=dict)  # attribute → qualified class, None if unknown
    collections: frozenset[str] = frozenset()
    static_methods: frozenset[str] = frozenset()
    open: bool = False
    setup_is_written: bool = True


@dataclass(frozen=True)
class Environment:
    """Where an expression stands.

    `qualified` resolves a dotted name of the file (`jnp.tanh` → `jax.numpy.tanh`); `kind` tells what a qualified name
    of the project is ("module_class", "struct", "class", "function", "value"); `local` are the names bound by the
    function and those around it, `active` the ones that may carry a tangent, `functions` the nested definitions in
    reach, and `callables` the locals that are called, `constructors` those that hold a class or a partial of one;
    `containers` those that start as a list or dict with places to be filled; `around` is the body of the outermost
    function, `parameters` the parameters in reach, `instances` the locals that hold a module, with its class where that
    is known, `collections` those that hold a list, tuple or dict; `active_of` gives the attributes of a module class
    that may be active, None where nobody knows, `submodules_of` those that hold modules, with their classes;
    `returned_class` the class of the modules that a function or method in reach returns, None if it returns none;
    `is_static_function` whether a function of the project only computes what has no tangent, such as a shape; `filling`
    in which of its arguments a function, or a method, may store something, None where nobody knows;
    `static_parameters_of` the parameters without a tangent of a function, or of a module class's `__call__`, in reach;
    `members` are what classes of values declare, `arrays` the locals that plainly hold no value of such a class;
    `value_calls` what a value of a file calls when it is called; `rule_of` the rule that users have for a function,
    `parameters_of` the names of its parameters; `has_custom_vjp` whether it is made by `jax.custom_vjp`, and
    `custom_vjp` what becomes of it then; `constructs` whether an object of a plain class may be made of what moves.
    """

    qualified: Callable[[str], str | None] = _unknown
    kind: Callable[[str], str | None] = _unknown
    facts: ClassFacts | None = None
    self_name: str | None = None
    receiver: Receiver | None = None
    local: frozenset[str] = frozenset()
    active: frozenset[str] = frozenset()
    functions: Mapping[str, nodes.Function] = field(default_factory=dict)
    callables: frozenset[str] = frozenset()
    constructors: frozenset[str] = frozenset()
    containers: frozenset[str] = frozenset()
    around: tuple[nodes.Statement, ...] = ()
    parameters: frozenset[str] = frozenset()
    instances: Mapping[str, str | None] = field(default_factory=dict)
    collections: frozenset[str] = frozenset()
    active_of: Callable[[str], frozenset[str] | None] = _no_attributes
    submodules_of: Callable[[str], Mapping[str, str | None]] = _no_submodules
    returned_class: Callable[[str], str | None] = _unknown
    is_static_function: Callable[[str], bool] = _never
    filling: Callable[[str], Filling | None] = _no_filling
    static_parameters_of: Callable[[str], frozenset[str] | None] = _no_attributes
    rule_of: Callable[[str], Rule | None] = _no_rule
    has_custom_vjp: Callable[[str], bool] = _never
    custom_vjp: Literal["error", "primal"] = "error"
    constructs: Callable[[str], bool] = _never
    parameters_of: Callable[[str], tuple[str, ...]] = _no_parameters
    members: Callable[[], Members] = Members
    arrays: frozenset[str] = frozenset()
    value_calls: Callable[[str], Called | None] = _calls_nothing

    def with_active(self, names: Iterable[str]) -> Environment:
        return replace(self, active=self.active | frozenset(names))

    def with_local(self, names: Iterable[str], active: Iterable[str] = ()) -> Environment:
        """Inside a scope that binds `names`, of which `active` may carry a tangent; what they shadow is hidden."""
        names = frozenset(names)
        visible = {name: function for name, function in self.functions.items() if name not in names}
        return replace(
            self,
            local=self.local | names,
            active=(self.active - names) | frozenset(active),
            functions=visible,
            callables=self.callables - names,
            constructors=self.constructors - names,
            containers=self.containers - names,
            instances={name: kind for name, kind in self.instances.items() if name not in names},
            collections=self.collections - names,
            arrays=self.arrays - names,
        )

    def global_name(self, dotted: str) -> str | None:
        """The qualified name of `dotted`, unless a local hides it."""
        return None if dotted.split(".")[0] in self.local else self.qualified(dotted)
