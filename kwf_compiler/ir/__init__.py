"""The intermediate representation: basic blocks of native statements."""
