#!/usr/bin/env python3
"""Runs a script of `tollcast prices export --format sql` in an engine, or only reads it.

    engines.py duckdb SCRIPT LOG.csv OUT [PRICES.parquet]
                                             runs it; each SELECT goes to OUT/1.csv, OUT/2.csv, ...; the price
                                             table is the file where the script makes none
    engines.py spark SCRIPT LOG.csv OUT [PRICES.parquet]
                                             the same, local mode; needs Java 17
    engines.py table PRICES.parquet OUT.csv  writes the table as the CSV export does; its types are the last line
    engines.py parse SCRIPT DIALECT          reads it with sqlglot as duckdb, spark, bigquery or snowflake

The log's table is usage_log. The last line of the output names the engine and its version.
"""

import csv
import pathlib
import sys

COLUMNS = [
    ("ts", "TIMESTAMP"),
    ("route_provider", "VARCHAR"),
    ("model", "VARCHAR"),
    ("tier", "VARCHAR"),
    ("region", "VARCHAR"),
    ("input_tokens", "BIGINT"),
    ("cached_tokens", "BIGINT"),
    ("cache_write_tokens", "BIGINT"),
    ("cache_write_1h_tokens", "BIGINT"),
    ("output_tokens", "BIGINT"),
    ("reasoning_tokens", "BIGINT"),
    ("requests", "BIGINT"),
]


def statements(path):
    """The statements of a script; no text in it holds a semicolon at the end of a line."""
    for text in pathlib.Path(path).read_text().split(";\n"):
        lines = [line for line in text.splitlines() if line and not line.startswith("--")]
        if lines:
            yield "\n".join(lines)


def is_query(statement):
    return statement.startswith(("SELECT", "WITH"))


def write(out, number, head, rows):
    with open(pathlib.Path(out) / f"{number}.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        for row in rows:
            # Whole numbers stay whole whatever type an engine returns them in.
            writer.writerow(["" if cell is None else cell for cell in row])


def duckdb(script, log, out, prices=None):
    import duckdb as engine

    connection = engine.connect()
    connection.execute("SET TimeZone = 'Asia/Tokyo'")
    columns = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS) + "}"
    connection.execute(
        f"CREATE TABLE usage_log AS SELECT * FROM read_csv(?, header = true, columns = {columns})", [log]
    )
    if prices:
        connection.execute(f"CREATE VIEW tollcast_prices AS SELECT * FROM read_parquet('{prices}')")
    number = 0
    for statement in statements(script):
        result = connection.execute(statement)
        if is_query(statement):
            number += 1
            write(out, number, [column[0] for column in result.description], result.fetchall())
    print(f"engine: DuckDB {engine.__version__}")


def table(prices, out):
    import duckdb as engine

    connection = engine.connect()
    connection.execute("SET TimeZone = 'Asia/Tokyo'")
    found = connection.execute(f"DESCRIBE SELECT * FROM read_parquet('{prices}')").fetchall()

    def text(name, kind):
        if kind.startswith("TIMESTAMP"):
            return f"strftime(make_timestamp(epoch_us({name})), '%Y-%m-%dT%H:%M:%SZ')"
        return f"CAST({name} AS VARCHAR)"

    columns = ", ".join(text(column[0], column[1]) for column in found)
    rows = connection.execute(f"SELECT {columns} FROM read_parquet('{prices}')").fetchall()
    path = pathlib.Path(out)
    write(path.parent, path.stem, [column[0] for column in found], rows)
    print(" ".join(column[1] for column in found))


def spark(script, log, out, prices=None):
    import tempfile

    import pyspark
    from pyspark.sql import SparkSession

    with tempfile.TemporaryDirectory() as folder:
        session = (
            SparkSession.builder.master("local[2]")
            .config("spark.sql.warehouse.dir", folder)
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "4")
            .config("spark.sql.session.timeZone", "UTC")
            .getOrCreate()
        )
        schema = ", ".join(f"{name} {kind.replace('VARCHAR', 'STRING')}" for name, kind in COLUMNS)
        rows = session.read.csv(log, header=True, schema=schema, timestampFormat="yyyy-MM-dd HH:mm:ss[.SSSSSS]")
        rows.write.saveAsTable("usage_log")
        # A session elsewhere in the world: the script has to set its own time zone.
        session.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
        if prices:
            session.sql(f"CREATE TABLE tollcast_prices USING parquet LOCATION '{prices}'")
        number = 0
        for statement in statements(script):
            result = session.sql(statement)
            if is_query(statement):
                number += 1
                write(out, number, result.columns, (tuple(row) for row in result.collect()))
        session.stop()
    print(f"engine: Spark {pyspark.__version__}")


def parse(script, dialect):
    import sqlglot

    text = pathlib.Path(script).read_text()
    parsed = [tree for tree in sqlglot.parse(text, dialect=dialect) if tree is not None]
    # What it cannot read it keeps as a command; SET is one in every dialect.
    unread = [t for t in parsed if isinstance(t, sqlglot.exp.Command) and t.this.upper() != "SET"]
    if unread:
        sys.exit(f"not understood as {dialect}: {unread[0].sql()[:200]}")
    print(f"engine: sqlglot {sqlglot.__version__} read {len(parsed)} statements as {dialect}")


if __name__ == "__main__":
    {"duckdb": duckdb, "spark": spark, "table": table, "parse": parse}[sys.argv[1]](*sys.argv[2:])
