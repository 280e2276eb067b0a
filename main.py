"""Flex Template entry point."""

import gc

gc.disable()  # an import leaves no garbage, and looking for it takes a third of its time

from pipeline.cli import main  # noqa: E402

gc.freeze()
gc.enable()

if __name__ == "__main__":
    raise SystemExit(main())
