# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from importlib.machinery import PathFinder

from ansible import module_utils


class ModuleDocFragment:
    """The connection options; keep them equal to CONNECTION_ARGUMENT_SPEC."""

    DOCUMENTATION = r"""
options:
  public_key:
    description:
      - The public key of the account, from U(https://console.compshare.cn/uaccount/api_manage).
      - Both keys come from one place, the first of these that is set - O(public_key) and O(private_key), O(profile),
        the environment variables E(COMPSHARE_PUBLIC_KEY) and E(COMPSHARE_PRIVATE_KEY), E(COMPSHARE_PROFILE), and the
        current profile in the file of the vendor's command-line client. Half a pair is an error.
    type: str
  private_key:
    description:
      - The private key that belongs to O(public_key). It signs requests, is never sent, and never shown.
      - It comes from where O(public_key) comes from, which may be the environment variable E(COMPSHARE_PRIVATE_KEY).
    type: str
  profile:
    description:
      - The profile to take the keys from, if O(public_key) and O(private_key) are omitted. It goes before keys in the
        environment. A profile that does not exist is an error.
      - Profiles are stored in the file that the vendor's client writes with C(compshare config), which is
        E(COMPSHARE_CONFIG_FILE), or C(compshare/config.json) in E(XDG_CONFIG_HOME), or
        C(~/.config/compshare/config.json).
      - If omitted, and if no keys are in the environment, the environment variable E(COMPSHARE_PROFILE) is used, then
        the file's current profile.
    type: str
  project_id:
    description:
      - The project to work in. Required for sub-accounts; other accounts have a default project.
      - If omitted, the environment variable E(COMPSHARE_PROJECT_ID) is used.
    type: str
  region:
    description:
      - The region to work in, for example V(cn-wlcb). A region that does not exist is an error.
      - If omitted, the environment variable E(COMPSHARE_REGION) is used.
    type: str
  zone:
    description:
      - The zone to work in, for example V(cn-wlcb-01). A zone that does not exist is an error.
      - If omitted, the environment variable E(COMPSHARE_ZONE) is used.
    type: str
  api_url:
    description:
      - The address of the API. Plain C(http://) is accepted for this machine only, as for a simulator.
      - If omitted, the environment variable E(COMPSHARE_API_URL) is used.
    type: str
    default: https://api.compshare.cn
  validate_certs:
    description:
      - Whether the certificate of O(api_url) must be valid. V(false) gives a warning.
      - If omitted, the environment variable E(COMPSHARE_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - A file or folder with the certificates of the authorities to trust instead of the usual ones.
      - If omitted, the environment variable E(COMPSHARE_CA_PATH) is used.
    type: path
  api_timeout:
    description:
      - How long one request may take, in seconds. A request and its retries end within three times as long.
      - If omitted, the environment variable E(COMPSHARE_API_TIMEOUT) is used.
    type: float
    default: 60.0
  api_retries:
    description:
      - How often a failed request is retried, with increasing pauses.
      - Requests that only read are retried after network errors, throttling and errors of the server. Requests that
        change something are retried only if the failed one cannot have taken effect.
      - If omitted, the environment variable E(COMPSHARE_API_RETRIES) is used.
    type: int
    default: 4
  api_throttle_timeout:
    description:
      - How long a request that the API throttles is retried, in seconds, in addition to O(api_retries).
      - If omitted, the environment variable E(COMPSHARE_API_THROTTLE_TIMEOUT) is used.
    type: float
    default: 60.0
    version_added: 1.1.0
  api_rate:
    description:
      - How many requests a second all tasks of this user on this machine may send to the API with this key.
      - If omitted, the environment variable E(COMPSHARE_API_RATE) is used. If that is not set either, the rate is
        learned from the responses of the API.
    type: float
    version_added: 1.1.0
requirements:
  - Python 3.9 or later (earlier versions, which some releases of ansible-core support on targets, are not supported)
  - requests
notes:
  - Requests are sent from the host on which the task runs, usually the controller with C(hosts=localhost) or
    C(delegate_to=localhost).
  - An empty environment variable counts as unset.
  - Text from the API is returned unchanged, except that U+FFFD replaces direction characters and control characters
    beyond ASCII, which Ansible would send to a terminal unescaped.
  - Times are in UTC, in the format of ISO 8601. Sizes are in MB, prices in CNY per hour.
seealso:
  - name: CompShare API keys
    description: Where to create keys.
    link: https://console.compshare.cn/uaccount/api_manage
"""

    # For plugins, in whose documentation ansible-core looks for environment variables.
    ENV = r"""
options:
  public_key:
    env:
      - name: COMPSHARE_PUBLIC_KEY
  private_key:
    env:
      - name: COMPSHARE_PRIVATE_KEY
  profile:
    env:
      - name: COMPSHARE_PROFILE
  project_id:
    env:
      - name: COMPSHARE_PROJECT_ID
  region:
    env:
      - name: COMPSHARE_REGION
  zone:
    env:
      - name: COMPSHARE_ZONE
  api_url:
    env:
      - name: COMPSHARE_API_URL
  validate_certs:
    env:
      - name: COMPSHARE_VALIDATE_CERTS
  ca_path:
    env:
      - name: COMPSHARE_CA_PATH
  api_timeout:
    env:
      - name: COMPSHARE_API_TIMEOUT
  api_retries:
    env:
      - name: COMPSHARE_API_RETRIES
  api_throttle_timeout:
    env:
      - name: COMPSHARE_API_THROTTLE_TIMEOUT
  api_rate:
    env:
      - name: COMPSHARE_API_RATE
"""
    # From ansible-core 2.22 on, an option of a plugin can be secret, so that all output masks it. Earlier releases refuse
    # the key when they check documentation.
    # Found without ansible-core's own finder, which reads all of its routing, 40 ms, if there is no such file.
    if PathFinder.find_spec("ansible.module_utils.secrets", module_utils.__path__):
        ENV = ENV.replace("private_key:\n", "private_key:\n    secret: true\n")
