"""What a kernel of `bookstore lab` runs when it starts (PYTHONSTARTUP): a name that is missing says what to do."""

import sys
from typing import Any


def _say_what_to_do(
    shell: Any, kind: type[NameError], error: NameError, trace: Any, tb_offset: int | None = None
) -> None:
    error.add_note("Run the cells above first, from the top: Run > Run All Above Selected Cell.")
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)


if "IPython" in sys.modules:
    sys.modules["IPython"].get_ipython().set_custom_exc((NameError,), _say_what_to_do)
