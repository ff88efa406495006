"""The durable library, compiled by tools/build_lib.py: not for editing."""
