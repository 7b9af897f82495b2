"""Assignments pushed forward: values first, then one target after the other, each with its companion.

A place is found once: what stands in an index is evaluated after the value and before the store, and is written twice,
for the value and for its tangent, only if that gives the same both times.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeGuard

from jvpgen.analysis import callees, instances, records
from jvpgen.analysis.activity import callee_of, is_active, makes_a_callable
from jvpgen.analysis.effects import is_pure
from jvpgen.analysis.inertness import acts_on_tangents, needs_pushing
from jvpgen.analysis.purity import is_trivial
from jvpgen.forward import calls, comprehensions, expressions, rule_terms
from jvpgen.forward.iteration import tangent_target
from jvpgen.forward.naming import role_of
from jvpgen.forward.pushed import (
    Block,
    Frame,
    NotExpressible,
    Operand,
    Pushed,
    fits,
    is_changed,
    is_disturbed,
    mentions_out,
    name_before,
    name_value,
    reads_target,
    settle,
    store,
    tuple_of,
    zero_after,
)
from jvpgen.ir import nodes
from jvpgen.ir.scoping import root_name, target_names


def push_assign(node: nodes.Assign, frame: Frame, block: Block) -> None:
    if node.value is None:
        return
    if any(makes_a_callable(target, node.value, frame.environment) for target in node.targets):
        assert isinstance(node.value, nodes.Call)
        pushed = calls.evaluated(node.value, frame, block)
    elif isinstance(node.value, nodes.Conditional) and isinstance(node.targets[0], nodes.Name):
        pushed = _conditional(node.targets[0], node.value, frame, block)
        if pushed.primal == node.targets[0] and len(node.targets) == 1:
            return
    elif isinstance(node.value, nodes.Comprehension) and _is_one_name(node.targets):
        pushed = comprehensions.push_comprehension(node.value, frame, block, node.targets[0])
        if pushed.primal == node.targets[0]:
            return
    elif _is_elementwise(node):
        pushed = _elements(node.value, frame, block)
    else:
        variable = _active_variable(node, frame)
        if variable is not None and isinstance(node.value, nodes.Call):
            pushed = calls.push_variable(node.value, variable, frame, block)
        else:
            pushed = expressions.push(node.value, frame, block)
    if len(node.targets) > 1 and not _stays(pushed, node.targets):
        pushed = name_value(pushed, frame, block)  # one object, under all its names
    for target in node.targets:
        assign(target, pushed, frame, block)


def _is_one_name(targets: tuple[nodes.Expression, ...]) -> TypeGuard[tuple[nodes.Name]]:
    return len(targets) == 1 and isinstance(targets[0], nodes.Name)


def _active_variable(node: nodes.Assign, frame: Frame) -> nodes.Expression | None:
    """The module whose variable gets a name under which something active is stored."""
    kind = callee_of(node.value, frame.environment) if isinstance(node.value, nodes.Call) else None
    is_active_ = any(is_active_target(target, frame) for target in node.targets)
    return kind.receiver if isinstance(kind, callees.Variable) and is_active_ else None


def _stays(pushed: Pushed, targets: Sequence[nodes.Expression]) -> bool:
    """Whether a value is a literal or a name that no store into the targets binds to something else."""
    if pushed.pair is not None or not isinstance(pushed.primal, nodes.Name | nodes.Constant):
        return False
    others = [target for target in targets if target != pushed.primal]
    return not any(pushed.primal == nodes.Name(name) for target in others for name in target_names(target))


def _conditional(target: nodes.Name, value: nodes.Conditional, frame: Frame, block: Block) -> Pushed:
    """`x = a if test else b`: the branches of an `if` store in `x` directly."""
    if not needs_pushing(value, frame.environment):
        return Pushed(value)
    return expressions.conditional(value, target, frame, block)


def _is_elementwise(node: nodes.Assign) -> bool:
    """Whether a tuple display is assigned, element by element, to a tuple of targets."""
    target = node.targets[0]
    is_single_tuple = len(node.targets) == 1 and isinstance(target, nodes.TupleDisplay)
    return is_single_tuple and isinstance(target, nodes.TupleDisplay) and _matches(target.elements, node.value)


def _matches(targets: Sequence[nodes.Expression], value: nodes.Expression | None) -> bool:
    """Whether a value is a tuple display with an element for each target."""
    if not isinstance(value, nodes.TupleDisplay) or len(targets) != len(value.elements):
        return False
    return not any(isinstance(part, nodes.Starred) for part in (*targets, *value.elements))


def _elements(value: nodes.Expression, frame: Frame, block: Block) -> Pushed:
    """`f(x), n`: a tuple whose inactive elements have no tangent yet: their targets may not want one."""
    assert isinstance(value, nodes.TupleDisplay)
    values = expressions.push_all(value.elements, frame, block)
    if not any(item.is_active for item in values):
        return Pushed(tuple_of(item.primal for item in values))
    tangents = [item.tangent if item.tangent is not None else nodes.Constant("...") for item in values]
    return Pushed(tuple_of(item.primal for item in values), tuple_of(tangents))


def assign(target: nodes.Expression, pushed: Pushed, frame: Frame, block: Block) -> None:
    """`target = pushed`, and the tangents to the targets' companions."""
    match target:
        case nodes.Name():
            expressions.store_value(target, pushed, frame, block)
        case nodes.TupleDisplay() | nodes.ListDisplay():
            _assign_tuple(target, pushed, frame, block)
        case _:
            _assign_part(target, pushed, frame, block)


