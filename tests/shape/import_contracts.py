"""import-linter's four contracts for a house in which not every room is built yet.

import-linter refuses a contract that names a module which does not exist. The house in .importlinter is drawn whole, so
that a new package finds its contract waiting; what is not there yet is left out of the check. That a name is no slip of
the pen is checked by tests/shape/test_contracts.py.
"""

from collections.abc import Iterable

from grimp import ImportGraph
from importlinter import ContractCheck
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.independence import IndependenceContract
from importlinter.contracts.layers import LayersContract
from importlinter.contracts.protected import ProtectedContract
from importlinter.domain.imports import ModuleExpression

NOTHING_TO_CHECK = ContractCheck(kept=True)


def standing(graph: ImportGraph, expressions: Iterable[ModuleExpression]) -> set[ModuleExpression]:
    """The expressions that are wildcards or name a module of the graph."""
    return {e for e in expressions if e.has_wildcard_expression() or e.expression in graph.modules}


class Layers(LayersContract):
    """`layers` inside those of its containers that stand."""

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        self.containers = standing(graph, self.containers)
        return super().check(graph, verbose) if self.containers else NOTHING_TO_CHECK


class Forbidden(ForbiddenContract):
    """`forbidden` between those of its modules that stand; forbidden modules outside the project stay as they are."""

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        roots = tuple(f"{root}." for root in self.session_options["root_packages"])
        outside = {e for e in self.forbidden_modules if not f"{e.expression}.".startswith(roots)}
        self.source_modules = standing(graph, self.source_modules)
        self.forbidden_modules = standing(graph, self.forbidden_modules) | outside
        return super().check(graph, verbose) if self.source_modules and self.forbidden_modules else NOTHING_TO_CHECK


class Independence(IndependenceContract):
    """`independence` of those of its modules that stand."""

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        self.modules = standing(graph, self.modules)
        return super().check(graph, verbose) if self.modules else NOTHING_TO_CHECK


class Protected(ProtectedContract):
    """`protected`, where neither the protected nor the allowed modules need stand."""

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        self.protected_modules = standing(graph, self.protected_modules)
        self.allowed_importers = standing(graph, self.allowed_importers)
        return super().check(graph, verbose) if self.protected_modules else NOTHING_TO_CHECK
