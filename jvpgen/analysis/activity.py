"""Which values may carry a tangent.

A name is active in the whole of its function if any assignment to it may be: one companion `x_dot` then follows it
everywhere. The analysis errs on the side of activity; what it calls inactive must be, since no tangent code is written
for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from jvpgen.analysis import callees, control, filling, fit, instances, integers, records
from jvpgen.analysis.callees import Callee, classify
from jvpgen.analysis.environment import ClassFacts, Environment
from jvpgen.analysis.holdings import nested, own_nodes, with_holdings
from jvpgen.analysis.static import static_parameters
from jvpgen.ir import nodes
from jvpgen.ir.scoping import bound_names, dotted, nonlocal_names, root_name, target_names

# --- Expressions ------------------------------------------------------------------------------------------------------


def is_active(node: nodes.Expression, environment: Environment) -> bool:
    """Whether the value of `node` may carry a tangent."""
    match node:
        case nodes.Name(id=name):
            return name in environment.active
        case nodes.Constant() | nodes.FormattedString() | nodes.Comparison() | nodes.SetDisplay():
            return False
        case nodes.Unary(operator="not"):
            return False
        case nodes.Binary(operator="//") if records.own_operator(node, environment) is None:
            return False
        case nodes.Slice():
            return False
        case nodes.Attribute():
            return _attribute_is_active(node, environment)
        case nodes.Subscript(index=index) if records.joins_arrays(node, environment):
            return is_active(index, environment)
        case nodes.Subscript(value=value) | nodes.Starred(value=value) | nodes.NamedExpression(value=value):
            return is_active(value, environment)
        case nodes.Call():
            return call_is_active(node, environment)
        case nodes.Conditional(body=body, orelse=orelse):
            return is_active(body, environment) or is_active(orelse, environment)
        case nodes.Lambda():
            return False  # a function value carries its derivative with itself
        case nodes.DictDisplay(items=items):
            return any(is_active(value, environment) for _, value in items)
        case nodes.Comprehension(element=element):
            inside = inside_comprehension(node, environment)
            element = (
                element.elements[1] if node.kind == "dict" and isinstance(element, nodes.TupleDisplay) else element
            )
            return is_active(element, inside)
    return any(is_active(child, environment) for child in nodes.children(node) if isinstance(child, nodes.Expression))


def _attribute_is_active(node: nodes.Attribute, environment: Environment) -> bool:
    if isinstance(node.value, nodes.Name) and node.value.id == environment.self_name:
        facts = environment.facts
        if node.attribute in ("variables", "__dict__"):
            return True
        return facts is not None and (
            node.attribute in facts.active_attributes | facts.active_properties | facts.array_fields
            or is_foreign_attribute(node.attribute, facts)
        )
    if callees.is_super(node.value):
        facts = environment.facts
        return facts is None or node.attribute in facts.active_properties
    name = dotted(node)
    if name is not None and name.split(".")[0] not in environment.local | {environment.self_name}:
        return False
    if reads_submodule(node, environment):
        return True
    if node.attribute in callees.STATIC_ATTRIBUTES and not records.has_ambiguous_field(node, environment):
        return False
    return is_module_variables(node, environment) or is_active(node.value, environment)


def is_foreign_attribute(name: str, facts: ClassFacts) -> bool:
    """Whether an attribute of `self` comes from elsewhere: a subclass, or a base class that nobody has read."""
    known = facts.fields | facts.attributes | facts.constants | facts.methods.keys() | callees.OF_EVERY_MODULE
    return name not in known and not name.startswith("__")


def reads_submodule(node: nodes.Attribute, environment: Environment) -> bool:
    """Whether `node` reads an attribute of another module that may be active there: `self.embed.embedding`."""
    kind = instances.instance_class(node.value, environment)
    if kind is None and _may_be_called(node.value, environment):
        kind = instances.UNKNOWN_CLASS
    if kind is None or node.attribute in callees.STATIC_SELF_ATTRIBUTES:
        return False
    active = environment.active_of(kind) if kind else None
    return active is None or node.attribute in active


def _may_be_called(node: nodes.Expression, environment: Environment) -> bool:
    """Whether `node` is a local that is called somewhere, and no function or class: a module, perhaps."""
    if not isinstance(node, nodes.Name) or node.id not in environment.callables & environment.local:
        return False
    return node.id not in environment.functions and node.id not in environment.constructors | environment.active


def is_module_variables(node: nodes.Expression, environment: Environment) -> bool:
    """Whether `node` is `module.variables`, all collections of a bound module with their tangents."""
    return (
        isinstance(node, nodes.Attribute)
        and node.attribute == "variables"
        and not is_active(node.value, environment)
        and root_name(node.value) in environment.local | {environment.self_name}
    )


def inside_comprehension(node: nodes.Comprehension, environment: Environment) -> Environment:
    """The environment of a comprehension's element, its targets bound."""
    for clause in node.clauses:
        names = tuple(target_names(clause.target))
        held = instances.bound_instances(clause.target, clause.iterable, environment)
        environment = environment.with_local(names, active_targets(clause.target, clause.iterable, environment))
        environment = replace(environment, instances={**environment.instances, **held})
    return environment


