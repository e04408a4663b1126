"""Scores how likely an order is a fraud."""
