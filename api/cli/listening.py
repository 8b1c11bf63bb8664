"""Where the service listens: whether it can, and how it is called."""

import socket

from api.settings import Settings, SettingsError


def free_port(settings: Settings) -> int:
    """Return the port to listen on; where the settings leave it open, one that is free.

    Raises:
        SettingsError: nobody can listen there now.
    """
    host, port = settings.host, settings.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family) as listening:
            found: int = listening.getsockname()[1]
    except OSError as error:
        reason = error.strerror or error
        raise SettingsError(f"cannot listen on {host}, port {port}: {reason}") from error
    return found


def address(settings: Settings) -> str:
    """Return the URL of the service as this machine knows it."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"
