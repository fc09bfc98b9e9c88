"""The messages of a Feast registry, as far as they are read here, without Feast.

The fields and numbers are those of Feast's ``protos/feast/core/*.proto`` (https://github.com/feast-dev/feast,
0.10 to 0.67; numbers are never used again). What a newer Feast adds is kept by protobuf as unknown and
does no harm. Serialized functions (``body``, made by dill) are bytes here and are never loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from governance_pipeline.errors import CannotEvaluate

Message = Any
"""A protobuf message; its fields are known at run time only."""

_PACKAGE = "governance_pipeline.feast"
_SCALARS = {
    "string": FieldDescriptorProto.TYPE_STRING,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "int32": FieldDescriptorProto.TYPE_INT32,  # of enumerations too: a newer value is a number without a name
    "int64": FieldDescriptorProto.TYPE_INT64,
}
_MESSAGES: Mapping[str, Mapping[str, tuple[int, str]]] = {
    "Registry": {
        "entities": (1, "Entity*"),
        "feature_tables": (2, "bytes*"),
        "registry_schema_version": (3, "string"),
        "feature_views": (6, "FeatureView*"),
        "feature_services": (7, "FeatureService*"),
        "on_demand_feature_views": (8, "OnDemandFeatureView*"),
        "data_sources": (12, "DataSource*"),
        "stream_feature_views": (14, "StreamFeatureView*"),
        "label_views": (19, "LabelView*"),
    },
    "Duration": {"seconds": (1, "int64"), "nanos": (2, "int32")},
    "Entity": {"spec": (1, "EntitySpec")},
    "EntitySpec": {
        "name": (1, "string"),
        "value_type": (2, "int32"),
        "description": (3, "string"),
        "join_key": (4, "string"),
        "tags": (8, "map"),
        "project": (9, "string"),
        "owner": (10, "string"),
    },
    "Feature": {
        "name": (1, "string"),
        "value_type": (2, "int32"),
        "tags": (3, "map"),
        "description": (4, "string"),
    },
    "FeatureView": {"spec": (1, "FeatureViewSpec")},
    "FeatureViewSpec": {
        "name": (1, "string"),
        "project": (2, "string"),
        "entities": (3, "string*"),
        "features": (4, "Feature*"),
        "tags": (5, "map"),
        "ttl": (6, "Duration"),
        "batch_source": (7, "DataSource"),
        "online": (8, "bool"),
        "stream_source": (9, "DataSource"),
        "description": (10, "string"),
        "owner": (11, "string"),
        "entity_columns": (12, "Feature*"),
        "source_views": (14, "FeatureViewSpec*"),
        "feature_transformation": (15, "Transformation"),
        "mode": (16, "string"),
        "disabled": (20, "bool"),
    },
    "StreamFeatureView": {"spec": (1, "StreamFeatureViewSpec")},
    "StreamFeatureViewSpec": {
        "name": (1, "string"),
        "project": (2, "string"),
        "entities": (3, "string*"),
        "features": (4, "Feature*"),
        "entity_columns": (5, "Feature*"),
        "description": (6, "string"),
        "tags": (7, "map"),
        "owner": (8, "string"),
        "ttl": (9, "Duration"),
        "batch_source": (10, "DataSource"),
        "stream_source": (11, "DataSource"),
        "online": (12, "bool"),
        "user_defined_function": (13, "Function"),
        "mode": (14, "string"),
        "aggregations": (15, "Aggregation*"),
        "timestamp_field": (16, "string"),
        "feature_transformation": (17, "Transformation"),
        "disabled": (23, "bool"),
    },
    "OnDemandFeatureView": {"spec": (1, "OnDemandFeatureViewSpec")},
    "OnDemandFeatureViewSpec": {
        "name": (1, "string"),
        "project": (2, "string"),
        "features": (3, "Feature*"),
        "sources": (4, "map:OnDemandSource"),
        "user_defined_function": (5, "Function"),
        "description": (6, "string"),
        "tags": (7, "map"),
        "owner": (8, "string"),
        "feature_transformation": (10, "Transformation"),
        "mode": (11, "string"),
        "write_to_online_store": (12, "bool"),
        "entities": (13, "string*"),
        "entity_columns": (14, "Feature*"),
        "aggregations": (16, "Aggregation*"),
        "disabled": (19, "bool"),
    },
    "OnDemandSource": {
        "feature_view": (1, "FeatureView"),
        "request_data_source": (2, "DataSource"),
        "feature_view_projection": (3, "Projection"),
    },
    "LabelView": {"spec": (1, "LabelViewSpec")},
    "LabelViewSpec": {
        "name": (1, "string"),
        "project": (2, "string"),
        "entities": (3, "string*"),
        "features": (4, "Feature*"),
        "tags": (5, "map"),
        "ttl": (6, "Duration"),
        "source": (7, "DataSource"),
        "online": (8, "bool"),
        "description": (9, "string"),
        "owner": (10, "string"),
        "entity_columns": (11, "Feature*"),
    },
    "Projection": {
        "feature_view_name": (1, "string"),
        "feature_columns": (2, "Feature*"),
        "join_key_map": (4, "map"),
    },
    "FeatureService": {"spec": (1, "FeatureServiceSpec")},
    "FeatureServiceSpec": {
        "name": (1, "string"),
        "project": (2, "string"),
        "features": (3, "Projection*"),
        "tags": (4, "map"),
        "description": (5, "string"),
        "owner": (6, "string"),
    },
    "Function": {"name": (1, "string"), "body": (2, "bytes"), "body_text": (3, "string")},
    "Substrait": {"substrait_plan": (1, "bytes")},
    "Transformation": {
        "user_defined_function": (1, "Function"),
        "substrait_transformation": (2, "Substrait"),
    },
    "Aggregation": {
        "column": (1, "string"),
        "function": (2, "string"),
        "time_window": (3, "Duration"),
        "slide_interval": (4, "Duration"),
        "name": (5, "string"),
    },
    "DataSource": {
        "type": (1, "int32"),
        "field_mapping": (2, "map"),
        "timestamp_field": (3, "string"),
        "date_partition_column": (4, "string"),
        "created_timestamp_column": (5, "string"),
        "file_options": (11, "FileOptions"),
        "bigquery_options": (12, "TableOptions"),
        "kafka_options": (13, "KafkaOptions"),
        "kinesis_options": (14, "KinesisOptions"),
        "redshift_options": (15, "TableOptions"),
        "custom_options": (16, "CustomOptions"),
        "data_source_class_type": (17, "string"),
        "request_data_options": (18, "RequestOptions"),
        "snowflake_options": (19, "TableOptions"),
        "name": (20, "string"),
        "project": (21, "string"),
        "push_options": (22, "PushOptions"),
        "description": (23, "string"),
        "tags": (24, "map"),
        "owner": (25, "string"),
        "batch_source": (26, "DataSource"),
        "spark_options": (27, "SparkOptions"),
        "trino_options": (30, "TableOptions"),
        "athena_options": (35, "AthenaOptions"),
    },
    "FileOptions": {"uri": (2, "string")},
    "TableOptions": {  # BigQuery and Trino have the first two only
        "table": (1, "string"),
        "query": (2, "string"),
        "schema": (3, "string"),
        "database": (4, "string"),
    },
    "AthenaOptions": {
        "table": (1, "string"),
        "query": (2, "string"),
        "database": (3, "string"),
        "data_source": (4, "string"),
    },
    "SparkOptions": {"table": (1, "string"), "query": (2, "string"), "path": (3, "string")},
    "KafkaOptions": {"kafka_bootstrap_servers": (1, "string"), "topic": (2, "string")},
    "KinesisOptions": {"region": (1, "string"), "stream_name": (2, "string")},
    "CustomOptions": {"configuration": (1, "bytes")},
    "RequestOptions": {"deprecated_schema": (2, "map:int32"), "schema": (3, "Feature*")},
    "PushOptions": {},
}
_SCALAR_TYPES = ("BYTES", "STRING", "INT32", "INT64", "DOUBLE", "FLOAT", "BOOL", "UNIX_TIMESTAMP")
VALUE_TYPES: Mapping[int, str] = {
    **{1 + place: name for place, name in enumerate(_SCALAR_TYPES)},
    **{11 + place: f"{name}_LIST" for place, name in enumerate(_SCALAR_TYPES)},
    **{22 + place: f"{name}_SET" for place, name in enumerate(_SCALAR_TYPES)},
    19: "NULL",
    20: "MAP",
    21: "MAP_LIST",
    32: "JSON",
    33: "JSON_LIST",
    34: "STRUCT",
    35: "STRUCT_LIST",
    36: "UUID",
    37: "TIME_UUID",
    38: "UUID_LIST",
    39: "TIME_UUID_LIST",
    40: "UUID_SET",
    41: "TIME_UUID_SET",
    42: "VALUE_LIST",
    43: "VALUE_SET",
    44: "DECIMAL",
    45: "DECIMAL_LIST",
    46: "DECIMAL_SET",
    47: "SCALAR_MAP",
    48: "ZONED_TIMESTAMP",
}
"""Feast's ``feast.types.ValueType.Enum``; a number that is not here is of a newer Feast."""


