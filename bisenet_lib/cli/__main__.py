"""``python -m bisenet_lib.cli``."""

from bisenet_lib.cli.main import main

if __name__ == "__main__":
    main()
