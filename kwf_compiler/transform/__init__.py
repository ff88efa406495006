"""Changes of the blocks that keep their meaning."""
