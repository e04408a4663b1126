"""The process between the notebook and the bookstore; it owns all others.

Its start is part of every start of a bookstore, so what is in here imports the standard library and little else.
"""
