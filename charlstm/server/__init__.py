"""The HTTP server: the page of a model, and completions as OpenAI's client speaks them."""
