"""Flex Template entry point."""

import gc
import os

os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # its own keeps what threads let go of
gc.disable()  # an import leaves no garbage, and looking for it takes a third of its time

from pipeline.cli import main  # noqa: E402

gc.freeze()
gc.enable()

if __name__ == "__main__":
    raise SystemExit(main())
