"""Fault campaigns: seeded random schedules of faults and orders on real processes, and the verdict on each."""
