"""The one Spark driver that this process may have: started when first needed, stopped by the last user.

A process holds one driver and its Java virtual machine, whatever the number of engines. Where a driver
runs already (a notebook, ``spark-submit``), it is used and left running.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from governance_pipeline.charter.settings import Limits
from governance_pipeline.errors import SourceUnavailable, UsageError
from governance_pipeline.profiles.spark_address import SparkAddress, sounds_secret

_JAVA_OPTIONS = "spark.driver.extraJavaOptions"
_LEAST_MEGABYTES = 512  # Spark refuses a driver with less than 450 MiB
_MEGABYTES = {"MB": 1, "GB": 1000}
# Spark's log would quote rows. Without an appender Spark takes the file for none, and logs as it likes.
_QUIET = """\
appender.none.type = Null
appender.none.name = none
rootLogger.level = off
rootLogger.appenderRef.none.ref = none
"""
INSTALL = "pip install 'governance-pipeline[spark]'"


@dataclass(slots=True)
class _Application:
    """A running driver.

    Attributes:
        folder: what it writes to disk; None where somebody else started it.
        users: sessions' owners that have not let go of it yet.
    """

    address: SparkAddress
    spark: Any
    folder: Path | None
    users: int = 0


_LOCK = Lock()
_running: list[_Application] = []  # none or one


def hold(address: SparkAddress, limits: Limits) -> Any:
    """The driver's ``SparkSession``, for whoever calls :func:`release` afterwards.

    Raises:
        SourceUnavailable: PySpark or Java is missing, or Spark does not start.
        UsageError: the process already drives another Spark.
    """
    with _LOCK:
        if not _running:
            _running.append(_found(address) or _started(address, limits))
        application = _running[0]
        if application.folder is not None and application.address != address:
            raise UsageError(
                "this process already drives another Spark, and one is all that it can drive",
                hint="reach one of the two by Spark Connect: sc://host:15002",
            )
        application.users += 1
        return application.spark


def release() -> None:
    """Let go of what :func:`hold` gave; the last one stops what was started here."""
    with _LOCK:
        application = _running[0]
        application.users -= 1
        if not application.users:
            _running.clear()
            if application.folder is not None:
                _stop(application.spark.sparkContext, application.folder)


def _found(address: SparkAddress) -> _Application | None:
    """The driver that somebody else started in this process."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    # its active session is known per thread only, and engines scan in threads of their own
    if SparkContext._active_spark_context is None:  # noqa: SLF001 - it has no public name
        return None
    return _Application(address, SparkSession.builder.getOrCreate(), None)


def _started(address: SparkAddress, limits: Limits) -> _Application:
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    if java() is None:
        raise SourceUnavailable(
            "Spark needs Java 17 or newer, and there is none here",
            hint="install it (on Debian: apt-get install openjdk-17-jre-headless), or set JAVA_HOME",
        )
    folder = Path(tempfile.mkdtemp(prefix="governance-spark-"))
    options = _options(address, limits, folder)
    secret = {name: value for name, value in options.items() if sounds_secret(name)}
    shown = {name: value for name, value in options.items() if name not in secret}
    try:
        with (folder / "start.log").open("wb") as log:
            gateway = launch_gateway(
                SparkConf(loadDefaults=False).setAll(list(shown.items())),  # seen in the list of processes
                popen_kwargs={"stderr": log, "stdout": log},
            )
        conf = SparkConf(loadDefaults=False).setAll(list(secret.items()))  # joins what the machine was given
        try:
            context = SparkContext(conf=conf, gateway=gateway)
            _removed_at_the_end(gateway.jvm, folder)
        except BaseException:
            _end_machine(gateway)
            raise
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return _Application(address, SparkSession(context), folder)


def _options(address: SparkAddress, limits: Limits, folder: Path) -> dict[str, str]:
    """Spark's options: ours, and over them those of the URL."""
    quiet = folder / "log4j2.properties"
    quiet.write_text(_QUIET)
    memory = max(_LEAST_MEGABYTES, int(float(limits.memory[:-2]) * _MEGABYTES[limits.memory[-2:]]))
    java_options = (
        f"-Djava.io.tmpdir={folder} -Dderby.system.home={folder} -Dlog4j2.configurationFile={quiet}"
    )
    options = {
        "spark.app.name": "governance",
        "spark.master": address.master,
        "spark.driver.memory": f"{memory}m",
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    if address.local:
        options |= {
            "spark.master": f"local[{limits.threads}]",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.sql.shuffle.partitions": str(limits.threads),
        }
    given = dict(address.options)
    java_options = " ".join(filter(None, (java_options, given.pop(_JAVA_OPTIONS, ""))))
    return options | given | {_JAVA_OPTIONS: java_options}


def _removed_at_the_end(jvm: Any, folder: Path) -> None:
    """Have the virtual machine remove the folder when it ends: it outlives a process that is killed."""
    jvm.org.apache.spark.util.ShutdownHookManager.registerShutdownDeleteDir(jvm.java.io.File(str(folder)))


def _stop(context: Any, folder: Path) -> None:
    """Stop the driver and its virtual machine, which PySpark would keep until this process ends."""
    gateway = context._gateway  # noqa: SLF001 - PySpark has no other way to end the machine
    context.stop()
    _end_machine(gateway)
    shutil.rmtree(folder, ignore_errors=True)


def _end_machine(gateway: Any) -> None:
    from pyspark import SparkContext

    gateway.shutdown()
    gateway.proc.stdin.close()  # the machine ends when this pipe does
    gateway.proc.wait()
    SparkContext._gateway = SparkContext._jvm = None  # noqa: SLF001 - else the next start would use the dead one


def java() -> str | None:
    """The Java that Spark would start: ``JAVA_HOME``'s, else the one on the path."""
    home = os.environ.get("JAVA_HOME", "")
    return shutil.which("java", path=str(Path(home, "bin"))) if home else shutil.which("java")
