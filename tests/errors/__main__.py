"""`make docs`: write docs/errors.md."""

from tests.errors.page import PAGE, made

PAGE.write_text(made(), encoding="utf-8")
