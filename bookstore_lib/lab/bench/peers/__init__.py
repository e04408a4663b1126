"""The same orders as jobs of the queues that people would use instead: one module for each, and what they share.

A job checks one order out on the services of a running bookstore: it initialises three, has the checks made that
`core.checkout_graph` names, and clears three. It keeps no record, books no payment and takes no stock, which our own
executors do besides; and it neither cancels nor tries again. Both are to the peers' advantage.
"""
