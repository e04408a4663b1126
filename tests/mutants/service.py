"""A service with a mistake in it.

`python -m tests.mutants.service tests.mutants.queue:bare_pop services.order_executor`
"""

import runpy
import sys
from pkgutil import resolve_name

if __name__ == "__main__":
    _, mistake, module = sys.argv
    resolve_name(mistake)()
    runpy.run_module(module, run_name="__main__", alter_sys=True)
