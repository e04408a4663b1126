"""Known mistakes, put into a bookstore one at a time: each has to be caught by the guarantee that it breaks.

`python -m tests.mutants` runs them all on real processes. The mistakes are nowhere but here, and no setting leads to
them: the supervisor of such a bookstore is `tests.mutants.supervisor`, and it starts the processes that are to make the
mistake through `tests.mutants.service`, which changes classes of theirs before they run.
"""
