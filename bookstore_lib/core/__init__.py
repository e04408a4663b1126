"""What is true on paper: clocks, graphs, leases and invariants, with no I/O, no threads and no time of their own."""
