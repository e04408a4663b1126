"""Faults as data: what happens to a running bookstore, for how long, and whether it really landed.

    landing = inject(shop, Fault("freeze", process="leader", seconds=0.8))
    print(landing.evidence)                       # executor-2 was frozen for 0.8 s.

`inject` begins a fault, waits and ends it. Faults that overlap are begun and ended apart: `injection = begin(...)`,
then `landing = injection.end()`; and `make_whole` ends whatever is left.
"""

from bookstore_lib.lab.faults.fault import FIELDS, FOLLOWER, LEADER, Fault
from bookstore_lib.lab.faults.injection import Injection, Landing, begin, inject, make_whole

__all__ = ["FIELDS", "FOLLOWER", "LEADER", "Fault", "Injection", "Landing", "begin", "inject", "make_whole"]
