"""The bookstore itself: five deployables, each a room of its own."""
