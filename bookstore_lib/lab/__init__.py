"""What one does with a running bookstore: start it, order, break it, look at it."""
