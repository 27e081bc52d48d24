"""What every section of a configuration is: unknown fields are refused, nothing changes later."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of a configuration, with a field for each of its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)
