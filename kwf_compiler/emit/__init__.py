"""From blocks to Python: the machine of a function, the module around it, the positions."""
