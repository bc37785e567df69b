"""import-linter's four contracts for a house in which not every room is built yet.

import-linter refuses a contract that names a module which does not exist. The house in .importlinter is drawn whole, so
that a new package finds its contract waiting; what is not there yet is left out of the check. That a name is no slip of
the pen is checked by tests/shape/test_contracts.py.
"""

from grimp import ImportGraph
from importlinter import Contract, ContractCheck
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.independence import IndependenceContract
from importlinter.contracts.layers import LayersContract
from importlinter.contracts.protected import ProtectedContract
from importlinter.domain.imports import ModuleExpression

NOTHING_TO_CHECK = ContractCheck(kept=True)


def keep_what_stands(contract: Contract, graph: ImportGraph, option: str) -> bool:
    """Reduce an option to its wildcards and the modules of the graph; whether anything is left."""
    expressions: set[ModuleExpression] = set(getattr(contract, option))
    standing = {e for e in expressions if e.has_wildcard_expression() or e.expression in graph.modules}
    setattr(contract, option, standing)
    return bool(standing)


class Layers(LayersContract):
    """`layers` inside those of its containers that stand."""

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        stands = keep_what_stands(self, graph, "containers")
        return super().check(graph, verbose) if stands else NOTHING_TO_CHECK


class Forbidden(ForbiddenContract):
    """`forbidden` between those of its modules that stand (a library that nobody imports does not)."""

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        stands = [keep_what_stands(self, graph, option) for option in ("source_modules", "forbidden_modules")]
        return super().check(graph, verbose) if all(stands) else NOTHING_TO_CHECK


class Independence(IndependenceContract):
    """`independence` of those of its modules that stand."""

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        return super().check(graph, verbose) if keep_what_stands(self, graph, "modules") else NOTHING_TO_CHECK


class Protected(ProtectedContract):
    """`protected`, where neither the protected nor the allowed modules need stand."""

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        keep_what_stands(self, graph, "allowed_importers")
        stands = keep_what_stands(self, graph, "protected_modules")
        return super().check(graph, verbose) if stands else NOTHING_TO_CHECK