def _assign_tuple(target: nodes.TupleDisplay | nodes.ListDisplay, pushed: Pushed, frame: Frame, block: Block) -> None:
    if not _any_active(target, frame):
        if pushed.pair is not None:
            block.assign(tuple_of((target, nodes.Name("_"))), pushed.pair)
        else:
            block.assign(target, pushed.primal)
        return
    if pushed.pair is not None:
        if _stores_in_turn(target.elements, frame):
            _unpack_in_turn(target, pushed, frame, block)
        else:
            block.assign(tuple_of((target, tangent_target(target, frame))), pushed.pair)
        return
    if mentions_out(pushed.tangent or pushed.primal):
        pushed = name_value(pushed, frame, block)
    is_elementwise = _matches(target.elements, pushed.primal)
    if _stores_in_turn(target.elements, frame):
        (_assign_in_turn if is_elementwise else _unpack_in_turn)(target, pushed, frame, block)
        return
    if is_elementwise:
        _assign_elements(target.elements, pushed, frame, block)
        return
    if pushed.tangent is None:
        settled = pushed if is_trivial(pushed.primal) else name_value(pushed, frame, block)
        pushed = Pushed(settled.primal, frame.zero(settled.primal))
    assert pushed.tangent is not None
    if _reads_old(pushed.tangent, target.elements, frame):
        block.assign(tuple_of((target, tangent_target(target, frame))), tuple_of((pushed.primal, pushed.tangent)))
        return
    block.assign(target, pushed.primal)
    block.assign(tangent_target(target, frame), pushed.tangent)


def _any_active(target: nodes.Expression, frame: Frame) -> bool:
    if isinstance(target, nodes.TupleDisplay | nodes.ListDisplay):
        return any(_any_active(element, frame) for element in target.elements)
    if isinstance(target, nodes.Starred):
        return _any_active(target.value, frame)
    return is_active_target(target, frame)


def is_active_target(target: nodes.Expression, frame: Frame) -> bool:
    """Whether what is stored in `target` has a companion."""
    match target:
        case nodes.Name(id=name):
            return name in frame.environment.active
        case nodes.Attribute(value=nodes.Name(id=name), attribute=attribute) if name == frame.environment.self_name:
            facts = frame.environment.facts
            return facts is not None and attribute in facts.active_attributes
        case nodes.Attribute(value=value) | nodes.Subscript(value=value):
            return root_name(target) in frame.environment.active or is_active_target(value, frame)
    return False


