"""Settings from the environment, each with its default and where it came from."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything that can be set, as ``CORDBOARD_…`` variables."""

    model_config = SettingsConfigDict(env_prefix="CORDBOARD_", extra="ignore")

    database_url: str = Field(default="sqlite:///data/cordboard.db")
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    mode: Literal["development", "production"] = "development"
    secret_key: str | None = None
    require_registered_agents: bool = False

    @property
    def is_production(self) -> bool:
        """Whether weak or missing secrets are a refusal to start."""
        return self.mode == "production"


def key_file(database_path: Path | None) -> Path:
    """Return where a development installation keeps its secret key."""
    folder = Path("data") if database_path is None else database_path.parent
    return folder / "secret.key"
