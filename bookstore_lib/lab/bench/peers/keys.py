"""What the processes around a peer have agreed on."""

# In Redis: how many jobs are done, and the channel that says which.
DONE = "bench:done"
CHANNEL = "bench:answers"
# Variables of the environment: whether jobs say that they are done instead of counting, jobs that an event loop has
# under way, and the module of the peer that a front door queues for.
ANSWERS = "BENCH_ANSWERS"
CONCURRENCY = "BENCH_CONCURRENCY"
PEER = "BENCH_PEER"
