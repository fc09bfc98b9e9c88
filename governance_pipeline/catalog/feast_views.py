"""Feature views, stream, on-demand and label views of a Feast registry in one shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from governance_pipeline.catalog.feast_messages import Message, value_type

_NO_ENTITY = "__dummy"  # of views that belong to no entity
_DAY, _HOUR, _MINUTE = 86400, 3600, 60


@dataclass(frozen=True, slots=True)
class Field:
    """A feature or a join key."""

    name: str
    kind: str
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Input:
    """Features of another view that this one is computed from."""

    view: str
    features: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """How features are computed.

    Attributes:
        text: the function as it is written, else the digest of what is serialized; never run.
    """

    name: str = ""
    mode: str = ""
    text: str | bytes = ""
    aggregations: tuple[str, ...] = ()

    @property
    def is_there(self) -> bool:
        return bool(self.text or self.aggregations)

    @property
    def shown(self) -> str:
        """In a few words, as an edge's transformation."""
        words = [f"{self.mode or 'python'} function {self.name}".strip()] if self.text else []
        return "; ".join([*words, *self.aggregations])


@dataclass(frozen=True, slots=True)
class View:
    """Attributes:
    role: ``feature view``, ``stream feature view``, ``on-demand feature view`` or ``label view``.
    keys: the join keys, by which its features are looked up.
    sources: data sources that it reads itself, requests among them.
    """

    role: str
    project: str
    name: str
    description: str
    owner: str
    tags: Mapping[str, str]
    entities: tuple[str, ...]
    features: tuple[Field, ...]
    keys: tuple[Field, ...]
    sources: tuple[Message, ...]
    inputs: tuple[Input, ...]
    code: Code
    facts: Mapping[str, str]


def views_of(registry: Message) -> Iterator[View]:
    """Every view of every project."""
    for view in registry.feature_views:
        yield _plain(view.spec, "feature view")
    for view in registry.stream_feature_views:
        yield _plain(view.spec, "stream feature view")
    for view in registry.on_demand_feature_views:
        yield _on_demand(view.spec)
    for view in registry.label_views:
        sources = (view.spec.source,) if view.spec.HasField("source") else ()
        batch = tuple(one.batch_source for one in sources if one.HasField("batch_source"))
        yield _view(view.spec, "label view", (*sources, *batch), (), Code())


def duration(message: Message) -> str:
    """``3 d``, ``36 h``, ``90 s``: in the largest unit that says it exactly."""
    seconds = message.seconds
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds and seconds % unit == 0:
            return f"{seconds // unit} {name}"
    return f"{seconds} s"


def _plain(spec: Message, role: str) -> View:
    sources = [getattr(spec, name) for name in ("batch_source", "stream_source") if spec.HasField(name)]
    inputs = [
        Input(one.name, tuple(feature.name for feature in one.features))
        for one in getattr(spec, "source_views", ())
    ]
    return _view(spec, role, sources, inputs, _code(spec))


def _on_demand(spec: Message) -> View:
    sources: list[Message] = []
    inputs: list[Input] = []
    for _, source in sorted(spec.sources.items()):
        if source.HasField("request_data_source"):
            sources.append(source.request_data_source)
        elif source.HasField("feature_view_projection"):
            inputs.append(projection(source.feature_view_projection))
        elif source.HasField("feature_view"):
            view = source.feature_view.spec
            inputs.append(Input(view.name, tuple(feature.name for feature in view.features)))
    return _view(spec, "on-demand feature view", sources, inputs, _code(spec))


def projection(message: Message) -> Input:
    """The features of a view that a service or another view uses."""
    return Input(message.feature_view_name, tuple(one.name for one in message.feature_columns))


def _view(spec: Message, role: str, sources: Iterable[Message], inputs: Iterable[Input], code: Code) -> View:
    entities = tuple(one for one in spec.entities if one != _NO_ENTITY)
    facts = {
        "entities": ", ".join(entities),
        "ttl": duration(spec.ttl) if hasattr(spec, "ttl") and spec.HasField("ttl") else "",
        "online": "yes" if getattr(spec, "online", False) else "",
        "mode": getattr(spec, "mode", ""),
        "aggregations": "; ".join(code.aggregations),
        "disabled": "yes" if getattr(spec, "disabled", False) else "",
    }
    return View(
        role,
        spec.project,
        spec.name,
        spec.description,
        spec.owner,
        dict(spec.tags),
        entities,
        _fields(spec.features),
        _fields(one for one in spec.entity_columns if not one.name.startswith(_NO_ENTITY)),
        tuple(sources),
        tuple(inputs),
        code,
        {name: value for name, value in facts.items() if value and value != "0 s"},
    )


def _fields(features: Iterable[Message]) -> tuple[Field, ...]:
    return tuple(
        Field(one.name, value_type(one.value_type), one.description, dict(one.tags)) for one in features
    )


def _code(spec: Message) -> Code:
    """The newer place of a function before the older; its text before what dill made of it, which holds
    paths and the version of Python.
    """
    aggregations = tuple(_aggregation(one) for one in getattr(spec, "aggregations", ()))
    found = spec.feature_transformation
    for function in (found.user_defined_function, getattr(spec, "user_defined_function", None)):
        if function is not None and (function.body_text or function.body):
            text = function.body_text or function.body
            return Code(function.name, spec.mode, text, aggregations)
    plan = found.substrait_transformation.substrait_plan
    return Code("", "substrait" if plan else spec.mode, plan, aggregations)


def _aggregation(one: Message) -> str:
    window = f" over {duration(one.time_window)}" if one.HasField("time_window") else ""
    return f"{one.function}({one.column}){window}"


def tags_of(tags: Mapping[str, str]) -> Sequence[str]:
    """``name=value``, or the name where it has no value, in order."""
    return sorted(f"{name}={value}" if value else name for name, value in tags.items())
