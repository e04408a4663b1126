"""Certificates for the processes of one bookstore: an authority that signs them and is forgotten, and one for each."""

import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bookstore_lib.lab.supervisor.plan import HOST

# Longer than a course's day of labs; a bookstore that is started again gets new ones.
LIFE = timedelta(days=7)
# Clocks of containers on one machine may differ a little.
_EARLIER = timedelta(minutes=1)


def make_certificates(folder: Path, names: Iterable[str], life: timedelta = LIFE) -> dict[str, dict[str, str]]:
    """Make an authority, and a certificate that it signs for each process, for use on this machine only.

    Args:
        folder: Where to write them: a new folder that only its owner may enter. The authority's key is never written.
        names: Of the processes.
        life: How long from now they are valid.

    Returns:
        For each process the settings that name its files.
    """
    folder.mkdir(mode=0o700)
    authority, authority_key = _authority(life)
    ca = _write(folder / "ca.pem", _pem(authority))
    files = {}
    for name in names:
        key = generate_private_key(SECP256R1())
        cert = _write(folder / f"{name}.pem", _pem(_signed(name, key, authority, authority_key)))
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        files[name] = {"tls_ca": ca, "tls_cert": cert, "tls_key": _write(folder / f"{name}.key", private)}
    return files


def _authority(life: timedelta) -> tuple[x509.Certificate, EllipticCurvePrivateKey]:
    key = generate_private_key(SECP256R1())
    name = _name("Bookstore Lab")
    builder = _builder(name, name, key, datetime.now(UTC) + life)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return builder.sign(key, hashes.SHA256()), key


def _signed(
    name: str, key: EllipticCurvePrivateKey, authority: x509.Certificate, authority_key: EllipticCurvePrivateKey
) -> x509.Certificate:
    builder = _builder(_name(name), authority.subject, key, authority.not_valid_after_utc)
    own = x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST)), x509.DNSName("localhost")])
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    builder = builder.add_extension(own, critical=False).add_extension(purposes, critical=False)
    return builder.sign(authority_key, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(min(datetime.now(UTC), until) - _EARLIER)
        .not_valid_after(until)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write(path: Path, data: bytes) -> str:
    """Write a file that only its owner can read, from its first byte on; returns its name."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
    return str(path)
