"""From a text and a user's wishes to a complete recipe, checked as far as it can be without TensorFlow."""
