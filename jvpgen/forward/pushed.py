"""What pushing an expression forward gives, and the block of statements that it may need before it.

A pushed expression has a primal and a tangent. They are one expression each, or together one call that returns both (a
pair). A tangent may refer to its own primal's value as `OUT`; whoever takes the value puts a name there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from jvpgen.analysis.environment import Environment
from jvpgen.analysis.purity import is_trivial
from jvpgen.forward.naming import Naming, role_of
from jvpgen.ir import nodes
from jvpgen.ir.nodes import map_children
from jvpgen.ir.scoping import dotted, root_name
from jvpgen.ir.show import show_statement
from jvpgen.source.span import Span

OUT = nodes.Name("$out")


class NotExpressible(Exception):
    """Raised where a function cannot be made explicit; the function as a whole is then differentiated another way."""

    def __init__(self, reason: str, node: nodes.Node | None = None, code: str | None = None):
        super().__init__(reason)
        self.reason = reason
        self.span: Span | None = node.span if node is not None else None
        self.code = code or ("JVP302" if isinstance(node, nodes.Expression) else "JVP301")


@dataclass(frozen=True)
class Pushed:
    """An expression and its tangent, None for an inactive one. With `pair`, one call gives both."""

    primal: nodes.Expression
    tangent: nodes.Expression | None = None
    pair: nodes.Expression | None = None

    @property
    def is_active(self) -> bool:
        return self.tangent is not None or self.pair is not None

    @property
    def is_plain(self) -> bool:
        """Whether primal and tangent may be used in place: no pair to unpack, no `OUT` to name."""
        return self.pair is None and (self.tangent is None or not mentions_out(self.tangent))


def paired(pair: nodes.Expression, source: nodes.Expression) -> Pushed:
    """The value of a call that returns primal and tangent together; `source` is what it stands for, for naming."""
    return Pushed(source, None, pair)


@dataclass(frozen=True)
class Frame:
    """The function that is being pushed: what is known of it, how its names are spelled, how long a line is."""

    environment: Environment
    naming: Naming
    width: int = 88

    def within(self, environment: Environment) -> Frame:
        return replace(self, environment=environment)

    def tangent(self, name: str) -> nodes.Name:
        return nodes.Name(self.naming.tangent(name))

    def zero(self, primal: nodes.Expression) -> nodes.Expression:
        """The zero tangent of a value that is trivial to write again."""
        match primal:
            case nodes.Constant(text="None"):
                return primal
            case nodes.TupleDisplay(elements=()) | nodes.ListDisplay(elements=()) | nodes.DictDisplay(items=()):
                return primal
        return call(self.naming.helper("zero"), primal)


@dataclass
class Block:
    """Statements under construction, at a `depth`; `taken` are the temporaries of the current source statement."""

    depth: int
    taken: set[str] = field(default_factory=set)
    statements: list[nodes.Statement] = field(default_factory=list)

    def child(self) -> Block:
        """A block at the same depth whose statements are kept apart for now."""
        return Block(self.depth, self.taken)

    def inner(self) -> Block:
        """The block of a compound statement."""
        return Block(self.depth + 1, self.taken)

    def add(self, *statements: nodes.Statement) -> None:
        self.statements.extend(statements)

    def assign(self, target: nodes.Expression, value: nodes.Expression) -> None:
        self.add(nodes.Assign((target,), value))


def call(function: nodes.Expression, *arguments: nodes.Expression, **keywords: nodes.Expression) -> nodes.Call:
    """A call with the given arguments."""
    given = [nodes.Argument(argument) for argument in arguments]
    given += [nodes.Argument(value, keyword) for keyword, value in keywords.items()]
    return nodes.Call(function, tuple(given))


def tuple_of(elements: Iterable[nodes.Expression]) -> nodes.TupleDisplay:
    return nodes.TupleDisplay(tuple(elements))


def substitute(node: nodes.Expression, values: dict[str, nodes.Expression]) -> nodes.Expression:
    """`node` with names replaced by expressions."""
    if isinstance(node, nodes.Name):
        return values.get(node.id, node)
    result: nodes.Expression = map_children(node, lambda child: substitute(child, values))
    return result


def mentions_out(node: nodes.Expression) -> bool:
    return any(isinstance(part, nodes.Name) and part.id == OUT.id for part in nodes.walk(node))


def with_out(tangent: nodes.Expression, name: nodes.Expression) -> nodes.Expression:
    return substitute(tangent, {OUT.id: name})


# --- Naming values ----------------------------------------------------------------------------------------------------


def settle(pushed: Pushed, frame: Frame, block: Block, role: str | None = None) -> Pushed:
    """The same value with trivial primal and tangent: what is not trivial yet is given a name in `block`."""
    trivial_tangent = pushed.tangent is None or is_trivial(pushed.tangent)
    if pushed.is_plain and is_trivial(pushed.primal) and trivial_tangent:
        return pushed
    if pushed.is_plain and is_trivial(pushed.primal):
        assert pushed.tangent is not None
        base = role or role_of(pushed.primal)
        name = nodes.Name(frame.naming.tangent(frame.naming.temporary(base, block.taken)))
        block.assign(name, pushed.tangent)
        return Pushed(pushed.primal, name)
    return name_value(pushed, frame, block, role)


def name_value(pushed: Pushed, frame: Frame, block: Block, role: str | None = None) -> Pushed:
    """The same value under a name of its own."""
    text = frame.naming.temporary(role or role_of(pushed.primal), block.taken)
    name = nodes.Name(text)
    if not pushed.is_active:
        block.assign(name, pushed.primal)
        return Pushed(name)
    tangent = frame.tangent(text)
    store(name, tangent, pushed, frame, block)
    return Pushed(name, tangent)


def store(name: nodes.Expression, tangent_name: nodes.Expression, pushed: Pushed, frame: Frame, block: Block) -> None:
    """`name, tangent_name = pushed`, in the shortest form that keeps evaluation in order."""
    both = tuple_of((name, tangent_name))
    if pushed.pair is not None:
        block.assign(both, pushed.pair)
        return
    if pushed.tangent is None:
        block.assign(name, pushed.primal)
        block.assign(tangent_name, zero_after(name, pushed.primal, frame))
        return
    tangent = pushed.tangent
    reads_old = reads_target(tangent, name)
    if mentions_out(tangent):
        if reads_old:  # the tangent needs the old value of the name and the new one
            named = nodes.Name(frame.naming.temporary(role_of(pushed.primal), block.taken))
            block.assign(named, pushed.primal)
            block.assign(both, tuple_of((named, with_out(tangent, named))))
            return
        block.assign(name, pushed.primal)
        block.assign(tangent_name, with_out(tangent, name))
        return
    joint = nodes.Assign((both,), tuple_of((pushed.primal, tangent)))
    if reads_old or fits(joint, frame, block.depth):
        block.add(joint)
    else:
        block.assign(name, pushed.primal)
        block.assign(tangent_name, tangent)


def zero_after(name: nodes.Expression, primal: nodes.Expression, frame: Frame) -> nodes.Expression:
    """The zero tangent of what has just been stored under `name`."""
    plain = frame.zero(primal)
    return plain if plain is primal else frame.zero(name)


def reads_target(node: nodes.Expression, target: nodes.Expression) -> bool:
    """Whether `node` may read what a store into `target` changes: of an object, any part of it."""
    if isinstance(target, nodes.Name):
        return mentions(node, target)
    root = root_name(target)
    return any(isinstance(part, nodes.Name) and part.id == root for part in nodes.walk(node))


def mentions(node: nodes.Expression, target: nodes.Expression) -> bool:
    """Whether `node` reads what `target` stores into."""
    return any(part == target for part in nodes.walk(node))


def fits(statement: nodes.Statement, frame: Frame, depth: int) -> bool:
    return all(len(line) <= frame.width for line in show_statement(statement, depth))


# --- Operands, in Python's order --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Operand:
    """A pushed operand and the statements that must run before it; `role` names its value if it needs a name."""

    pushed: Pushed
    block: Block
    role: str | None = None


def commit(
    operands: Sequence[Operand], frame: Frame, block: Block, named: Iterable[int] = (), keep: Iterable[int] = ()
) -> list[Pushed]:
    """The operands, ready for use: their statements added to `block` in Python's order of evaluation.

    Operands in `named` get trivial primals and tangents. An operand that is evaluated before one with statements of its
    own is named as well, unless moving it past them changes nothing. Pairs in `keep` may stay pairs.
    """
    named, keep = set(named), set(keep)
    results = []
    for position, operand in enumerate(operands):
        pushed = operand.pushed
        later = any(_emits(other, index in named) for index, other in enumerate(operands) if index > position)
        unpack = not pushed.is_plain and position not in keep
        if position in named or unpack or (later and not is_movable(pushed.primal, frame)):
            pushed = settle(pushed, frame, operand.block, operand.role)
        block.add(*operand.block.statements)
        results.append(pushed)
    return results


def _emits(operand: Operand, named: bool) -> bool:
    pushed = operand.pushed
    trivial = is_trivial(pushed.primal) and (pushed.tangent is None or is_trivial(pushed.tangent))
    return bool(operand.block.statements) or not pushed.is_plain or (named and not trivial)


def is_movable(node: nodes.Expression, frame: Frame) -> bool:
    """Whether evaluating `node` a little later gives the same: it calls nothing but functions without effects."""
    return all(_is_pure_call(part, frame) for part in nodes.walk(node) if isinstance(part, nodes.Call))


def _is_pure_call(node: nodes.Call, frame: Frame) -> bool:
    name = dotted(node.function)
    qualified = frame.environment.global_name(name) if name else None
    if qualified is not None:
        return qualified.split(".")[0] in ("jax", "numpy", "builtins", "math")
    return isinstance(node.function, nodes.Attribute) and node.function.attribute in ("reshape", "astype", "transpose")
