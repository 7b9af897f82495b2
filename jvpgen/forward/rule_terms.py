"""From a rule and its operands to the tangent: terms substituted, inactive ones dropped, the rest summed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from jvpgen.analysis import records
from jvpgen.analysis.purity import is_number
from jvpgen.forward.naming import MODULE_OF
from jvpgen.forward.pushed import OUT, Frame, Operand, Pushed
from jvpgen.ir import nodes
from jvpgen.ir.lower import parse_expression
from jvpgen.ir.nodes import map_children
from jvpgen.ir.renaming import substitute
from jvpgen.ir.scoping import dotted
from jvpgen.rules import Rule

_TANGENT_MODULES = {"jnp": "tangent_numpy", "lax": "tangent_lax"}


@dataclass(frozen=True)
class BoundOperand:
    """An operand and the parameter of the rule that it is."""

    parameter: str
    operand: Operand

    @property
    def is_active(self) -> bool:
        return self.operand.pushed.is_active


# --- Templates --------------------------------------------------------------------------------------------------------


@cache
def template(term: str) -> nodes.Expression:
    """The tree of a term; calls that get a tangent go to the modules that know zeros, `out` is `OUT`."""
    return _on_tangents(parse_expression(term))


def _on_tangents(node: nodes.Expression) -> nodes.Expression:
    mapped: nodes.Expression = map_children(node, _on_tangents)
    match mapped:
        case nodes.Name(id="out"):
            return OUT
        case nodes.Call() if _takes_a_tangent(node):
            name = dotted(node.function) if isinstance(node, nodes.Call) else None
            root, _, rest = (name or "").partition(".")
            if root in _TANGENT_MODULES:
                return nodes.Call(_dotted_expression(f"${_TANGENT_MODULES[root]}.{rest}"), mapped.arguments)
    if isinstance(mapped, nodes.Name) and mapped.id in MODULE_OF:
        return nodes.Name(f"${mapped.id}")
    return mapped


def _takes_a_tangent(node: nodes.Expression) -> bool:
    return isinstance(node, nodes.Call) and any(
        isinstance(part, nodes.Name) and part.id.endswith("_dot")
        for argument in node.arguments
        for part in nodes.walk(argument)
    )


def _dotted_expression(name: str) -> nodes.Expression:
    first, *rest = name.split(".")
    result: nodes.Expression = nodes.Name(first)
    for part in rest:
        result = nodes.Attribute(result, part)
    return result


def spelled(node: nodes.Expression, frame: Frame) -> nodes.Expression:
    """A template's modules as this file spells them."""
    names: dict[str, nodes.Expression] = {f"${name}": frame.naming.module(name) for name in MODULE_OF}
    names |= {f"${name}": frame.naming.helper(name) for name in _TANGENT_MODULES.values()}
    return substitute(node, names)


# --- Formulas ---------------------------------------------------------------------------------------------------------


def formula_needs(rule: Rule, operands: Sequence[BoundOperand], frame: Frame) -> tuple[set[int], set[int]]:
    """Positions of operands whose primal, and of those whose tangent, must be trivial to write the terms."""
    active = {bound.parameter for bound in operands if bound.is_active}
    mentioned: set[str] = set()
    tangent_uses: Counter[str] = Counter()
    for parameter in active:
        names = [part.id for part in nodes.walk(template(rule.terms[parameter])) if isinstance(part, nodes.Name)]
        mentioned |= set(names)
        tangent_uses[parameter] = names.count(f"{parameter}_dot")
    primal_needed = {index for index, bound in enumerate(operands) if bound.parameter in mentioned}
    uses_out = OUT.id in mentioned
    tangent_needed = {
        index
        for index, bound in enumerate(operands)
        if tangent_uses[bound.parameter] > 1 or (uses_out and bound.is_active)
    }
    if rule.broadcast and len(rule.tensors) > 1:
        primal_needed |= {
            index
            for index, bound in enumerate(operands)
            if not bound.is_active and not is_plain_number(bound.operand.pushed.primal, frame)
        }
    return primal_needed, tangent_needed


def formula_tangent(rule: Rule, parameters: Sequence[str], values: Sequence[Pushed], frame: Frame) -> nodes.Expression:
    """The sum of the terms of the active operands."""
    given: dict[str, nodes.Expression] = {}
    for parameter, value in zip(parameters, values, strict=True):
        given[parameter] = value.primal
        if value.tangent is not None:
            given[f"{parameter}_dot"] = value.tangent
    terms = []
    for parameter, value in zip(parameters, values, strict=True):
        if value.tangent is not None:
            filled = _filled(template(rule.terms[parameter]), rule, given)
            terms.append(spelled(filled, frame))
        elif rule.broadcast and not is_plain_number(value.primal, frame) and parameter in rule.tensors:
            sign = rule.terms[parameter].lstrip().startswith("-")
            zero = frame.zero(value.primal)
            terms.append(nodes.Unary("-", zero) if sign and terms == [] else zero)
    return folded(total(terms))


