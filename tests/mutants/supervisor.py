"""A supervisor of a bookstore in which some processes make a mistake.

`python -m tests.mutants.supervisor tests.mutants.queue:bare_pop executor-1 executor-2`
"""

import sys

from bookstore_lib.lab.supervisor.__main__ import main
from bookstore_lib.lab.supervisor.plan import Plan

if __name__ == "__main__":
    _, mistake, *mistaken = sys.argv

    def command(plan: Plan) -> list[str]:
        through = ["tests.mutants.service", mistake] if plan.name in mistaken else []
        return [sys.executable, "-m", *through, plan.module]

    Plan.command = property(command)  # type: ignore[assignment, method-assign]  # that is what this is for
    main()
