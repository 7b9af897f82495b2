"""`match` statements pushed forward: matched are the values; what a case captures gets its tangent first in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from jvpgen.analysis.activity import is_active
from jvpgen.forward import expressions, statements
from jvpgen.forward.pushed import Block, Frame, NotExpressible, name_value, tuple_of
from jvpgen.ir import nodes
from jvpgen.ir.lower_match import FIELD, is_irrefutable
from jvpgen.ir.renaming import substitute
from jvpgen.ir.scoping import reads

_Subject = Mapping[str, nodes.Expression]  # its name in the source's IR, with what it is called in the text


def push_match(node: nodes.Match, frame: Frame, block: Block) -> None:
    """The statement on values, with the tangents of what its cases capture."""
    assert isinstance(node.subject, nodes.NamedExpression)
    _check_guards(node, frame)
    pushed = expressions.plain(node.subject.value, frame, block)
    moves = any(is_active(item.value, frame.environment) for item in _captures(node) if item.value is not None)
    captured = {name for case in node.cases for name in case.names}
    if moves and (not isinstance(pushed.primal, nodes.Name) or pushed.primal.id in captured):
        pushed = name_value(pushed, frame, block, "matched")
    if moves and not pushed.is_active and isinstance(pushed.primal, nodes.Name):
        block.assign(frame.tangent(pushed.primal.id), frame.zero(pushed.primal))
    inside = frame
    if moves and isinstance(pushed.primal, nodes.Name) and pushed.primal.id not in frame.environment.local:
        inside = frame.within(frame.environment.with_local((pushed.primal.id,), (pushed.primal.id,)))
    given = {node.subject.target.id: pushed.primal}
    cases = tuple(_case(case, given, inside, frame, block.depth + 1) for case in node.cases)
    block.add(nodes.Match(pushed.primal, cases))


def _captures(node: nodes.Match) -> Iterator[nodes.Assign]:
    for case in node.cases:
        yield from case.captures


def _case(case: nodes.Case, subject: _Subject, inside: Frame, frame: Frame, depth: int) -> nodes.Case:
    own = Block(depth + 1)
    tangents: list[tuple[nodes.Expression, nodes.Expression]] = []
    for capture in case.captures:
        (target,) = capture.targets
        if isinstance(target, nodes.Name) and target.id in frame.environment.active:
            captured = _tangent(target, capture, case, subject, inside, own)
            tangents.append((frame.tangent(target.id), captured))
    _store(tangents, own)
    guard = None
    if case.guard is not None:
        scratch = Block(depth)
        guard = expressions.truth(case.guard, frame, scratch)
        if scratch.statements:
            raise NotExpressible("a guard of a `case` calls something with a derivative", case.guard)
    body = (*own.statements, *statements.push_block(case.body, frame, depth + 1))
    return replace(case, guard=guard, body=body, captures=(), ambiguous=frozenset())


def _tangent(
    target: nodes.Name, capture: nodes.Assign, case: nodes.Case, subject: _Subject, frame: Frame, block: Block
) -> nodes.Expression:
    """`batch_dot["x"]`, the tangent of what a name has captured."""
    value = capture.value
    assert value is not None
    if not is_active(value, frame.environment):
        return frame.zero(target)
    if target.id in case.ambiguous:
        raise NotExpressible(f"`{target.id}` is captured at several places of a pattern", capture)
    part = _with_fields(substitute(value, subject), capture, frame)
    pushed = expressions.push(part, frame, block)
    if pushed.pair is not None and reads(part) & set(case.names):
        raise NotExpressible(f"a pattern captures `{target.id}` of what it captures again", capture)
    if not pushed.is_plain:
        pushed = name_value(pushed, frame, block)
    return pushed.tangent if pushed.tangent is not None else frame.zero(target)


def _store(tangents: list[tuple[nodes.Expression, nodes.Expression]], block: Block) -> None:
    """One after the other, or all at once where one is read after it would have been stored."""
    targets = [target for target, _ in tangents]
    if any(part in targets for _, value in tangents[1:] for part in nodes.walk(value)):
        block.assign(tuple_of(targets), tuple_of(value for _, value in tangents))
        return
    for target, value in tangents:
        block.assign(target, value)


def _with_fields(node: nodes.Expression, capture: nodes.Assign, frame: Frame) -> nodes.Expression:
    """The expression with the fields that class patterns name by position by their names."""

    def named(part: nodes.Node) -> nodes.Node:
        part = nodes.map_children(part, named)
        if isinstance(part, nodes.Attribute) and part.attribute.startswith(FIELD):
            _, kind, place = part.attribute.split(FIELD)
            qualified = frame.environment.global_name(kind)
            names = frame.environment.members().positions.get(qualified or "", ())
            if int(place) >= len(names):
                raise NotExpressible(f"which field of `{kind}` a pattern names by position is not known", capture)
            return replace(part, attribute=names[int(place)])
        return part

    return named(node)  # type: ignore[return-value]


# --- Guards -----------------------------------------------------------------------------------------------------------


def _check_guards(node: nodes.Match, frame: Frame) -> None:
    """What a pattern has captured stays captured where its guard says no; its tangent is not taken over then."""
    for place, case in enumerate(node.cases):
        if case.guard is None:
            continue
        later = node.cases[place + 1 :]
        for name in case.names:
            taken_over = bool(later) and all(name in other.names for other in later) and is_irrefutable(later[-1])
            if name in frame.environment.active and not taken_over and _is_read_elsewhere(name, case, node, frame):
                raise NotExpressible(f"`{name}` keeps what it has captured where the guard fails", case.guard)


def _is_read_elsewhere(name: str, case: nodes.Case, node: nodes.Match, frame: Frame) -> bool:
    """Whether anything reads the name but this case, and others that capture it themselves."""
    own = sum(_reads(other, name) for other in node.cases if other is case or name in other.names)
    return sum(_reads(statement, name) for statement in frame.environment.around) > own


def _reads(node: nodes.Node, name: str) -> int:
    """How often the name of this scope stands anywhere but where it is stored."""
    match node:
        case nodes.Name(id=other):
            return int(other == name)
        case nodes.Function(parameters=parameters) | nodes.Lambda(parameters=parameters) if name in parameters.names():
            return 0
        case nodes.Assign(targets=targets, value=value):
            parts = [target for target in targets if not isinstance(target, nodes.Name)]
            return sum(_reads(part, name) for part in (*parts, value) if part is not None)
    return sum(_reads(child, name) for child in nodes.children(node))
