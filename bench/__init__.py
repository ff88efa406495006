"""Benchmarks of kwf against the same work without workflows; see README.md."""