def value_type(number: int) -> str:
    """The type's name as Feast writes it, its number where this version does not know it."""
    return VALUE_TYPES.get(number, f"type {number}")


def new(message: str) -> Message:
    """An empty message, e.g. a ``Registry``."""
    return GetMessageClass(_pool().FindMessageTypeByName(f"{_PACKAGE}.{message}"))()


def decode(message: str, content: bytes, shown: str) -> Message:
    """Read one message.

    Raises:
        CannotEvaluate: the bytes are cut off, or no such message; ``shown`` says where they are from.
    """
    found = new(message)
    try:
        found.MergeFromString(content)
    except (DecodeError, RecursionError) as error:
        raise CannotEvaluate(
            f"{shown} cannot be read as Feast's {message}: it is cut off or broken",
            hint="run `feast apply` again, or correct the place in governance.yaml",
        ) from error
    return found


@cache
def _pool() -> DescriptorPool:
    """Of its own, so that a Feast in the same process keeps its messages."""
    file = FileDescriptorProto(name=f"{_PACKAGE}.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            _field(message, field, number, kind)
    pool = DescriptorPool()
    pool.Add(file)
    return pool


def _field(message: DescriptorProto, name: str, number: int, kind: str) -> None:
    repeated = FieldDescriptorProto.LABEL_REPEATED
    found = message.field.add(name=name, number=number, label=FieldDescriptorProto.LABEL_OPTIONAL)
    if kind.partition(":")[0] == "map":
        entry = message.nested_type.add(name="".join(map(str.capitalize, name.split("_"))) + "Entry")
        entry.options.map_entry = True
        _field(entry, "key", 1, "string")
        _field(entry, "value", 2, kind.partition(":")[2] or "string")
        found.label, found.type = repeated, FieldDescriptorProto.TYPE_MESSAGE
        found.type_name = f".{_PACKAGE}.{message.name}.{entry.name}"
        return
    if kind.endswith("*"):
        kind, found.label = kind.removesuffix("*"), repeated
    if kind in _SCALARS:
        found.type = _SCALARS[kind]
    else:
        found.type, found.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
