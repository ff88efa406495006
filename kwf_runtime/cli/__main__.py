"""`python -m kwf_runtime.cli`: the `kwf` command without its script."""

from kwf_runtime.cli.main import main

if __name__ == "__main__":
    main()
