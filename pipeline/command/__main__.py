"""`python -m pipeline.command`: as `smart-sync`, where nothing is installed."""

from pipeline.command.main import main

if __name__ == "__main__":
    raise SystemExit(main())
