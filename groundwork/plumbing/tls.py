"""TLS: off, an own small authority where there is none, or certificate files from elsewhere.

Phones give camera, web push and service workers to secure origins only, so a laptop needs a certificate its phones trust. `self` makes an
authority once, keeps it in a folder readable by its owner alone, and renews the server's certificate when it nears its end.
"""

import ipaddress
import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from groundwork.plumbing.clock import Clock, as_datetime
from groundwork.plumbing.reasons import Words

_AUTHORITY_DAYS: Final = 3_650
_SERVER_DAYS: Final = 397
"""Phones refuse longer ones."""
_RENEW_DAYS: Final = 30
_BACKDATED: Final = timedelta(hours=24)
"""Phones whose clock is a little behind would call a fresh certificate not yet valid."""

_TRUST: Final = Words(
    "Phones trust this server once they have its authority: send them {path}, then\n"
    "  iPhone: open it, Settings > General > VPN & Device Management > install;\n"
    "    then General > About > Certificate Trust Settings > turn on.\n"
    "  Android: Settings > Security > Encryption & credentials > Install a certificate > CA certificate.\n"
    "Compare the SHA-256 fingerprint: {fingerprint}",
    "تثق الهواتف بهذا الخادم بعد تثبيت شهادة جهة الإصدار: أرسل إليها الملف {path} ثم\n"
    "  آيفون: افتح الملف، ثم الإعدادات > عام > VPN وإدارة الجهاز > تثبيت؛\n"
    "    ثم عام > حول > إعدادات ثقة الشهادات > تفعيل.\n"
    "  أندرويد: الإعدادات > الأمان > التشفير وبيانات الاعتماد > تثبيت شهادة > شهادة CA.\n"
    "قارن بصمة SHA-256: {fingerprint}",
)


@dataclass(frozen=True, slots=True)
class Tls:
    """How to serve, and what to tell the operator about it."""

    context: ssl.SSLContext | None
    trust: Words | None = None
    """How a phone comes to trust an authority of our own."""


def tls(mode: str, folder: Path, names: Sequence[str], clock: Clock) -> Tls:
    """TLS by `mode`: `off`, `self`, or `CERTIFICATE,KEY` as two paths.

    `names` are the host names and addresses the own certificate is for. Raises ValueError on another mode and on files that do not fit.
    """
    if mode == "off":
        return Tls(None)
    if mode == "self":
        certificate, key = own_certificate(folder, names, clock)
        return Tls(_context(certificate, key), trust(folder / "ca.pem"))
    certificate_path, comma, key_path = mode.partition(",")
    if not comma:
        raise ValueError(f"expected tls off, self or CERTIFICATE,KEY, got {mode!r}")
    return Tls(_context(Path(certificate_path), Path(key_path)))


def trust(authority: Path) -> Words:
    """What to do on a phone, with the authority's fingerprint to compare."""
    certificate = x509.load_pem_x509_certificate(authority.read_bytes())
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex(":").upper()
    return Words(*(words.format(path=authority, fingerprint=fingerprint) for words in _TRUST))


def own_certificate(folder: Path, names: Sequence[str], clock: Clock) -> tuple[Path, Path]:
    """Paths of a certificate for `names` by the authority in `folder`, and of its key; both are made or renewed where needed."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    now = as_datetime(clock.now_ms())
    authority, authority_key = _authority(folder, now)
    certificate, key = folder / "server.pem", folder / "server.key"
    if not (certificate.exists() and key.exists() and _still_good(certificate, authority, names, now)):
        _issue(certificate, key, authority, authority_key, names, now)
    return certificate, key


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"the certificate {certificate} and the key {key} cannot be used: {error}") from error
    return context


def _authority(folder: Path, now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    certificate_path, key_path = folder / "ca.pem", folder / "ca.key"
    if certificate_path.exists() and key_path.exists():
        key = serialization.load_pem_private_key(key_path.read_bytes(), None)
        certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
        if isinstance(key, ec.EllipticCurvePrivateKey) and certificate.not_valid_after_utc - now > timedelta(days=_SERVER_DAYS):
            return certificate, key
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Aislecast local authority {now:%Y-%m-%d}")])
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    builder = _builder(name, name, key.public_key(), now, _AUTHORITY_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).add_extension(usage, critical=True)
    certificate = builder.sign(key, hashes.SHA256())
    _keep(certificate_path, key_path, certificate, key)
    return certificate, key


def _issue(
    path: Path, key_path: Path, authority: x509.Certificate, authority_key: ec.EllipticCurvePrivateKey, names: Sequence[str], now: datetime
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    builder = _builder(name, authority.subject, key.public_key(), now, _SERVER_DAYS)
    builder = builder.add_extension(x509.SubjectAlternativeName([_general_name(one) for one in names]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    certificate = builder.add_extension(identifier, critical=False).sign(authority_key, hashes.SHA256())
    _keep(path, key_path, certificate, key)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - _BACKDATED)
    builder = builder.not_valid_after(now + timedelta(days=days))
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def _still_good(path: Path, authority: x509.Certificate, names: Sequence[str], now: datetime) -> bool:
    """Whether the certificate is by this authority, for all these names, and valid for a while yet."""
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    covers = all(_general_name(name) in held for name in names)
    try:
        certificate.verify_directly_issued_by(authority)
    except Exception:  # any fault in the old one means a new one
        return False
    return covers and certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - timedelta(days=_RENEW_DAYS)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _keep(path: Path, key_path: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    _write(key_path, key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    _write(path, certificate.public_bytes(pem))


def _write(path: Path, content: bytes) -> None:
    """Writes the file for its owner alone, whole or not at all."""
    part = path.with_suffix(path.suffix + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    part.replace(path)