# --- Calls ------------------------------------------------------------------------------------------------------------


def callee_of(call: nodes.Call, environment: Environment) -> Callee:
    kind = classify(call, environment, is_active)
    if isinstance(kind, callees.RuleCall) and kind.rule.own and kind.rule.kind == "constant":
        if passes_a_module(call, environment):  # what it does to variables is done to their tangents
            return callees.Followed(kind.rule.name, returns_active=False)
    elif isinstance(kind, callees.RuleCall):
        checked = fit.checked(kind, call, lambda argument: is_active(argument, environment))
        return integers.as_constant(checked, call, environment)
    return kind


def reads_all_attributes(call: nodes.Call, environment: Environment) -> bool:
    """Whether a call is `vars(self)`: what is stored in that dict is an attribute, and may have a tangent."""
    given = [argument.value for argument in call.arguments]
    return call.function == nodes.Name("vars") and given == [nodes.Name(environment.self_name or "")]


def arguments_are_active(call: nodes.Call, environment: Environment) -> bool:
    return any(is_active(argument.value, environment) for argument in call.arguments)


def call_is_active(call: nodes.Call, environment: Environment) -> bool:
    """Whether the result of `call` may carry a tangent."""
    kind = callee_of(call, environment)
    match kind:
        case callees.Static():
            return reads_all_attributes(call, environment)
        case callees.RuleCall(rule=rule, receiver=receiver, misfit=misfit):
            if rule.kind == "constant":
                return bool(misfit)
            active_receiver = receiver is not None and is_active(receiver, environment)
            return active_receiver or arguments_are_active(call, environment) or hides_active(call, environment)
        case callees.AtUpdate(operand=operand):
            return is_active(operand, environment) or arguments_are_active(call, environment)
        case callees.Variable():
            return not integers.variable_makes_integers(call, environment)
        case callees.Parameter() | callees.ContainerRead():
            return not (isinstance(kind, callees.ContainerRead) and kind.method in ("keys", "index", "count"))
        case callees.Mutation(container=container, method=method):
            return method == "setdefault" or not instances.is_collection(container, environment)
        case callees.Structural(name="map") if (
            mapped := callees.map_as_comprehension(call, environment.local)
        ) is not None:
            return is_active(mapped, environment)
        case callees.Construct(qualified=qualified) if environment.kind(qualified) == "module_class":
            return False  # it keeps the tangents of its fields itself
        case callees.Structural() | callees.Construct() | callees.Partial():
            return arguments_are_active(call, environment)
        case callees.LocalFunction(name=name):
            if arguments_are_active(call, environment) or passes_a_module(call, environment):
                return True
            return captures(environment.functions[name], environment)
        case callees.External(qualified=name) | callees.Followed(what=name) if name in callees.USES_MODULES:
            return True
        case callees.Followed() if control.makes_function(call, environment):
            return arguments_are_active(call, environment)
        case callees.Followed(returns_active=returns_active):
            return returns_active or arguments_are_active(call, environment) or passes_a_module(call, environment)
        case callees.External(qualified=name):
            given = arguments_are_active(call, environment) or passes_a_module(call, environment)
            return given or callees.may_find_a_module(name, environment)
        case callees.Unknown():
            return True