def _filled(node: nodes.Expression, rule: Rule, given: Mapping[str, nodes.Expression]) -> nodes.Expression:
    """The term with its parameters replaced; absent ones by their default, or left out of calls."""
    if isinstance(node, nodes.Name):
        if node.id in given:
            return given[node.id]
        parameter = rule.by_name.get(node.id)
        if parameter is not None:
            return parse_expression(parameter.default) if parameter.default is not None else nodes.Constant("None")
        return node
    if isinstance(node, nodes.Call):
        kept = tuple(argument for argument in node.arguments if not _is_absent(argument, rule, given))
        node = nodes.Call(node.function, kept)
    result: nodes.Expression = map_children(node, lambda child: _filled(child, rule, given))
    return result


def _is_absent(argument: nodes.Argument, rule: Rule, given: Mapping[str, nodes.Expression]) -> bool:
    match argument:
        case nodes.Argument(keyword=keyword, value=nodes.Name(id=name)) if keyword == name and name not in given:
            parameter = rule.by_name.get(name)
            return parameter is not None and parameter.default in (None, "None")
    return False


def is_plain_number(node: nodes.Expression, frame: Frame) -> bool:
    """A literal, a field that is a number, or arithmetic on shapes: adding its zero changes neither shape nor dtype."""
    return is_number(node) and all(_is_number_field(part, frame) for part in nodes.walk(node))


def _is_number_field(node: nodes.Node, frame: Frame) -> bool:
    """False for a field, of `self` or of a record, that may hold an array."""
    match node:
        case nodes.Attribute(value=nodes.Name(id=name), attribute=attribute) if name == frame.environment.self_name:
            return frame.environment.facts is not None and attribute in frame.environment.facts.number_fields
        case nodes.Attribute():
            return not records.has_ambiguous_field(node, frame.environment)
    return True


# --- Sums -------------------------------------------------------------------------------------------------------------


def total(terms: Sequence[nodes.Expression]) -> nodes.Expression:
    """The terms added up; one that starts with a minus is subtracted."""
    result = terms[0]
    for term in terms[1:]:
        result = _added(result, term)
    return result


def _added(left: nodes.Expression, term: nodes.Expression) -> nodes.Expression:
    """`left + term`: a sum is added part by part, what starts with a minus is subtracted."""
    match term:
        case nodes.Binary(left=first, operator="+" | "-" as operator, right=second):
            return nodes.Binary(_added(left, first), operator, second)
    negated = _without_sign(term)
    return nodes.Binary(left, "+", term) if negated is None else nodes.Binary(left, "-", negated)


def _without_sign(term: nodes.Expression) -> nodes.Expression | None:
    """`a * b` for `-a * b`, None where no sign stands at the left end."""
    match term:
        case nodes.Unary(operator="-", operand=operand):
            return operand
        case nodes.Binary(left=left, operator="*" | "/" | "@" as operator, right=right):
            inner = _without_sign(left)
            return None if inner is None else nodes.Binary(inner, operator, right)
    return None


_INTEGER_FOLDS = {"+": int.__add__, "-": int.__sub__, "*": int.__mul__}


def folded(node: nodes.Expression) -> nodes.Expression:
    """`3 - 1` as `2`, `x ** 1` as `x`, `1 * x` as `x`: what literal exponents leave in a term."""
    node = map_children(node, folded)
    match node:
        case nodes.Binary(left=nodes.Constant(text=left), operator=operator, right=nodes.Constant(text=right)):
            if operator in _INTEGER_FOLDS and left.isdigit() and right.isdigit():
                value = _INTEGER_FOLDS[operator](int(left), int(right))
                return nodes.Constant(str(value)) if value >= 0 else nodes.Unary("-", nodes.Constant(str(-value)))
        case nodes.Binary(left=left_node, operator="**", right=nodes.Constant(text="1")):
            return left_node
        case nodes.Binary(left=nodes.Constant(text="1"), operator="*", right=right_node):
            return right_node
    return node


# --- The same call on the tangents ------------------------------------------------------------------------------------


def replaced_arguments(
    call: nodes.Call, parameters: Sequence[str], values: Sequence[Pushed], rule: Rule, frame: Frame
) -> tuple[nodes.Argument, ...]:
    """The arguments of a linear call with its tensors replaced by their tangents and its affine parameters by 0."""
    result = []
    for argument, parameter, value in zip(call.arguments, parameters, values, strict=True):
        role = rule.by_name[parameter].role
        if role == "affine":
            replaced: nodes.Expression = nodes.Constant("0")
        elif role == "tensor":
            replaced = tangent_or_zero(value, frame)
        else:
            replaced = value.primal
        result.append(nodes.Argument(replaced, argument.keyword, argument.star))
    return tuple(result)


def tangent_or_zero(value: Pushed, frame: Frame) -> nodes.Expression:
    if value.tangent is not None:
        return value.tangent
    return nodes.Constant("0") if is_plain_number(value.primal, frame) else frame.zero(value.primal)


def multilinear_terms(positions: Iterable[int], values: Sequence[Pushed]) -> list[list[nodes.Expression]]:
    """For each active tensor, all operands with that one replaced by its tangent."""
    terms = []
    for position in positions:
        tangent = values[position].tangent
        if tangent is not None:
            terms.append([tangent if index == position else value.primal for index, value in enumerate(values)])
    return terms
