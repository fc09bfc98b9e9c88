"""The URL of a Spark connection, taken apart.

- ``spark://local``: Spark inside this process, with the threads and the memory of ``limits``;
- ``spark://host:7077``: a standalone cluster, this process being the driver;
- ``sc://host:15002/;token=...``: a Spark Connect server, in the form that Spark itself defines.

``?spark.name=value&...`` sets Spark's own options, percent-encoded, e.g. of a catalog. ``?catalog=name``
makes a catalog the current one.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from governance_pipeline.errors import UsageError

_SCHEMES = ("spark", "sc")
_SECRET_WORDS = ("pass", "token", "secret", "key", "credential")


@dataclass(frozen=True, slots=True)
class SparkAddress:
    """Which Spark to use, and how.

    Attributes:
        master: ``local``, the URL of a cluster's master, or the URL of a Connect server.
        options: Spark's own, by name.
        catalog: the current one; "" leaves Spark's default.
    """

    master: str
    options: tuple[tuple[str, str], ...] = ()
    catalog: str = ""

    @property
    def remote(self) -> bool:
        """Whether a Connect server runs the statements; else this process is the driver."""
        return self.master.startswith("sc://")

    @property
    def local(self) -> bool:
        return self.master == "local"


def is_spark(url: str) -> bool:
    """Whether a connection's URL means Spark."""
    return urlsplit(url).scheme in _SCHEMES


def spark_address(url: str) -> SparkAddress:
    """Read a URL for which :func:`is_spark` holds.

    Raises:
        UsageError: it names no host, or an option that is not Spark's. Values are not repeated.
    """
    parts = urlsplit(url)
    if not parts.netloc:
        raise UsageError("its URL names no host", hint="write spark://local, spark://host:7077 or sc://host")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    catalog = options.pop("catalog", "")
    for name in options:
        if not name.startswith("spark."):
            raise UsageError(
                f"its URL sets '{name}', which is no option of Spark",
                hint="options begin with 'spark.'; the catalog is set by ?catalog=NAME",
            )
    plain = parts._replace(query="", fragment="").geturl()
    master = "local" if (parts.scheme, parts.netloc) == ("spark", "local") else plain
    return SparkAddress(master, tuple(sorted(options.items())), catalog)


def sounds_secret(name: str) -> bool:
    """Whether the value of a parameter or option of this name must not be shown."""
    return any(word in name.lower() for word in _SECRET_WORDS)


def parameters_of(url: str) -> list[tuple[str, str]]:
    """The ``;name=value`` parameters of a Spark Connect URL; a token is one of them."""
    written = urlsplit(url).path.split(";")[1:]
    return [(name, value) for name, _, value in (one.partition("=") for one in written)]