def passes_a_module(call: nodes.Call, environment: Environment) -> bool:
    """Whether an argument may be a module or a function value, through which anything can be reached."""
    return any(_reaches_modules(argument.value, environment) for argument in call.arguments)


def _reaches_modules(node: nodes.Expression, environment: Environment) -> bool:
    match node:
        case nodes.Name(id=name):
            is_known = name in environment.functions or name in environment.callables or name in environment.instances
            return name == environment.self_name or is_known
        case nodes.Attribute(value=nodes.Name(id=name), attribute=attribute) if name == environment.self_name:
            facts = environment.facts
            return facts is None or attribute in facts.attributes or attribute in facts.methods
        case nodes.Lambda():
            return True
        case nodes.TupleDisplay(elements=elements) | nodes.ListDisplay(elements=elements):
            return any(_reaches_modules(element, environment) for element in elements)
    return instances.instance_class(node, environment) is not None


def makes_a_callable(target: nodes.Expression, value: nodes.Expression, environment: Environment) -> bool:
    """Whether `target = value` only makes something that is called later: a layer from a factory, say."""
    if not (isinstance(target, nodes.Name) and target.id in environment.callables and isinstance(value, nodes.Call)):
        return False
    return isinstance(callee_of(value, environment), callees.Unknown) and not arguments_are_active(value, environment)


def captures(function: nodes.Function, environment: Environment) -> bool:
    """Whether a nested function may return or store a tangent though none of its arguments has one."""
    frozen = [item.name for item in function.parameters if item.default and is_active(item.default, environment)]
    itself = {function.name: replace(function, body=())}  # a call of itself leaves what the others leave
    outer = replace(environment, functions={**environment.functions, **itself})
    inside = function_environment(function, outer, active_parameters=frozen)
    return leaves_active(function, replace(inside, functions={**outer.functions, **nested(function)}))


def hides_active(call: nodes.Call, environment: Environment) -> bool:
    """Whether an argument is a function that computes with active values around it, or holds one."""
    return any(_hides_active(argument.value, environment) for argument in call.arguments)


def _hides_active(node: nodes.Expression, environment: Environment) -> bool:
    match node:
        case nodes.Lambda(parameters=parameters, body=body):
            return captures(nodes.Function("function", parameters, (nodes.Return(body),)), environment)
        case nodes.Name(id=name) if name in environment.functions:
            return captures(environment.functions[name], environment)
        case nodes.Call():
            return isinstance(callee_of(node, environment), callees.Partial) and call_is_active(node, environment)
    return False


def leaves_active(function: nodes.Function, inside: Environment) -> bool:
    """Whether a call of the function may leave something active behind: returned, or stored in what others hold."""
    own = bound_names(function.body) - frozenset(function.parameters.names())
    if nonlocal_names(function) & inside.active:
        return True
    return returns_active(function, inside) or bool(_filled(function.body, inside) - own - {inside.self_name})


def returns_active(function: nodes.Function, inside: Environment) -> bool:
    """Whether any `return` of the function may carry a tangent, `inside` being the environment of its body."""
    return any(_returns_active(node, inside) for statement in function.body for node in own_nodes(statement))


def _returns_active(node: nodes.Node, inside: Environment) -> bool:
    if isinstance(node, nodes.Unsupported | nodes.UnsupportedStatement):  # nobody knows
        return True
    if not isinstance(node, nodes.Return) or node.value is None:
        return False
    return is_active(node.value, inside) or is_active_function(node.value, inside)


def is_active_function(node: nodes.Expression, environment: Environment) -> bool:
    """Whether `node` is a function value that may return a tangent: then so may what it is called for."""
    match node:
        case nodes.Lambda(parameters=parameters, body=body):
            function = nodes.Function("function", parameters, (nodes.Return(body),))
        case nodes.Name(id=name) if name in environment.functions:
            function = environment.functions[name]
        case nodes.Call(arguments=(first, *_)) if control.makes_function(node, environment):
            return is_active_function(first.value, environment)
        case _:
            return False
    without = {name: other for name, other in environment.functions.items() if name != function.name}
    return returns_active(function, function_environment(function, replace(environment, functions=without)))


# --- Functions --------------------------------------------------------------------------------------------------------


