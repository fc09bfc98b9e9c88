"""Spark's column types as Ibis names them, so that all engines speak of types in the same words."""

from __future__ import annotations

from typing import Any

_SIMPLE = {
    "ByteType": "int8",
    "ShortType": "int16",
    "IntegerType": "int32",
    "LongType": "int64",
    "FloatType": "float32",
    "DoubleType": "float64",
    "StringType": "string",
    "CharType": "string",
    "VarcharType": "string",
    "BooleanType": "boolean",
    "BinaryType": "binary",
    "DateType": "date",
    "TimeType": "time",
    "TimestampType": "timestamp('UTC', 6)",
    "TimestampNTZType": "timestamp(6)",
    "NullType": "null",
}


def ibis_type(spark_type: Any) -> Any:
    """The Ibis data type of one of ``pyspark.sql.types``; unknown where Ibis has no word for it."""
    import ibis.expr.datatypes as dt

    name = type(spark_type).__name__
    if name in _SIMPLE:
        return dt.dtype(_SIMPLE[name])
    if name == "DecimalType":
        return dt.Decimal(spark_type.precision, spark_type.scale)
    if name == "ArrayType":
        return dt.Array(ibis_type(spark_type.elementType))
    if name == "MapType":
        return dt.Map(ibis_type(spark_type.keyType), ibis_type(spark_type.valueType))
    if name == "StructType":
        return dt.Struct({field.name: ibis_type(field.dataType) for field in spark_type.fields})
    return dt.Unknown(raw_type=spark_type.simpleString())
