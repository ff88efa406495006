"""Facts about blocks: what is live, what is bound."""
