"""The key that signs checkpoints: one an installation, made when it is first needed."""

from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, select

from storage.engine import Database
from storage.migrate import take_start_lock
from storage.schema import audit_keys
from storage.statements import Insert

_insert = Insert(audit_keys, on_conflict="ignore")


def signing_key(database: Database, *, given: bytes | None, at: datetime) -> Ed25519PrivateKey:
    """Return the key to sign with: the one given, else the one kept, else a new one, kept now.

    Of a key that is given, only the public part is kept, to know its signatures again.
    """
    key = Ed25519PrivateKey.from_private_bytes(given) if given else None
    with database.reading() as connection:
        if key is None:
            key = _kept(connection)
        if key and public_key(key) in public_keys(connection):
            return key
    with database.writing() as connection:
        # Of several processes that start at once, one makes the key.
        take_start_lock(connection)
        key = key or _kept(connection) or Ed25519PrivateKey.generate()
        secret = None if given else key.private_bytes_raw()
        _insert.run(connection, [(public_key(key), secret, at)])
    return key


def public_key(key: Ed25519PrivateKey) -> bytes:
    """Return the public part of a key, 32 bytes."""
    return key.public_key().public_bytes_raw()


def public_keys(connection: Connection) -> list[bytes]:
    """Return the public keys of all that have ever signed here, the newest first."""
    query = select(audit_keys.c.public).order_by(audit_keys.c.created_at.desc())
    return list(connection.execute(query).scalars())


def changed_keys(connection: Connection) -> list[bytes]:
    """Return the public parts of the kept keys whose secret part is not theirs."""
    query = select(audit_keys.c.public, audit_keys.c.secret).where(audit_keys.c.secret.is_not(None))
    return [public for public, secret in connection.execute(query) if not _fits(public, secret)]


def _fits(public: bytes, secret: bytes) -> bool:
    try:
        return public_key(Ed25519PrivateKey.from_private_bytes(secret)) == public
    except ValueError:  # not of a key's length
        return False


def _kept(connection: Connection) -> Ed25519PrivateKey | None:
    query = (
        select(audit_keys.c.secret)
        .where(audit_keys.c.secret.is_not(None))
        .order_by(audit_keys.c.created_at.desc())
        .limit(1)
    )
    secret = connection.execute(query).scalar()
    return Ed25519PrivateKey.from_private_bytes(secret) if secret else None