def function_environment(
    function: nodes.Function, outer: Environment, active_parameters: Iterable[str] | None = None
) -> Environment:
    """The environment of a function's body: its names bound, the active ones found by a fixed point.

    `active_parameters` are those that may carry a tangent; None means all but the static ones.
    """
    if active_parameters is None:
        active_parameters = active_parameter_names(function, outer)
    parameters = frozenset(function.parameters.names())
    inside = outer.with_local(parameters | bound_names(function.body), active_parameters)
    inside = replace(inside, around=outer.around or function.body, parameters=outer.parameters | parameters)
    inside = with_holdings(inside, function)
    given = dict.fromkeys(control.module_parameters(function, outer))
    inside = replace(inside, instances={**given, **inside.instances})
    inside = replace(inside, arrays=inside.arrays | records.arrays(function, inside))
    while True:
        bound = frozenset(_active_bindings(function.body, inside))
        filled = _filled(function.body, inside) - inside.instances.keys()  # a module keeps what is stored in it
        found = ((bound | filled) & inside.local) - {inside.self_name}
        if found <= inside.active:
            return inside
        inside = inside.with_active(found)


def active_parameter_names(function: nodes.Function, outer: Environment) -> frozenset[str]:
    """The parameters that may carry a tangent: all but `self` and those whose use shows that they are static."""
    names = frozenset(function.parameters.names())
    still = static_parameters(function, outer)
    if outer.receiver is not None and outer.receiver.name in names:  # what it holds may move, though it is a module
        still -= {outer.receiver.name}
    return names - still - {outer.self_name} if outer.self_name else names - still


# --- Statements -------------------------------------------------------------------------------------------------------


def _active_bindings(statements: Iterable[nodes.Statement], environment: Environment) -> Iterator[str]:
    """Names that are bound to what may be active, given those known so far."""
    for statement in statements:
        for node, inside in _with_environments(statement, environment):
            match node:
                case nodes.Assign(targets=targets, value=value) if value is not None:
                    for target in targets:
                        yield from _assigned(target, value, inside)
                case nodes.AugmentedAssign(target=target, value=value) if is_active(value, inside):
                    yield from target_names(target)
                case nodes.NamedExpression(target=target, value=value):
                    yield from _assigned(target, value, inside)
                case nodes.For(target=target, iterable=iterable):
                    yield from active_targets(target, iterable, inside)
                case nodes.WithItem(context=context, target=target) if target is not None:
                    yield from _assigned(target, context, inside)
                case nodes.Function() if names := nonlocal_names(node):
                    yield from names & _inside(node, inside).active


def _with_environments(node: nodes.Node, environment: Environment) -> Iterator[tuple[nodes.Node, Environment]]:
    """The nodes of a function body, those of functions nested in it left out, each with the environment around it."""
    yield node, environment
    if isinstance(node, nodes.Function | nodes.Lambda):
        return
    if isinstance(node, nodes.Comprehension):
        environment = inside_comprehension(node, environment)
    for child in nodes.children(node):
        yield from _with_environments(child, environment)


def _assigned(target: nodes.Expression, value: nodes.Expression, environment: Environment) -> Iterator[str]:
    for part, part_value in filling.matched(target, value):
        if is_active(part_value, environment) and not makes_a_callable(part, part_value, environment):
            yield from target_names(part)


def _filled(statements: Sequence[nodes.Statement], environment: Environment) -> frozenset[str]:
    """Names that hold a list, dict or object in which something active is stored, under whatever name."""
    found = (
        name
        for statement in statements
        for node, inside in _with_environments(statement, environment)
        for name in _actively_filled(node, inside)
    )
    return filling.with_aliases(found, statements, environment.containers)


def _actively_filled(node: nodes.Node, environment: Environment) -> Iterator[str]:
    match node:
        case nodes.Assign(targets=targets, value=value) if value is not None:
            for target in targets:
                for part, part_value in filling.matched(target, value):
                    if is_active(part_value, environment):
                        yield from filling.stored_names(part)
        case nodes.AugmentedAssign(value=value) if is_active(value, environment):
            yield from filling.filled_names(node)
        case nodes.For(target=target, iterable=iterable) if is_active(iterable, environment):
            yield from filling.stored_names(target)
        case nodes.Function():  # it may fill a list or dict of the function around it
            inside = _inside(node, environment)
            yield from _filled(node.body, inside) - frozenset(node.parameters.names()) - bound_names(node.body)
        case nodes.Call(function=nodes.Attribute(value=container, attribute=method)) if method in filling.MUTATORS:
            if arguments_are_active(node, environment) and not instances.is_module(container, environment):
                yield from filling.holders(container, environment.containers)
        case nodes.Call():
            yield from _handed_over(node, environment)


