"""What makes the paper run: stores, queue, lease, gRPC, processes, settings and logs."""
