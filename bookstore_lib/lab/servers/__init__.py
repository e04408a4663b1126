"""The real servers of a lab run: a Redis-protocol server and PostgreSQL, as folders, commands and probes.

Nothing here keeps a process: a supervisor calls `prepare`, starts `command`, and asks `ready`. Its start-up time
is part of every lab run, so these modules import the standard library (and platformdirs) only.
"""