def _inside(function: nodes.Function, environment: Environment) -> Environment:
    """The environment of the body of a nested function."""
    without = {name: other for name, other in environment.functions.items() if name != function.name}
    return function_environment(function, replace(environment, functions=without))


def _handed_over(call: nodes.Call, environment: Environment) -> Iterator[str]:
    """Names of lists, dicts and objects that a call may fill, and so must fill the tangents of."""
    kind = callee_of(call, environment)
    if not isinstance(kind, callees.Followed | callees.Unknown | callees.External | callees.LocalFunction):
        return
    known = _filling_of(call, kind, environment)
    if known is None:
        for argument in call.arguments:
            yield from filling.holders(argument.value) & environment.containers
    elif isinstance(kind, callees.LocalFunction) or call_is_active(call, environment):
        for value in known.arguments(call):
            yield from filling.holders(value)


def _filling_of(call: nodes.Call, kind: Callee, environment: Environment) -> filling.Filling | None:
    """What a call does to its arguments, if the text tells."""
    module = instances.instance_class(call.function, environment)
    if module is not None:
        return environment.filling(f"{module}.__call__")
    match kind:
        case callees.LocalFunction(name=name):
            return filling.filling(environment.functions[name], lambda inner: fillings(inner, environment))
        case callees.Followed(what=what) if what.startswith("self.") and environment.facts is not None:
            return environment.filling(f"{environment.facts.qualified}.{what.removeprefix('self.')}")
        case callees.Followed(what=qualified) | callees.External(qualified=qualified):
            return environment.filling(qualified)
    return None


def fillings(call: nodes.Call, environment: Environment) -> Iterator[nodes.Expression]:
    """The arguments that a call of something named may fill."""
    known = _named_filling(call, environment)
    if known is not None:
        yield from known.arguments(call)


def _named_filling(call: nodes.Call, environment: Environment) -> filling.Filling | None:
    """What a call of a function of the project, or of a method of `self`, does to its arguments."""
    match call.function:
        case nodes.Attribute(value=nodes.Name(id=owner), attribute=method) if owner == environment.self_name:
            facts = environment.facts
            return environment.filling(f"{facts.qualified}.{method}") if facts is not None else None
    name = dotted(call.function)
    qualified = environment.qualified(name) if name else None
    return environment.filling(qualified) if qualified else None


def active_targets(target: nodes.Expression, iterable: nodes.Expression, environment: Environment) -> Iterator[str]:
    """The names of a loop target that may carry a tangent when it runs over `iterable`."""
    match target, iterable:
        case (
            nodes.TupleDisplay(elements=(_, item)),
            nodes.Call(function=nodes.Name(id="enumerate"), arguments=(first, *_)),
        ):
            yield from active_targets(item, first.value, environment)
        case nodes.TupleDisplay(elements=elements), nodes.Call(function=nodes.Name(id="zip"), arguments=arguments) if (
            len(elements) == len(arguments) and not any(argument.star for argument in arguments)
        ):
            for element, argument in zip(elements, arguments, strict=True):
                yield from active_targets(element, argument.value, environment)
        case (
            nodes.TupleDisplay(elements=(_, item)),
            nodes.Call(function=nodes.Attribute(value=container, attribute="items"), arguments=()),
        ) if is_active(container, environment):
            yield from target_names(item)
        case (
            nodes.TupleDisplay(elements=(_, item)),
            nodes.Call(function=nodes.Name(id="sorted"), arguments=(nodes.Argument(value=nodes.Call() as inner),)),
        ):
            yield from active_targets(nodes.TupleDisplay((nodes.Name("_"), item)), inner, environment)
        case _:
            if is_active(iterable, environment):
                yield from target_names(target)
