"""Tables, plots and HTML pages, made from typed results."""