def targets_in(targets: Iterable[nodes.Expression]) -> Iterator[nodes.Expression]:
    """The single targets in tuples of targets."""
    for target in targets:
        match target:
            case nodes.TupleDisplay(elements=elements) | nodes.ListDisplay(elements=elements):
                yield from targets_in(elements)
            case nodes.Starred(value=value):
                yield from targets_in((value,))
            case _:
                yield target


def _reads_old(tangent: nodes.Expression, targets: Sequence[nodes.Expression], frame: Frame) -> bool:
    """Whether the tangent reads what stores into the targets change, perhaps under another name."""
    stores = nodes.Assign(tuple(targets), None)
    return is_changed(tangent, stores, frame) or any(reads_target(tangent, part) for part in targets_in(targets))


def _assign_elements(targets: Sequence[nodes.Expression], pushed: Pushed, frame: Frame, block: Block) -> None:
    """`a, b = f(x), g(y)`: one assignment to all primals and tangents."""
    assert isinstance(pushed.primal, nodes.TupleDisplay)
    primals = pushed.primal.elements
    given = pushed.tangent.elements if isinstance(pushed.tangent, nodes.TupleDisplay) else (None,) * len(primals)
    tangents: list[tuple[nodes.Expression, nodes.Expression]] = []
    later: list[tuple[nodes.Expression, nodes.Expression, nodes.Expression]] = []
    for target, primal, tangent in zip(targets, primals, given, strict=True):
        if not _any_active(target, frame):
            continue
        if tangent is None or tangent == nodes.Constant("..."):
            later.append((tangent_target(target, frame), target, primal))
        else:
            tangents.append((tangent_target(target, frame), tangent))
    left, right = tuple_of(targets), tuple_of(primals)
    split = not any(_reads_old(tangent, targets, frame) for _, tangent in tangents)
    dots, values = tuple_of(target for target, _ in tangents), tuple_of(tangent for _, tangent in tangents)
    joint = nodes.Assign((tuple_of((*left.elements, *dots.elements)),), tuple_of((*right.elements, *values.elements)))
    if not tangents:
        block.assign(left, right)
    elif split and not fits(joint, frame, block.depth):
        block.assign(left, right)
        block.assign(*((dots, values) if len(tangents) > 1 else tangents[0]))
    else:
        block.add(joint)
    for dot, target, primal in later:
        block.assign(dot, zero_after(target, primal, frame))


# --- One store after the other ----------------------------------------------------------------------------------------


def _stores_in_turn(targets: Sequence[nodes.Expression], frame: Frame) -> bool:
    """Whether a store into one of several targets moves another, `i` in `xs[i], i = …`, or an index calls something."""
    parts = tuple(targets_in(targets))
    return any(_is_moved_by(part, parts[position:], frame) for position, part in enumerate(parts))


def _is_moved_by(part: nodes.Expression, stores: tuple[nodes.Expression, ...], frame: Frame) -> bool:
    """Whether `part` is another place after the stores into it and those behind it, or finding it does something."""
    match part:
        case nodes.Subscript(value=value, index=index):
            moves = is_changed(index, nodes.Assign(stores, None), frame)
            return moves or not is_pure(index, frame.environment) or _owner_is_moved_by(value, stores[1:], frame)
        case nodes.Attribute(value=value):
            return _owner_is_moved_by(value, stores[1:], frame)
    return False


def _owner_is_moved_by(owner: nodes.Expression, stores: tuple[nodes.Expression, ...], frame: Frame) -> bool:
    return not is_pure(owner, frame.environment) or is_changed(owner, nodes.Assign(stores, None), frame)


def _assign_in_turn(target: nodes.TupleDisplay | nodes.ListDisplay, pushed: Pushed, frame: Frame, block: Block) -> None:
    """`xs[i], i = f(x), n`: all values first, then one store after the other."""
    assert isinstance(pushed.primal, nodes.TupleDisplay)
    count = len(target.elements)
    given = pushed.tangent.elements if isinstance(pushed.tangent, nodes.TupleDisplay) else (None,) * count
    stores = nodes.Assign(target.elements, None)
    values = []
    for primal, tangent in zip(pushed.primal.elements, given, strict=True):
        value = Pushed(primal, None if tangent == nodes.Constant("...") else tangent)
        operand = Operand(value, block, stores)
        is_disturbed_ = is_disturbed(operand, stores, frame)
        values.append(name_before(operand, frame) if is_disturbed_ else settle(value, frame, block))
    for part, value in zip(target.elements, values, strict=True):
        assign(part, value, frame, block)


