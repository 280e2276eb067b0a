"""Secrets that can't be read: who isn't logged in is told how to log in."""

import pytest

from auto_schema.errors import SourceRefusedError
from sources.secrets import Secret

NAME = "projects/my-project/secrets/pg-password/versions/latest"


def test_who_has_no_credentials_is_told_how_to_get_some(monkeypatch, tmp_path):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "missing.json"))
    with pytest.raises(SourceRefusedError, match="gcloud auth application-default login"):
        Secret.of(NAME).resolve()
