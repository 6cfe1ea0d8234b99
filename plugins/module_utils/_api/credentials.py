# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Where the keys come from: options, the environment, or the profile file of the vendor's command-line client."""

from __future__ import annotations

import json
import os
import stat
import typing as t
from collections.abc import Mapping

from .errors import OptionError, printable
from .options import DEFAULT_API_URL, check_api_url

KEYS_PAGE = "https://console.compshare.cn/uaccount/api_manage"
_DEFAULT_PROFILE = "default"
_VARIABLES = ("COMPSHARE_PUBLIC_KEY", "COMPSHARE_PRIVATE_KEY")
#: What programs that run a command as another user set.
_BECOME_VARIABLES = ("SUDO_USER", "DOAS_USER")


# A plain class, like Range in options.py: others take a millisecond to create, in each process with a lookup.
class Credentials:
    """A pair of keys and where all of it was found, in words that follow "from". The private key is never shown.

    C(warning) is one for the user.
    """

    def __init__(
        self, public_key: str, private_key: str, origin: str = "the options", warning: str | None = None
    ) -> None:
        self.public_key = public_key
        self.private_key = private_key
        self.origin = origin
        self.warning = warning

    @property
    def public_key_hint(self) -> str:
        """Return the end of the public key: enough to know it by, too little to use."""
        return "…" + printable(self.public_key[-4:]) if len(self.public_key) >= 8 else "…"


def account_of(options: Mapping[str, t.Any]) -> tuple[str, Credentials]:
    """Return the address of the API and the keys to use there, by the connection options; raises OptionError."""
    credentials = find_credentials(
        public_key=options.get("public_key"), private_key=options.get("private_key"), profile=options.get("profile")
    )
    return check_api_url(options.get("api_url") or DEFAULT_API_URL)[0].rstrip("/"), credentials


def connection_warnings(endpoint: str, credentials: Credentials, options: Mapping[str, t.Any]) -> list[str]:
    """Return warnings about the connection that C(options) describe."""
    found = [credentials.warning] if credentials.warning else []
    if options.get("validate_certs") is False:
        found.append(f"validate_certs is false: the identity of {endpoint} is not checked.")
    return found


def find_credentials(
    *,
    public_key: str | None,
    private_key: str | None,
    profile: str | None,
    environment: Mapping[str, str] | None = None,
) -> Credentials:
    """Return the keys to use; raises OptionError if there are none.

    C(public_key), C(private_key) and C(profile) are what the user gave as options, without what the environment has for
    them: this function reads the environment itself, because the keys and the profile of a task go before the keys of
    the environment. A pair comes whole from one place; keys of two accounts do not work together.
    """
    if environment is None:
        environment = os.environ
    from_options = _pair({"public_key": public_key, "private_key": private_key}, "the options")
    if from_options is not None:
        return from_options
    profile = _stripped(profile)
    if profile is not None:
        return _from_profile(profile, "the option profile", environment)
    from_environment = _pair({name: environment.get(name) for name in _VARIABLES}, "the environment")
    if from_environment is not None:
        return from_environment
    profile = _stripped(environment.get("COMPSHARE_PROFILE"))
    return _from_profile(profile, "COMPSHARE_PROFILE", environment)


def _pair(given: Mapping[str, str | None], origin: str) -> Credentials | None:
    """Return the public and the private key in C(given), None if neither is set; raises OptionError for half a pair."""
    keys = {name: _stripped(key) for name, key in given.items()}
    public_key, private_key = keys.values()
    if public_key and private_key:
        return Credentials(public_key, private_key, origin)
    missing = [name for name, key in keys.items() if key is None]
    if len(missing) == len(keys):
        return None
    present = next(name for name in keys if name not in missing)
    raise OptionError(
        f"{present} is set but {missing[0]} is not, in {origin}.",
        hint=f"A pair of keys must come from one place: set {missing[0]}, too, or unset {present}. Both keys are "
        f"listed at {KEYS_PAGE}.",
    )


