"""Where a MongoDB server is and who we are, as a value."""

from dataclasses import dataclass, field

from sources.mongodb.connection_string import hosts_of
from sources.secrets import Secret

APPLICATION_NAME = "bigquery-smart-sync"


@dataclass(frozen=True, slots=True)
class MongodbConnection:
    """Where the server is and who we are: a connection string, or its parts.

    Attributes:
        database, collection: what is read; a collection without a name stands for all.
        string: the whole connection string, or a Secret of nothing.
        host, port, username, password: the parts; `username` may be empty.
        projection: as Extended JSON; empty: everything.
        sample_size: documents that are looked at for the schema.
        marks: the field that marks deleted documents, which may lie within others; empty: none.
    """

    database: str
    collection: str
    string: Secret = field(default_factory=Secret)
    host: str = ""
    port: int = 27017
    username: str = ""
    password: Secret = field(default_factory=Secret)
    projection: str = ""
    sample_size: int = 10_000
    marks: str = ""

    @property
    def has_string(self) -> bool:
        """Whether a connection string is given, plain or by its secret's name."""
        return bool(self.string.name or self.string.plain)

    @property
    def has_password(self) -> bool:
        """Whether a password is given beside the user, plain or by its secret's name."""
        return bool(self.password.name or self.password.plain)

    @property
    def place(self) -> str:
        """`mongodb://hosts/database.collection`, without user, password and options.

        >>> MongodbConnection("shop", "orders", host="db").place
        'mongodb://db:27017/shop.orders'
        >>> MongodbConnection("shop", "", host="db").place
        'mongodb://db:27017/shop'
        """
        hosts = f"mongodb://{self.host}:{self.port}"
        if self.has_string:
            hosts = hosts_of(self.string.plain) or f"mongodb://({self.string.name})"
        return f"{hosts}/{self.database}" + (f".{self.collection}" if self.collection else "")
