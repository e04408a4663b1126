"""What a process and whoever started it have agreed on."""

# An environment variable, set by a starter that gave a pipe as standard input: end of file there means that it died.
WATCH_STDIN = "BOOKSTORE_WATCH_STDIN"
# The first word of a line on standard output: everything in this process serves. The second is the process's name in
# clocks and traces: a life that was killed before it had one does not count.
READY = "ready"