def _stripped(value: str | None) -> str | None:
    # A key pasted with its line break signs wrongly, which the API reports as a wrong key.
    return value.strip() or None if value else None


def profile_path(environment: Mapping[str, str]) -> str:
    """Return the path of the profile file, by the same rules as the vendor's command-line client."""
    override = environment.get("COMPSHARE_CONFIG_FILE")
    if override:
        return os.path.expanduser(override)
    root = environment.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(root, "compshare", "config.json")


def _from_profile(profile: str | None, named_by: str, environment: Mapping[str, str]) -> Credentials:
    """Return the keys of a profile, the current one if C(profile) is None; C(named_by) says where its name is from."""
    path = profile_path(environment)
    document, warning = _read_profiles(path)
    if document is None:
        title = f"The profile {printable(profile)!r} of {named_by}" if profile else ""
        summary = f"{title} cannot be read: there is no file {path}." if profile else None
        raise OptionError(
            summary or "No CompShare keys are set.",
            hint=f"{_become_hint(environment)}Set the options public_key and private_key, or the environment variables "
            "COMPSHARE_PUBLIC_KEY and COMPSHARE_PRIVATE_KEY, or run the vendor's 'compshare config', whose profile "
            f"file {path} is read too. Create keys at {KEYS_PAGE}.",
        )
    profiles = document.get("profiles")
    name = profile or document.get("current_profile") or _DEFAULT_PROFILE
    chosen = profiles.get(name) if isinstance(profiles, dict) and isinstance(name, str) else None
    if not isinstance(chosen, dict):
        names = ", ".join(sorted(printable(str(key)) for key in profiles)) if isinstance(profiles, dict) else ""
        raise OptionError(
            f"The profile file {path} has no profile {printable(str(name))!r}"
            + (f", which {named_by} names." if profile else ", which it names as the current one."),
            hint=f"It has: {names}." if names else "Create one with the vendor's 'compshare config'.",
        )
    keys = [chosen.get("public_key"), chosen.get("private_key")]
    if not all(isinstance(key, str) and key.strip() for key in keys):
        missing = [
            name for name, key in zip(("public_key", "private_key"), keys) if not (isinstance(key, str) and key.strip())
        ]
        raise OptionError(
            f"The profile {printable(name)!r} of {path} has no {' and no '.join(missing)}.",
            hint="Create it again with the vendor's 'compshare config', or give both keys as options.",
        )
    public_key, private_key = (t.cast(str, key).strip() for key in keys)
    origin = f"the profile {printable(name)!r} of {path}"
    return Credentials(public_key, private_key, origin=origin, warning=warning)


def _become_hint(environment: Mapping[str, str]) -> str:
    """Return why keys that a user has may not be there: another user runs the task."""
    if not any(environment.get(name) for name in _BECOME_VARIABLES):
        return ""
    return (
        "The task runs as another user (become), without your environment and profile file; "
        "set become: false on it. Otherwise: "
    )


def _read_profiles(path: str) -> tuple[dict[str, t.Any] | None, str | None]:
    """Return the profile file's content and a warning when others may read it; (None, None) when there is no file."""
    try:
        with open(path, encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            document = json.load(file)
    except FileNotFoundError:
        return None, None
    except OSError as error:
        raise OptionError(f"The profile file {path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError):
        # The parser's own words could quote the file, which holds keys.
        document = None
    if not isinstance(document, dict):
        raise OptionError(
            f"The profile file {path} is not what the vendor's client writes: a JSON object with profiles.",
            hint="Create it again with 'compshare config', or give the keys as options.",
        ) from None
    open_to_others = mode & (stat.S_IRGRP | stat.S_IROTH | stat.S_IWGRP | stat.S_IWOTH)
    warning = (
        f"Other users of this machine can read the keys in {path}. Run: chmod 600 {path}" if open_to_others else None
    )
    return document, warning
