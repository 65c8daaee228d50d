"""Which server a command speaks to: the environment's, or a profile's."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
import typer

from cordboard.edge.cli.profiles import Profile, ProfileFileError, profiles_path, read_profiles
from cordboard.edge.client.request import InvalidServerError, Server

DEFAULT_PROFILE = "local"

URL = "CORDBOARD_URL"
API_KEY = "CORDBOARD_API_KEY"
API_SECRET = "CORDBOARD_API_SECRET"  # noqa: S105 - the name of a variable, not a secret
SECRET_FILE = f"{API_SECRET}_FILE"


class ChosenServer(msgspec.Struct, frozen=True):
    """A server, and in words where its address and key pair come from."""

    server: Server
    source: str


class NoServerError(Exception):
    """No server is known to speak to; the text says what to do."""


def choose_server(profile: str | None) -> ChosenServer:
    """Return the server of the environment, else of the profile (``local`` when None).

    Raises:
        typer.BadParameter: The environment is set by half, or next to a profile that was asked for
            by name, or there is no profile of that name.
        NoServerError: Nothing is set up yet, or what is set up cannot be read or used.
    """
    pair = server_of_environment(os.environ)
    if pair is None:
        return _server_of_profile(profile)
    if profile is not None:
        message = (
            f"{URL}, {API_KEY} and {API_SECRET} are set too; unset them, or leave --profile out"
        )
        raise typer.BadParameter(message, param_hint="--profile")
    return _chosen(pair, f"the environment ({URL}, {API_KEY}, {API_SECRET})")


def server_of_environment(environment: Mapping[str, str]) -> Profile | None:
    """Return what the environment names, or None when it names nothing.

    Raises:
        typer.BadParameter: Some of the variables are missing.
        NoServerError: The secret's file cannot be read.
    """
    url = environment.get(URL, "")
    api_key = environment.get(API_KEY, "")
    secret = environment.get(API_SECRET, "")
    secret_file = environment.get(SECRET_FILE, "")
    if secret and secret_file:
        message = f"{API_SECRET} and {SECRET_FILE} are both set; unset one"
        raise typer.BadParameter(message)
    given = {URL: url, API_KEY: api_key, API_SECRET: secret or secret_file}
    missing = [name for name, value in given.items() if not value]
    if len(missing) == len(given):
        return None
    if missing:
        present = [name for name in given if name not in missing]
        message = (
            f"{' and '.join(present)} set in the environment, but not {' and '.join(missing)}; "
            "set all three, or none to use a profile"
        )
        raise typer.BadParameter(message)
    return Profile(url, api_key, secret or _content(secret_file))


def _content(path: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        message = f"{SECRET_FILE} names {path}, which cannot be read: {reason}"
        raise NoServerError(message) from error


def _server_of_profile(name: str | None) -> ChosenServer:
    try:
        path, profiles = profiles_path(), read_profiles()
    except ProfileFileError as error:
        raise NoServerError(str(error)) from error
    profile = profiles.get(name or DEFAULT_PROFILE)
    if profile is not None:
        return _chosen(profile, f"profile '{name or DEFAULT_PROFILE}' in {path}")
    if name is not None:
        known = ", ".join(sorted(profiles)) or "none"
        message = f"there is no profile '{name}' in {path} (there: {known})"
        raise typer.BadParameter(message, param_hint="--profile")
    message = (
        f"there is no profile '{DEFAULT_PROFILE}' in {path}. The first start of a server makes it "
        f"(make serve, or cordboard serve); or set {URL}, {API_KEY} and {API_SECRET}"
    )
    raise NoServerError(message)


def _chosen(profile: Profile, source: str) -> ChosenServer:
    try:
        return ChosenServer(Server(profile.url, profile.api_key, profile.api_secret), source)
    except InvalidServerError as error:
        message = f"{source}: {error}"
        raise NoServerError(message) from error
