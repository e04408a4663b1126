"""Suggests books related to what was bought."""
