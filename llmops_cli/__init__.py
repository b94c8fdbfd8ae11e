"""`llmops`: the portal from a terminal or a pipeline. It knows the HTTP API, and nothing of the portal's own code."""
