"""The main job, once: two people take a model from dataset to a governed, traceable answer over the public HTTP API."""