def _unpack_in_turn(target: nodes.TupleDisplay | nodes.ListDisplay, pushed: Pushed, frame: Frame, block: Block) -> None:
    """`xs[i], i = f(x)`: unpacked into names first, which are then stored one after the other."""
    names: dict[nodes.Expression, nodes.Name] = {}
    for part in targets_in(target.elements):
        role = f"new_{part.id}" if isinstance(part, nodes.Name) else role_of(part)
        names[part] = nodes.Name(frame.naming.temporary(role, block.taken))
    active = {name.id for part, name in names.items() if _any_active(part, frame)}
    inside = frame.within(frame.environment.with_local([name.id for name in names.values()], active))
    _assign_tuple(_with_parts(target, names), pushed, inside, block)
    for part, name in names.items():
        assign(part, Pushed(name, inside.tangent(name.id) if name.id in active else None), frame, block)


def _with_parts(target: Any, names: Mapping[nodes.Expression, nodes.Name]) -> Any:
    """The target with its parts replaced."""
    if target in names:
        return names[target]
    return nodes.map_children(target, lambda part: _with_parts(part, names))


# --- Parts of objects -------------------------------------------------------------------------------------------------


def _store_in_held(target: nodes.Attribute, pushed: Pushed, frame: Frame, block: Block) -> None:
    """`module.total.value = v`: what the module holds is asked for first, and what holds its tangent."""
    value = pushed if pushed.pair is None else settle(pushed, frame, block)
    held = settle(expressions.push(target.value, frame, block), frame, block)
    if held.tangent is None:
        raise NotExpressible(f"an active value is stored in `{root_name(target)}`, an object of unknown kind", target)
    own, own_dot = (nodes.Attribute(part, target.attribute) for part in (held.primal, held.tangent))
    store(own, own_dot, value, frame, block)


def _assign_part(source: nodes.Expression, pushed: Pushed, frame: Frame, block: Block) -> None:
    """A store into an object: `d[k] = v`, `variable.value = v`, `self.x = v`."""
    index = block.child()
    target = stored_target(source, frame, index)
    operand = Operand(pushed, block, source)
    if index.statements and (pushed.pair is not None or _is_moved(operand, source, frame)):
        pushed = name_before(operand, frame)
    block.add(*index.statements)
    if not is_active_target(target, frame):
        if pushed.is_active and isinstance(target, nodes.Attribute) and is_active(target.value, frame.environment):
            _store_in_held(target, pushed, frame, block)
            return
        if pushed.is_active:
            raise NotExpressible(
                f"an active value is stored in `{root_name(target)}`, an object of unknown kind", source
            )
        block.assign(
            target if pushed.pair is None else tuple_of((target, nodes.Name("_"))), pushed.pair or pushed.primal
        )
        return
    if pushed.pair is None and pushed.tangent is None:
        if not is_trivial(pushed.primal):
            pushed = name_value(pushed, frame, block)
        block.assign(target, pushed.primal)
        block.assign(tangent_target(target, frame), frame.zero(pushed.primal))
        return
    store(target, tangent_target(target, frame), pushed, frame, block)


def _is_moved(operand: Operand, past: nodes.Expression, frame: Frame) -> bool:
    """Whether evaluating the operand after `past` may give something else, or do things in another order."""
    return not is_pure(operand.pushed.primal, frame.environment) or is_disturbed(operand, past, frame)


