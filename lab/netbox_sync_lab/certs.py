"""Throw-away certificates for the lab servers: a CA, a server's and a client's, valid for this machine only."""

import datetime as dt
import ipaddress
import tempfile
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


class LabCertificates(NamedTuple):
    """Paths of PEM files: the CA to trust, and the server's and a client's certificate and private key."""

    ca_path: Path
    certfile: Path
    keyfile: Path
    client_certfile: Path
    client_keyfile: Path


def make_certificates(directory: Path | None = None, *, common_name: str = "Lab CA") -> LabCertificates:
    """Write `ca.pem`, `server.pem` and `server.key` for 127.0.0.1, ::1 and localhost, `client.pem` and `client.key`.

    directory: where the files go; a new temporary directory without it. Every call makes a new CA.
    """
    folder = Path(directory) if directory else Path(tempfile.mkdtemp(prefix="netbox-sync-lab-"))
    folder.mkdir(parents=True, exist_ok=True)
    not_before = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    not_after = not_before + dt.timedelta(days=30)

    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    ca_cert = (
        x509.CertificateBuilder()
        .subject_name(ca_name)
        .issuer_name(ca_name)
        .public_key(ca_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(ca=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )

    def sign(name: str, usage: x509.ObjectIdentifier, names: list[x509.GeneralName]) -> _Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(ca_name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(not_before)
            .not_valid_after(not_after)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(ca=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
            )
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(ca_key, hashes.SHA256()), key

    here = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.IPAddress(ipaddress.ip_address("::1")),
    ]
    files = LabCertificates(
        folder / "ca.pem",
        folder / "server.pem",
        folder / "server.key",
        folder / "client.pem",
        folder / "client.key",
    )
    files.ca_path.write_bytes(ca_cert.public_bytes(serialization.Encoding.PEM))
    _write(sign("localhost", ExtendedKeyUsageOID.SERVER_AUTH, here), files.certfile, files.keyfile)
    _write(sign("client", ExtendedKeyUsageOID.CLIENT_AUTH, []), files.client_certfile, files.client_keyfile)
    return files


_Pair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def _write(pair: _Pair, certfile: Path, keyfile: Path) -> None:
    certificate, key = pair
    certfile.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    keyfile.touch(mode=0o600)
    keyfile.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    # Python's VERIFY_X509_STRICT (the default since 3.13) refuses a CA without keyCertSign.
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
