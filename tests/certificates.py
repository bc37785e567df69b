"""An authority that only the tests know, and certificates for servers of this machine, good and bad."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HERE, DAY = "127.0.0.1", timedelta(days=1)
PEM = serialization.Encoding.PEM


class Authority:
    """What it signs lies beside its own certificate, `path`, each in one file with its key."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name, self.path = _named("Authority of the test"), folder / "authority.pem"
        whose = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        made = _begun(self._name, self._key, timedelta(0)).issuer_name(self._name)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        made = made.add_extension(_MAY_SIGN, critical=True).add_extension(whose, critical=False)
        self.path.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(PEM))

    def vouch(self, address: str = HERE, *, age: timedelta = timedelta(0)) -> Path:
        """A certificate for an IP address, good for a day; with `age` as it was made so long ago."""
        key = ec.generate_private_key(ec.SECP256R1())
        return self._write(address, age, key, (self._name, self._key))

    def self_signed(self) -> Path:
        key = ec.generate_private_key(ec.SECP256R1())
        return self._write(HERE, timedelta(0), key, (_named(HERE), key))

    def _write(
        self,
        address: str,
        age: timedelta,
        key: ec.EllipticCurvePrivateKey,
        by: tuple[x509.Name, ec.EllipticCurvePrivateKey],
    ) -> Path:
        issuer, its_key = by
        whose = x509.AuthorityKeyIdentifier.from_issuer_public_key(its_key.public_key())
        made = _begun(_named(address), key, age).issuer_name(issuer).add_extension(whose, critical=False)
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        signed = made.add_extension(names, critical=False).sign(its_key, hashes.SHA256())
        private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path = self._folder / f"{signed.serial_number}.pem"
        path.write_bytes(private + signed.public_bytes(PEM))
        return path


_OTHER_USES = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
_OTHER_USES += ("crl_sign", "encipher_only", "decipher_only")
_MAY_SIGN = x509.KeyUsage(key_cert_sign=True, **dict.fromkeys(_OTHER_USES, False))


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _begun(name: x509.Name, key: ec.EllipticCurvePrivateKey, age: timedelta) -> x509.CertificateBuilder:
    begins = datetime.now(UTC) - DAY / 2 - age
    made = x509.CertificateBuilder().subject_name(name).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number())
    return made.not_valid_before(begins).not_valid_after(begins + DAY)
