"""A log that proves itself: a Merkle tree over entries (RFC 6962), signed checkpoints, and where copies are kept.

Nothing here knows Django or the database: `services/sealing.py` does.
"""