def stored_target(
    target: nodes.Expression, frame: Frame, block: Block, before: nodes.Expression | None = None
) -> nodes.Expression:
    """The target with an index that can be written twice, and after `before` has been evaluated."""
    match target:
        case nodes.Subscript(value=value, index=index):
            owner = stored_target(value, frame, block, before)
            pushed = expressions.plain(index, frame, block)
            operand = Operand(pushed, block, index, "key")
            moves = is_changed(pushed.primal, nodes.Assign((target,), None), frame)
            if not is_trivial(pushed.primal):
                pushed = name_value(pushed, frame, block, "key")
            elif moves or (before is not None and is_disturbed(operand, before, frame)):
                pushed = name_before(operand, frame)
            return nodes.Subscript(owner, pushed.primal)
        case nodes.Attribute(value=value, attribute=attribute):
            return nodes.Attribute(stored_target(value, frame, block, before), attribute)
        case nodes.Name():
            return target
    raise NotExpressible("a store into the result of an expression", target)


# --- In place ---------------------------------------------------------------------------------------------------------


def push_augmented(node: nodes.AugmentedAssign, frame: Frame, block: Block) -> None:
    """`x += y` on both halves; any other operator is written out."""
    active = is_active_target(node.target, frame)
    target = node.target
    own = _own_operator(node, frame) if active else None
    if own is not None:
        assign(target, expressions.push(own, frame, block), frame, block)
        return
    if active or acts_on_tangents(node.value, frame.environment):
        target = stored_target(node.target, frame, block, node.value)
    dot = tangent_target(target, frame) if active else None
    current = Operand(Pushed(target, dot), block, target)
    if active and node.operator not in ("+", "|"):
        written_out = nodes.Binary(target, node.operator, node.value, span=node.span)
        assign(target, expressions.push(written_out, frame, block), frame, block)
    elif is_disturbed(current, node.value, frame) and (active or target is not node.target):
        before = name_before(current, frame)
        _in_place(before.primal, before.tangent, node, frame, block)
        assign(target, before, frame, block)
    else:
        _in_place(target, dot, node, frame, block)


def _own_operator(node: nodes.AugmentedAssign, frame: Frame) -> nodes.Expression | None:
    """`x + y` or `operator.iadd(x, y)`, where a class in sight defines one of these."""
    in_place = records.own_in_place_operator(node, frame.environment)
    if in_place is not None:
        function = nodes.Attribute(frame.naming.module("operator"), in_place)
        return nodes.Call(function, (nodes.Argument(node.target), nodes.Argument(node.value)), span=node.span)
    written_out = nodes.Binary(node.target, node.operator, node.value, span=node.span)
    return written_out if records.own_operator(written_out, frame.environment) is not None else None


def _in_place(
    target: nodes.Expression,
    dot: nodes.Expression | None,
    node: nodes.AugmentedAssign,
    frame: Frame,
    block: Block,
) -> None:
    """`x += y`, `d |= e`: done to the value and to its tangent."""
    operator = node.operator
    pushed = expressions.plain(node.value, frame, block)
    if dot is None:
        if pushed.is_active:
            raise NotExpressible("an active value is added to an object of unknown kind", node)
        block.add(nodes.AugmentedAssign(target, operator, pushed.primal))
        return
    if pushed.tangent is None:
        if not is_trivial(pushed.primal):
            pushed = name_value(pushed, frame, block)
        block.add(nodes.AugmentedAssign(target, operator, pushed.primal))
        if not rule_terms.is_plain_number(pushed.primal, frame):
            block.add(nodes.AugmentedAssign(dot, operator, frame.zero(pushed.primal)))
        return
    change = nodes.AugmentedAssign(target, operator, pushed.primal)
    if reads_target(pushed.tangent, target) or is_changed(pushed.tangent, change, frame):  # it needs the old value
        if not any(instances.is_collection(part, frame.environment) for part in (target, pushed.primal)):
            total = nodes.Binary(target, operator, pushed.primal), nodes.Binary(dot, operator, pushed.tangent)
            block.assign(tuple_of((target, dot)), tuple_of(total))
            return
        pushed = name_value(pushed, frame, block)
    block.add(nodes.AugmentedAssign(target, operator, pushed.primal))
    block.add(nodes.AugmentedAssign(dot, operator, pushed.tangent or frame.zero(pushed.primal)))
