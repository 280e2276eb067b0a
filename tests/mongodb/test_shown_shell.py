"""What the documents show for mongosh is run by it."""

import pymongo.errors
import pytest

from demo.mongodb_servers import mongodb_server
from tests.blocks import of
from tests.mongodb.mongosh import mongosh, run_on_terminal

WORD = "s3cret of a reader"


@pytest.mark.parametrize("block", of("javascript"), ids=str)
def test_the_role_that_is_shown_reads_its_database_and_no_more(block, tmp_path):
    """The password is typed where the shell asks for it, and stands in no file."""
    script = tmp_path / "shown.js"
    script.write_text(block.text)
    with mongodb_server(options=("--auth",)) as server:
        with server.client() as client:  # the localhost exception
            client.admin.command("createUser", "root", pwd="root", roles=["root"])
        with server.client(username="root", password="root") as root:
            root["shop"]["orders"].insert_one({"_id": 1})
            root["other"]["things"].insert_one({"_id": 1})
        port = server.members[0].port
        uri = f"mongodb://root:root@127.0.0.1:{port}/"
        command = mongosh([uri, "--quiet", "--norc", "--file", str(script)])
        assert WORD not in run_on_terminal(command, tmp_path, "Enter password", WORD)
        with server.client(username="reader", password=WORD) as reader:
            assert reader["shop"]["orders"].find_one() == {"_id": 1}
            for forbidden in (
                lambda: reader["other"]["things"].find_one(),
                lambda: reader["shop"]["orders"].insert_one({}),
            ):
                with pytest.raises(pymongo.errors.OperationFailure, match="not authorized"):
                    forbidden()
