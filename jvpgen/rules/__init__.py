"""The mathematics: one table of rules, text only, which the compiler inlines and the runtime evaluates."""

from jvpgen.rules.rule import Rule, RuleError, RuleParameter
from jvpgen.rules.table import RULES, bind, canonical, lookup

__all__ = ["RULES", "Rule", "RuleError", "RuleParameter", "bind", "canonical", "lookup"]
