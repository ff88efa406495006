"""The passes, one file each; their order is the table in ``kwf_compiler.pipeline``."""
