"""Pictures of the documents, made of what the program prints and writes.

`make pictures` writes them anew; a test fails when one isn't what would be made today.
"""

import hashlib
import io
import re
import struct
import zlib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from pipeline.launch.folded import folded
from pipeline.report.page import page
from pipeline.report.told import Period, told_of
from tests.report_days import NOW, days_of

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "pictures"
COLUMNS = 100
THEME = TerminalTheme(
    (246, 248, 250),
    (31, 35, 40),
    [
        *((36, 41, 47), (207, 34, 46), (17, 99, 41), (125, 78, 0)),
        *((9, 105, 218), (130, 80, 223), (27, 124, 131), (87, 96, 106)),
    ],
)
"""Dark letters on light ground, readable on pages of either color."""
LOADED = re.compile(r"@font-face \{.*?\}\s*", re.S)
"""What Rich's drawings load from elsewhere."""
SOURCE = b"source-sha256\0"


def terminal_svg(printed: str, title: str, masks: Mapping[str, str]) -> str:
    """What a command prints on a terminal, as SVG; the same text gives the same picture.

    Args:
        printed: with its escape codes, by a terminal that folds nothing.
        title: above it.
        masks: pattern → what stands for it, of what differs from run to run.
    """
    for pattern, word in masks.items():
        printed = re.sub(pattern, word, printed)
    printed = folded(printed, COLUMNS)
    console = Console(
        record=True,
        width=COLUMNS,
        file=io.StringIO(),
        color_system="truecolor",
        legacy_windows=False,
    )
    console.print(Text.from_ansi(printed))
    return LOADED.sub("", console.export_svg(title=title, theme=THEME, unique_id="picture"))


def report_page() -> str:
    """The page that the report's picture shows: seven destinations, ninety days."""
    since = NOW - timedelta(days=89)
    return page(told_of(days_of(7), NOW), Period.of(since, NOW), "shop-prod.shop.sync_runs")


def with_source(png: bytes, text: str) -> bytes:
    """A PNG that says of which text it was made."""
    chunk = b"tEXt" + SOURCE + hashlib.sha256(text.encode()).hexdigest().encode()
    framed = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    head = 8 + 25  # signature and IHDR
    return png[:head] + framed + png[head:]


def is_made_of(png: bytes, text: str) -> bool:
    """Whether a PNG says that it was made of this text."""
    return SOURCE + hashlib.sha256(text.encode()).hexdigest().encode() in png
