"""What a process and whoever started it have agreed on."""

# An environment variable, set by a starter that gave a pipe as standard input: end of file there means that it died.
WATCH_STDIN = "BOOKSTORE_WATCH_STDIN"
# A line on standard output: everything in this process serves.
READY = "ready"
