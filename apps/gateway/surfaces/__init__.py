"""The forms in which models can be called. Each reads a request into `calls.asking.Asked` and shapes its answer."""
