"""The reference's two tables, with an index for every published sort and filter."""

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """The reference's schema."""


class KeyPair(Base):
    """One API key pair; the secret is kept as an HMAC-SHA256 under the pepper."""

    __tablename__ = "key_pair"

    api_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    organization_id: Mapped[str] = mapped_column(String(64))
    secret_digest: Mapped[bytes]
    scopes: Mapped[str] = mapped_column(String(256))
    revoked_at_ms: Mapped[int | None] = mapped_column(BigInteger)
    expires_at_ms: Mapped[int | None] = mapped_column(BigInteger)


class Number(Base):
    """One registered phone number."""

    __tablename__ = "number"

    phone_number: Mapped[str] = mapped_column(String(16), primary_key=True)
    organization_id: Mapped[str] = mapped_column(String(64))
    area_code: Mapped[int]
    nickname: Mapped[str] = mapped_column(String(100))
    phone_number_type: Mapped[str] = mapped_column(String(64))
    inbound_agent_id: Mapped[str | None] = mapped_column(String(128))
    outbound_agent_id: Mapped[str | None] = mapped_column(String(128))
    inbound_agent_version: Mapped[int]
    outbound_agent_version: Mapped[int]
    inbound_webhook_url: Mapped[str | None] = mapped_column(String(2048))
    number_provider: Mapped[str] = mapped_column(String(64))
    outbound_trunk_id: Mapped[str | None] = mapped_column(String(128))
    created_at_ms: Mapped[int] = mapped_column(BigInteger)
    updated_at_ms: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        Index("number_by_updated_at", "organization_id", "updated_at_ms", "phone_number"),
        Index("number_by_created_at", "organization_id", "created_at_ms", "phone_number"),
        Index("number_by_nickname", "organization_id", "nickname", "phone_number"),
        Index("number_by_area_code", "organization_id", "area_code", "phone_number"),
        Index("number_by_inbound_agent", "organization_id", "inbound_agent_id"),
        Index("number_by_outbound_agent", "organization_id", "outbound_agent_id"),
    )
