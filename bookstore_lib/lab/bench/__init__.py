"""Measures this system beside what people would use instead."""
