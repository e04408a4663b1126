"""A replica of the worker that settles orders: stands for election; the leader drains the queue."""
