"""Checks the billing address and the credit card of an order."""
