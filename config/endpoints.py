"""Where each partner listens and how long a call may take; one field per partner, built from the registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, create_model, model_validator

from config.accounts import PartnerSpec
from config.complaints import GROUP, contradiction
from config.durations import Within, format_duration
from config.groups import Group
from config.values import is_loopback


def check_base_url(value: str) -> str:
    """An absolute https URL without user, query and fragment, its trailing slash removed.

    Plain http is taken for loopback hosts only (the sandbox, tests, a local TLS proxy): Uniqodo's API key is part of
    the URL, and would go over the wire for everyone to read.
    """
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is no URL") from None  # the original repeats the value
    if parts.scheme not in ("http", "https") or not host or any(c.isspace() or not c.isprintable() for c in value):
        raise ValueError("must be an absolute URL, https://…")
    if "?" in value or "#" in value or "@" in parts.netloc:
        raise ValueError("must be a URL without user, query and fragment")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("must be https: plain http is for loopback hosts only, since URLs may hold the API key")
    return value.rstrip("/")


BaseUrl = Annotated[str, AfterValidator(check_base_url)]


class Endpoint(Group):
    """A partner's base URL and time limits in seconds.

    `read_timeout` bounds the whole call, connecting included. Set lower alone, it takes the default `connect_timeout`
    with it; one that is set longer than it is a contradiction.
    """

    base_url: BaseUrl
    read_timeout: Annotated[float, Within("10ms", "2m", "each call, and each stop of a worker, may take so long")] = (
        15.0
    )
    connect_timeout: Annotated[float, Within("10ms", "2m", "it is a part of the call")] = Field(
        default_factory=lambda known: min(3.0, known["read_timeout"])
    )

    @model_validator(mode="after")
    def _connects_within_the_call(self) -> Self:
        if self.connect_timeout > self.read_timeout:
            connect, read = format_duration(self.connect_timeout), format_duration(self.read_timeout)
            text = f"{connect} is longer than {GROUP}__READ_TIMEOUT, which is {read} and bounds the whole call"
            raise contradiction({"connect_timeout": text})
        return self


class Endpoints(Group):
    """The partners' endpoints; the fields come with `endpoints_model`."""


def endpoints_model(partners: Mapping[str, PartnerSpec]) -> type[Endpoints]:
    """`Endpoints` with one field a partner, whose default base URL is the partner's own."""
    models = {name: _endpoint_model(name, spec) for name, spec in partners.items()}
    fields: dict[str, Any] = {name: (model, model.model_validate({})) for name, model in models.items()}
    return create_model("Endpoints", __base__=Endpoints, **fields)


def _endpoint_model(name: str, spec: PartnerSpec) -> type[Endpoint]:
    return create_model(f"{name.capitalize()}Endpoint", __base__=Endpoint, base_url=(BaseUrl, spec.base_url))
