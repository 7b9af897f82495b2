"""What pushing an expression forward gives, and the block of statements that it may need before it.

A pushed expression has a primal and a tangent. They are one expression each, or together one call that returns both (a
pair). A tangent may refer to its own primal's value as `OUT`; whoever takes the value puts a name there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from jvpgen.analysis.effects import Reads, disturbs, is_pure, reads, writes
from jvpgen.analysis.environment import Environment
from jvpgen.analysis.purity import is_trivial
from jvpgen.forward.naming import Naming, role_before, role_of
from jvpgen.ir import nodes
from jvpgen.ir.renaming import substitute
from jvpgen.ir.scoping import root_name
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
    """The function that is being pushed: what is known of it, how its names are spelled, how long a line is.

    `drops_tangents` says that what it returns has no tangent, whatever it is made of.
    """

    environment: Environment
    naming: Naming
    width: int = 88
    drops_tangents: bool = False

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


def outside_subscript(index: nodes.Expression, frame: Frame) -> nodes.Expression:
    """An index as an expression of its own: `1:` stands in subscripts only, `jnp.s_[1:]` is the same elsewhere."""
    parts = index.elements if isinstance(index, nodes.TupleDisplay) else (index,)
    has_slices = any(isinstance(part, nodes.Slice) for part in parts)
    return nodes.Subscript(nodes.Attribute(frame.naming.module("jnp"), "s_"), index) if has_slices else index


def name_value(pushed: Pushed, frame: Frame, block: Block, role: str | None = None) -> Pushed:
    """The same value under a name of its own."""
    pushed = replace(pushed, primal=outside_subscript(pushed.primal, frame))
    if isinstance(pushed.primal, nodes.Starred):
        return _starred(name_value(_unstarred(pushed), frame, block, role))
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
        _store_pair(both, pushed.pair, frame, block)
        return
    if pushed.tangent is None:
        block.assign(name, pushed.primal)
        block.assign(tangent_name, zero_after(name, pushed.primal, frame))
        return
    tangent = pushed.tangent
    reads_old = reads_target(tangent, name) or is_changed(tangent, nodes.Assign((name,), pushed.primal), frame)
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


def _store_pair(both: nodes.TupleDisplay, pair: nodes.Expression, frame: Frame, block: Block) -> None:
    """`x, x_dot = pair`; of `xs.pop(), xs_dot.pop()` each half on a line of its own if they do not fit on one."""
    joint = nodes.Assign((both,), pair)
    is_split = isinstance(pair, nodes.TupleDisplay) and not fits(joint, frame, block.depth)
    if isinstance(pair, nodes.TupleDisplay) and is_split and not reads_target(pair.elements[1], both.elements[0]):
        for target, value in zip(both.elements, pair.elements, strict=True):
            block.assign(target, value)
    else:
        block.add(joint)


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
    """A pushed operand and the statements that must run before it; `source` is what it was made from, `role` names its
    value if it needs a name, and `is_unpacked` says that it stands behind a star."""

    pushed: Pushed
    block: Block
    source: nodes.Node
    role: str | None = None
    is_unpacked: bool = False


def commit(
    operands: Sequence[Operand], frame: Frame, block: Block, named: Iterable[int] = (), keep: Iterable[int] = ()
) -> list[Pushed]:
    """The operands, ready for use: their statements added to `block` in Python's order of evaluation.

    Operands in `named` get trivial primals and tangents. An operand that is evaluated before one with statements of its
    own is named as well, unless moving it past them changes nothing. Pairs in `keep` may stay pairs.
    """
    keep = set(keep)
    named = {*named, *_spoiling_tangents(operands, frame)}
    disturbed: set[int] = set()
    later: list[nodes.Node] = []  # what is evaluated after an operand, by statements
    for position, operand in reversed(list(enumerate(operands))):
        if any(is_disturbed(operand, other, frame) for other in later):
            disturbed.add(position)
        elif later and not _is_pure(operand, frame):
            named.add(position)
        if position in disturbed or _emits(operand, position in named):
            later.append(operand.source)
    results = []
    for position, operand in enumerate(operands):
        pushed = operand.pushed
        if position in disturbed:
            pushed = name_before(operand, frame)
        elif position in named or (not pushed.is_plain and position not in keep):
            pushed = settle(pushed, frame, operand.block, operand.role)
        block.add(*operand.block.statements)
        results.append(pushed)
    return results


def in_both_halves(operands: Sequence[Operand]) -> set[int]:
    """Operands without a tangent that are more than a name: primal and tangent mention them, so they get one."""
    return {
        index
        for index, operand in enumerate(operands)
        if not operand.pushed.is_active and not is_trivial(operand.pushed.primal)
    }


def _emits(operand: Operand, named: bool) -> bool:
    pushed = operand.pushed
    trivial = is_trivial(pushed.primal) and (pushed.tangent is None or is_trivial(pushed.tangent))
    return bool(operand.block.statements) or not pushed.is_plain or (named and not trivial)


def _spoiling_tangents(operands: Sequence[Operand], frame: Frame) -> Iterator[int]:
    """Operands whose primals, left in place, would change what tangents read: those are evaluated after all primals."""
    for position, operand in enumerate(operands):
        stays = operand.pushed.is_plain and not _is_pure(operand, frame)
        if stays and any(tangent_is_disturbed(other.pushed, operand.source, frame) for other in operands):
            yield position


def tangent_is_disturbed(pushed: Pushed, earlier: nodes.Node, frame: Frame) -> bool:
    """Whether the tangent would be another one if it were computed after `earlier` has run on the values alone."""
    return pushed.tangent is not None and is_changed(pushed.tangent, earlier, frame)


def is_changed(node: nodes.Expression, earlier: nodes.Node, frame: Frame) -> bool:
    """Whether `node` would be another value after `earlier` has run on the values: tangents are not changed by it."""
    read = reads(node, frame.environment, frame.naming.added_names)
    tangents = {frame.naming.tangent(name) for name in frame.environment.active}
    read = Reads(read.names, read.objects - tangents, read.loose - tangents)
    return disturbs(writes(earlier, frame.environment), read, frame.environment)


def _is_pure(operand: Operand, frame: Frame) -> bool:
    return is_pure(operand.pushed.primal, frame.environment)


def is_disturbed(operand: Operand, later: nodes.Node, frame: Frame) -> bool:
    """Whether the operand would be another value if it were evaluated after `later`."""
    changed = writes(later, frame.environment)
    if not changed.names and not changed.changes_objects:
        return False
    pushed = operand.pushed
    parts = [part for part in (pushed.primal, pushed.tangent, pushed.pair) if part is not None]
    if operand.is_unpacked:
        parts = [nodes.Starred(part) for part in parts]
    return any(disturbs(changed, _reads(part, frame), frame.environment) for part in parts)


def _reads(node: nodes.Expression, frame: Frame) -> Reads:
    """What `node` reads that may change; a tangent changes with its value."""
    values = {frame.naming.tangent(name): nodes.Name(name) for name in frame.environment.active}
    return reads(substitute(node, values), frame.environment, frame.naming.added_names)


def name_before(operand: Operand, frame: Frame) -> Pushed:
    """The operand's value under a name of its own, trivial or not, taken before what follows can change it."""
    pushed, block = operand.pushed, operand.block
    if operand.is_unpacked:
        return name_value(_unpacked(pushed), frame, block, operand.role)
    if isinstance(pushed.primal, nodes.Starred):
        return _starred(name_value(_unpacked(_unstarred(pushed)), frame, block, operand.role))
    return name_value(pushed, frame, block, operand.role or role_before(pushed.primal))


def _unpacked(pushed: Pushed) -> Pushed:
    """`[*xs]` for `xs`."""
    return _mapped(pushed, lambda part: nodes.ListDisplay((nodes.Starred(part),)))


def _starred(pushed: Pushed) -> Pushed:
    return _mapped(pushed, nodes.Starred)


def _unstarred(pushed: Pushed) -> Pushed:
    return _mapped(pushed, lambda part: part.value if isinstance(part, nodes.Starred) else part)


def _mapped(pushed: Pushed, made: Callable[[nodes.Expression], nodes.Expression]) -> Pushed:
    return Pushed(made(pushed.primal), made(pushed.tangent) if pushed.tangent is not None else None)
