"""Which half of a decoder a module's tests run on."""

from collections.abc import Iterator

import pytest

from sources.mongodb.wire import decoder


@pytest.fixture(scope="module", params=["compiled", "python"])
def each_bson_decoder(request: pytest.FixtureRequest) -> Iterator[None]:
    """MongoDB's compiled decoder, then its twin alone."""
    assert decoder.compiled is not None
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "python":
            patch.setattr(decoder, "compiled", None)
        yield
