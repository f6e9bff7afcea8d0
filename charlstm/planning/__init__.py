"""Planning: a complete training recipe from a text and the user's settings, checked without TensorFlow."""
