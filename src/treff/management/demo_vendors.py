"""The vendors that treff demo simulates: how their stand-ins are started, and what our settings say of them."""

import base64
import json
import os
import secrets
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from treff.kernel.errors import N_
from treff.management.processes import Company, free_port


@dataclass(frozen=True, slots=True)
class Vendor:
    """`simulator`: its package. `addresses`: the end of a setting's name -> what follows the simulator's address there.

    `more_secrets`: what it and we know beside the client's secret, as its command and our settings call them.
    """

    simulator: str
    provider: str
    port: int
    prefix: str
    label: str
    addresses: Mapping[str, str]
    webhook: bool = False
    client_id: str = "treff-demo"
    more_secrets: tuple[str, ...] = field(default=())


# One more line for one more vendor.
VENDORS = (
    Vendor(
        "zoom",
        "zoom",
        8100,
        "ZOOM",
        N_("Simulated Zoom"),
        {"OAUTH_URL": "", "API_URL": "/v2"},
        webhook=True,
        more_secrets=("webhook_secret",),
    ),
    Vendor(
        "google",
        "google_meet",
        8200,
        "GOOGLE",
        N_("Simulated Google"),
        {"ACCOUNTS_URL": "", "OAUTH_URL": "", "OPENID_URL": "", "API_URL": "/calendar/v3"},
    ),
    Vendor(
        "microsoft",
        "teams",
        8300,
        "MICROSOFT",
        N_("Simulated Microsoft"),
        {"LOGIN_URL": "", "API_URL": "/v1.0"},
    ),
)


BOTS_PORT, MODEL_PORT = 8400, 8500
MODEL = "simulated-notes"


def start(company: Company, data_dir: Path, base_url: str) -> dict[str, str]:
    """Start them all and put their part of the configuration into the environment; simulator -> its address."""
    started = [(vendor, _start(company, vendor, data_dir, base_url)) for vendor in VENDORS]
    found = {}
    for vendor, process in started:
        (url,) = company.ready_line(process)
        known = _keys(data_dir, vendor)
        os.environ |= {f"TREFF_{vendor.prefix}_{name.upper()}": value for name, value in known.items()}
        os.environ |= {f"TREFF_{vendor.prefix}_{name}": url + path for name, path in vendor.addresses.items()}
        found[vendor.simulator] = url
    return found


def portals(addresses: Mapping[str, str]) -> list[dict[str, str]]:
    """For the banner: where a person sees what the vendors have."""
    return [{"url": f"{addresses[vendor.simulator]}/portal", "label": vendor.label} for vendor in VENDORS]


def _start(company: Company, vendor: Vendor, data_dir: Path, base_url: str) -> subprocess.Popen[str]:
    here = f"{base_url}/integrations/{vendor.provider}"
    return company.start(
        vendor.simulator,
        [
            *("-m", f"simulators.{vendor.simulator}", "--port", str(free_port(vendor.port))),
            *("--state", str(data_dir / f"{vendor.simulator}.db"), "--redirect-uri", f"{here}/callback"),
            *(("--webhook-url", f"{here}/webhook") if vendor.webhook else ()),
            # With "=", because a secret may begin with a dash.
            *(f"--{name.replace('_', '-')}={value}" for name, value in _keys(data_dir, vendor).items()),
        ],
        {},
    )


def _keys(data_dir: Path, vendor: Vendor) -> dict[str, str]:
    """What the simulated vendor and we know of each other, made once."""
    path = data_dir / f"{vendor.simulator}-keys.json"
    if not path.exists():
        names = ("client_secret", *vendor.more_secrets)
        path.write_text(
            json.dumps({"client_id": vendor.client_id} | {name: secrets.token_urlsafe(24) for name in names})
        )
        path.chmod(0o600)
    found: dict[str, str] = json.loads(path.read_text())
    return found


def start_bots(company: Company, data_dir: Path, base_url: str, zoom_url: str) -> str:
    """Start them and put their part of the configuration into the environment. Returns the address of the bots'."""
    keys = _bot_keys(data_dir)
    bots = company.start(
        "attendee",
        [
            *("-m", "simulators.attendee", "--port", str(free_port(BOTS_PORT))),
            *("--state", str(data_dir / "attendee.db"), "--meeting-host", urlsplit(zoom_url).netloc),
            *("--webhook-url", f"{base_url}/integrations/attendee/webhook"),
            *(f"--api-key={keys['api_key']}", f"--webhook-secret={keys['webhook_secret']}"),
        ],
        {},
    )
    model = company.start(
        "llm",
        ["-m", "simulators.llm", "--port", str(free_port(MODEL_PORT)), "--model", MODEL, f"--api-key={keys['model']}"],
        {},
    )
    (bots_url,), (model_url,) = company.ready_line(bots), company.ready_line(model)
    os.environ |= {
        "TREFF_ATTENDEE_URL": f"{bots_url}/api/v1",
        "TREFF_ATTENDEE_API_KEY": keys["api_key"],
        "TREFF_ATTENDEE_WEBHOOK_SECRET": keys["webhook_secret"],
        "TREFF_LLM_URL": f"{model_url}/v1",
        "TREFF_LLM_API_KEY": keys["model"],
        "TREFF_LLM_MODEL": MODEL,
    }
    return bots_url


def _bot_keys(data_dir: Path) -> dict[str, str]:
    """What the stand-ins of bots and model and we know of each other, made once."""
    path = data_dir / "notes-keys.json"
    if not path.exists():
        made = {"api_key": secrets.token_hex(24), "model": secrets.token_hex(24)}
        made["webhook_secret"] = base64.b64encode(secrets.token_bytes(32)).decode()
        path.write_text(json.dumps(made))
        path.chmod(0o600)
    found: dict[str, str] = json.loads(path.read_text())
    return found
