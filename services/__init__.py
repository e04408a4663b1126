"""The bookstore itself: five deployables, each a room of its own."""

import os

# gRPC would write lines of its own to standard error, in a format of its own; what matters is raised and logged.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
